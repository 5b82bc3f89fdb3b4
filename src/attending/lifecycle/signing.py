"""Signatures: a person, freshly authenticated, over the digest of exactly one document."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from attending.errors import BadInput, Denied, NotFound, Refused
from attending.govern.roles import DOCUMENTS, check_role
from attending.govern.sign import Document, Intent
from attending.govern.sign import sign as give
from attending.lifecycle.delegating import delegator_of
from attending.lifecycle.desk import keep, keep_in
from attending.lifecycle.opening import new_nonce, newest_opening, purpose_of
from attending.lifecycle.papers import rendered
from attending.lifecycle.people import authenticated
from attending.lifecycle.plans import require_own_plan
from attending.lifecycle.sealing import seal
from attending.lifecycle.standing import before_the_clock_was_set_back, standing_on
from attending.lifecycle.wording import blank_fields
from attending.records.checklist import Checklist
from attending.records.decisions import SpecDocument, ThresholdDecision
from attending.records.deployer import DeployerPaper
from attending.records.explanation import StabilityReport
from attending.records.governance import Approval, Withdrawal
from attending.specs.base import dump
from attending.stores.kept import KEPT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.governance import Person
    from attending.records.run import Run
    from attending.specs.base import Spec

#: About as many bytes as a document takes to say who made it.
_SAID_BYTES = 512
#: Kind of record -> kind of document, where the words differ.
_KINDS = {
    "catalogue_feature": "feature",
    "code_list_review": "code_list",
    "feature_review": "feature",
    "incident_review": "incident",
    "input_review": "contract",
    "model_card": "card",
    "monitor_report": "monitoring_report",
    "local_choice": "retraining",
    "recalibration": "retraining",
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
    nonce: str = "",
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
        nonce: the number that came with the opened document; the newest opening's when empty.

    Raises:
        Denied: wrong passphrase, an author, a role that may not, or an inactive person.
        BadInput: a kind of document that the record is not.
        Refused: a field that people must write says nothing.
    """
    digest = desk.home.catalog.find(document)
    found = kind_of(desk, digest)
    if kind and kind != found:
        raise BadInput(
            f"got kind '{kind}', and the document is a '{found}'", code="sign.kind", where=digest
        )
    _require_whole(desk, digest)
    signer = authenticated(desk, person, passphrase)
    _require_written(desk, digest)
    named = check_role(role)
    approval = give(
        Document(
            kind=found,
            digest=digest,
            authors=authors_of(desk, digest),
            home=desk.home.settings.home_id,
            rendered=rendered(desk, digest),
            purpose=purpose_of(desk, digest),
        ),
        signer,
        intent=_intent(
            Intent(role=named, meaning=meaning, statement=statement, shown=digest),
            desk,
            signer,
            nonce=nonce,
        ),
        at=desk.at,
        authenticated_at=desk.at,
        prior=_prior(desk, digest),
    )
    _keep(desk, approval)
    return approval


def _require_whole(desk: Desk, digest: str) -> None:
    """Refuse a paper or a checklist that has an open field or item.

    Raises:
        Refused: naming what is missing.
    """
    content = desk.home.catalog.content(digest)
    name, hint = {
        DeployerPaper.kind: ("paper", "Complete deployer.yaml, then `attending document write`."),
        Checklist.kind: ("profile", "Complete card.yaml, then `attending document checklist`."),
    }.get(content["kind"], ("", ""))
    if name and content["missing"]:
        raise Refused(
            f"the {content[name].replace('_', ' ')} is not whole: {'; '.join(content['missing'])}",
            code="paper.missing",
            hint=hint,
        )


def _require_written(desk: Desk, digest: str) -> None:
    """Refuse to have signed what says nothing yet.

    Raises:
        Refused: naming the places that are blank, placeholders or the template's words.
    """
    blank = blank_fields(desk, digest)
    if blank:
        raise Refused(
            f"the document is missing {', '.join(blank)}",
            code="sign.missing",
            hint="Write it; an empty field, TBD, N/A or the template's words say nothing.",
        )


def _intent(said: Intent, desk: Desk, signer: Person, *, nonce: str) -> Intent:
    """Return an intent with the opening that it rests on, and who let the signer sign."""
    opening = newest_opening(desk, said.shown, signer.person_id, nonce=nonce)
    return replace(
        said,
        seen=opening.rendered if opening else None,
        nonce=opening.nonce if opening else new_nonce(desk, said.shown, signer.person_id),
        opened_at=opening.opened_at if opening else None,
        for_purpose=opening.purpose if opening else None,
        delegated_by=delegator_of(desk, signer, said.role),
    )


def _prior(desk: Desk, digest: str) -> tuple[Approval, ...]:
    """Return the signatures that still bind; one that does not may be given anew."""
    taken_back = {one.approval for one in desk.home.catalog.all(Withdrawal)}
    taken_back |= before_the_clock_was_set_back(desk)
    return tuple(one for one in approvals_on(desk, digest) if one.digest not in taken_back)


def _keep(desk: Desk, approval: Approval) -> None:
    """Keep an approval and its seal, both or neither."""
    keys = {
        "document": approval.document,
        "signer": approval.signer,
        "document_kind": approval.document_kind,
        "nonce": approval.nonce or "",
    }
    details = {
        "document": approval.document,
        "role": approval.role,
        "meaning": approval.meaning,
        "rendered": approval.rendered,
        "delegated_by": approval.delegated_by,
    }
    with desk.home.database.transaction() as unit:
        unit.chain  # noqa: B018 - takes the lock, so that a number signs once
        if desk.home.catalog.list(Approval.kind, nonce=approval.nonce or ""):
            raise Refused(
                "this number has signed already",
                code="approval.replayed",
                hint="Open the document again; each opening signs once.",
            )
        keep_in(desk, unit, approval, action="approval.sign", keys=keys, details=details)
        seal(desk, unit, approval)


def withdraw(desk: Desk, name: str, *, person: str, passphrase: str, reason: str) -> Withdrawal:
    """Return the withdrawal of a signature by who gave it; it counts nowhere from now on.

    Args:
        desk: where and when.
        name: the start of the approval's digest.
        person: the signer's login.
        passphrase: given again.
        reason: one sentence.

    Raises:
        Denied: wrong passphrase, or a signature of another person.
        BadInput: no reason.
        Refused: it is withdrawn already.
    """
    approval = desk.home.catalog.get(name, Approval)
    signer = authenticated(desk, person, passphrase)
    if signer.person_id not in {approval.signer, approval.delegated_by}:
        raise Denied(
            "a signature is withdrawn by who gave it",
            code="withdraw.other",
            hint="Ask the signer; to stop a version, use `attending release disable`.",
        )
    if not reason.strip():
        raise BadInput("a withdrawal needs a reason", code="withdraw.reason")
    if desk.home.catalog.list(Withdrawal.kind, approval=approval.digest):
        raise Refused("this signature is withdrawn", code="withdraw.done")
    record = Withdrawal(
        approval=approval.digest,
        signer=signer.person_id,
        reason=reason.strip(),
        signed_at=desk.at,
    )
    keep(
        desk,
        record,
        action="approval.withdraw",
        keys={"approval": approval.digest, "document": approval.document},
        details={"document": approval.document},
    )
    return record


def kind_of(desk: Desk, digest: str) -> str:
    """Return what kind of document a record is when it is signed.

    Raises:
        BadInput: a record of that kind is not signed.
    """
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


def authors_of(desk: Desk, digest: str) -> frozenset[str]:
    """Return who made a document: who kept it, whom it names, and who fitted the run in it.

    Of a threshold they are also who made the report and the plan that it was decided on.
    """
    catalog = desk.home.catalog
    data = catalog.data(digest)
    said = KEPT.made(digest, _Said, lambda: _Said(json.loads(data)), size=_SAID_BYTES)
    made = catalog.makers(digest)
    for one in filter(None, [catalog.keys(digest).get("run"), *said.decided_on]):
        made |= catalog.makers(one)
    return frozenset({*made, *said.authors} - {"system"})


class _Said:
    """What a document says of who made it: its authors, and what a threshold was decided on."""

    def __init__(self, content: dict[str, Any]) -> None:
        decided = content["kind"] == ThresholdDecision.kind
        self.authors = tuple(content.get("authors", ()))
        self.decided_on = (content.get("report"), content.get("release")) if decided else ()


def approvals_on(desk: Desk, digest: str) -> tuple[Approval, ...]:
    """Return all signatures on a document, oldest first."""
    return desk.home.catalog.all(Approval, document=digest)


def standing_approvals(desk: Desk, digest: str) -> tuple[Approval, ...]:
    """Return the approvals of exactly this document that stand, oldest first."""
    return tuple(one for one in standing_on(desk, digest) if one.meaning == "approval")


def propose_specs(desk: Desk, project: Project, names: Sequence[str] = ()) -> dict[str, str]:
    """Return the digests of the specs that are signed, kept: release, data access, monitoring.

    Args:
        desk: where and when.
        project: whose specs they are.
        names: of the specs; all when empty.

    Raises:
        Refused: the release plan is of another model.
    """
    if not names or "release" in names:
        require_own_plan(project)
    made = {}
    for name in names or _SIGNED_SPECS:
        spec = _SIGNED_SPECS[name](project)
        record = SpecDocument(
            spec=name, model=project.name, spec_digest=spec.digest, says=dump(spec)
        )
        made[name] = keep(
            desk, record, action="document.propose", keys={"model": project.name, "spec": name}
        )
    return made


#: The specs of a project that people sign, by kind of document; each is read when it is asked for.
_SIGNED_SPECS: dict[str, Callable[[Project], Spec]] = {
    "release": lambda project: project.release,
    "data_access": lambda project: project.contract,
    "retraining": lambda project: project.monitoring,
    "training_material": lambda project: project.release.training_material,
}


def spec_document(desk: Desk, project: Project, name: str) -> str | None:
    """Return the digest of a proposed spec as it stands in the project, None when there is none."""
    wanted = _SIGNED_SPECS[name](project).digest
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
