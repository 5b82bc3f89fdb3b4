"""Signatures: a person, freshly authenticated, over the digest of exactly one document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput, NotFound
from attending.govern.roles import DOCUMENTS, check_role
from attending.govern.sign import Document, Intent
from attending.govern.sign import sign as give
from attending.lifecycle.desk import keep
from attending.lifecycle.people import authenticated
from attending.records.decisions import SpecDocument
from attending.records.explanation import StabilityReport
from attending.records.governance import Approval, Withdrawal
from attending.specs.base import dump

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.run import Run

#: Kind of record -> kind of document, where the words differ.
_KINDS = {
    "catalogue_feature": "feature",
    "code_list_review": "code_list",
    "feature_review": "feature",
    "incident_review": "incident",
    "input_review": "contract",
    "model_card": "card",
    "stability": "explanation",
    "validation": "validation_report",
}


def sign(  # noqa: PLR0913 - a signature has these parts, each said by the signer
    desk: Desk,
    document: str,
    *,
    person: str,
    passphrase: str,
    role: str,
    statement: str,
    meaning: str = "approval",
    kind: str = "",
) -> Approval:
    """Return a person's approval of a document, kept.

    Args:
        desk: where and when.
        document: the start of the digest of what was shown.
        person: the signer's login.
        passphrase: given again for this signature.
        role: in which the person signs.
        statement: what is said by signing.
        meaning: review, approval or responsibility.
        kind: of the document; told by the record when empty.

    Raises:
        Denied: wrong passphrase, an author, a role that may not, or an inactive person.
        BadInput: a kind of document that the record is not.
    """
    digest = desk.home.catalog.find(document)
    found = _kind_of(desk, digest)
    if kind and kind != found:
        raise BadInput(
            f"got kind '{kind}', and the document is a '{found}'", code="sign.kind", where=digest
        )
    signer = authenticated(desk, person, passphrase)
    prior = desk.home.catalog.all(Approval, document=digest)
    approval = give(
        Document(
            kind=found,
            digest=digest,
            authors=_authors(desk, digest),
            home=desk.home.settings.home_id,
        ),
        signer,
        intent=Intent(role=check_role(role), meaning=meaning, statement=statement, shown=digest),
        at=desk.at,
        authenticated_at=desk.at,
        prior=prior,
    )
    keep(
        desk,
        approval,
        action="approval.sign",
        keys={"document": digest, "signer": signer.person_id, "document_kind": found},
        details={"document": digest, "role": role, "meaning": meaning},
    )
    return approval


def _kind_of(desk: Desk, digest: str) -> str:
    content = desk.home.catalog.content(digest)
    if content["kind"] == SpecDocument.kind:
        return str(content["spec"])
    kind = _KINDS.get(content["kind"], content["kind"])
    if kind not in DOCUMENTS:
        raise BadInput(
            f"a record of kind '{content['kind']}' is not signed",
            code="sign.kind",
            hint=f"What can be signed: {', '.join(DOCUMENTS)}.",
        )
    return str(kind)


def _authors(desk: Desk, digest: str) -> frozenset[str]:
    """Return who made a document: who kept it, whom it names, and who fitted the run in it."""
    catalog = desk.home.catalog
    content = catalog.content(digest)
    made = catalog.makers(digest)
    run = catalog.keys(digest).get("run")
    if run:
        made |= catalog.makers(run)
    return frozenset({*made, *content.get("authors", ())} - {"system"})


def approvals_on(desk: Desk, digest: str) -> tuple[Approval, ...]:
    """Return all signatures on a document, oldest first."""
    return desk.home.catalog.all(Approval, document=digest)


def standing_approvals(desk: Desk, digest: str) -> tuple[Approval, ...]:
    """Return the approvals of exactly this document that nobody took back, oldest first."""
    taken_back = {one.approval for one in desk.home.catalog.all(Withdrawal)}
    return tuple(
        one
        for one in approvals_on(desk, digest)
        if one.meaning == "approval" and one.digest not in taken_back
    )


def propose_specs(desk: Desk, project: Project) -> dict[str, str]:
    """Return the digests of the release plan and the data permission, kept to be signed."""
    made = {}
    for name, spec in (("release", project.release), ("data_access", project.contract)):
        record = SpecDocument(
            spec=name, model=project.name, spec_digest=spec.digest, says=dump(spec)
        )
        made[name] = keep(
            desk, record, action="document.propose", keys={"model": project.name, "spec": name}
        )
    return made


def spec_document(desk: Desk, project: Project, name: str) -> str | None:
    """Return the digest of a proposed spec as it stands in the project, None when there is none."""
    wanted = project.release.digest if name == "release" else project.contract.digest
    found = [
        item
        for item in desk.home.catalog.all(SpecDocument, model=project.name, spec=name)
        if item.spec_digest == wanted
    ]
    return found[-1].digest if found else None


def newest_stability(desk: Desk, run: Run) -> str:
    """Return the digest of the newest stability report of a run.

    Raises:
        NotFound: there is none.
    """
    report = desk.home.catalog.latest(StabilityReport, run=run.digest)
    if report is None:
        raise NotFound(
            "the explanations were not tried",
            code="explanation.missing",
            hint="Run `attending explain stability`.",
        )
    return report.digest
