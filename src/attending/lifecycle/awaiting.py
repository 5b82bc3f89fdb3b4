"""What waits for one person's signature, and what else that person may sign, over all models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from attending.govern.roles import DOCUMENTS, may_sign
from attending.lifecycle.delegating import lent_roles
from attending.lifecycle.desk import in_view
from attending.lifecycle.gates_ahead import gates_ahead
from attending.lifecycle.signing import authors_of, kind_of
from attending.lifecycle.standing import faults_of
from attending.records.card import ModelCard
from attending.records.decisions import SpecDocument, ThresholdDecision
from attending.records.explanation import StabilityReport
from attending.records.governance import Approval
from attending.records.silent import SilentReport
from attending.records.validation import ValidationReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attending.lifecycle.desk import Desk
    from attending.records.governance import Role
    from attending.records.release import Deployment
    from attending.stores.records import Listed
    from attending.types import Instant

#: Kinds of record that are signed for one run, and what kind of document each is.
_OF_A_RUN = {
    ValidationReport.kind: "validation_report",
    StabilityReport.kind: "explanation",
    ThresholdDecision.kind: "threshold",
    ModelCard.kind: "card",
    SilentReport.kind: "silent_report",
}
_SPECS = ("release", "data_access", "retraining", "training_material")


@dataclass(frozen=True)
class Awaited:
    """One document that a person may sign.

    Attributes:
        document: the digest of the record.
        what: what it is, in words.
        role: in which the person would sign.
        meaning: that a gate asks for; `approval` where none does.
        gate: the gate that waits for it; empty where none does.
        note: why what was signed does not count, where somebody signed.
        asked_at: when the gate was asked; what was signed since then it has not seen.
        author: whether the person made it and so may not sign it.
        lent_by: the printed name of who lets the person sign in that role; empty for their own.
    """

    document: str
    kind: str
    what: str
    model: str
    version: str
    role: Role
    made_at: Instant
    made_by: str
    meaning: str = "approval"
    gate: str = ""
    note: str = ""
    asked_at: Instant | None = None
    author: bool = False
    lent_by: str = ""


@dataclass(frozen=True)
class _Document:
    """A document of a model as the catalog lists it."""

    line: Listed
    kind: str
    place: str = ""


def awaiting(
    desk: Desk, person: str, roles: Sequence[Role], *, model: str = ""
) -> tuple[Awaited, ...]:
    """Return what a person may sign and did not: what a gate waits for first, then by model.

    Args:
        desk: where and when.
        person: by id.
        roles: that the person has now.
        model: this one alone; every one when empty.
    """
    found: list[Awaited] = []
    for name in (model,) if model else desk.home.deployments.models():
        stands = desk.home.deployments.current(name) if roles else None
        if stands is not None and stands.stage != "retired":
            found += _of_model(desk, stands, roles)
    open_ones = _unsigned(desk, person, found)
    return tuple(sorted(open_ones, key=lambda one: (not one.gate, one.author, one.model, one.what)))


def queue_of(desk: Desk, person_id: str) -> tuple[Awaited, ...]:
    """Return what waits for a person, in roles of their own and in those that others lend."""
    desk = in_view(desk)
    person = desk.home.users.get(person_id)
    lent = lent_roles(desk, person)
    return tuple(
        replace(one, lent_by=lent[one.role].printed_name if one.role in lent else "")
        for one in awaiting(desk, person_id, (*person.roles, *lent))
    )


def _of_model(desk: Desk, stands: Deployment, roles: Sequence[Role]) -> Iterator[Awaited]:
    """Yield the newest documents that some roles may sign, and what the next gate asks of them."""
    asked = dict(_asked(desk, stands, roles))
    documents = {one.line.digest: one for one in _newest(desk, stands, roles)}
    for digest, _ in asked:
        if digest not in documents:
            documents[digest] = _document(desk, digest)
    for digest, one in documents.items():
        for role in roles:
            if may_sign(role, one.kind):
                yield replace(_awaited(stands, one, role), **asked.get((digest, role), {}))


def _asked(
    desk: Desk, stands: Deployment, roles: Sequence[Role]
) -> Iterator[tuple[tuple[str, Role], dict[str, Any]]]:
    """Yield by document and role what the next gate said of a signature when it was last asked."""
    for gate in gates_ahead(desk, stands, only_next=True):
        waiting = [one for one in gate.missing if one.signs]
        said = {"gate": gate.gate, "asked_at": gate.asked_at}
        for one, role in product(waiting, roles):
            if one.name.endswith(f".{role}"):
                yield (one.evidence, role), {**said, "note": one.note, "meaning": one.meaning}


def _newest(desk: Desk, stands: Deployment, roles: Sequence[Role]) -> Iterator[_Document]:
    """Yield the newest document of each kind that one of some roles may sign."""
    catalog = desk.home.catalog
    for record, kind in _OF_A_RUN.items():
        if any(may_sign(role, kind) for role in roles):
            newest: dict[str, Listed] = {}
            for line in catalog.list(record, run=stands.run):
                at = catalog.keys(line.digest).get("place", "") if kind == "threshold" else ""
                newest[at] = line
            yield from (_Document(line, kind, at) for at, line in newest.items())
    for kind in _SPECS:
        if any(may_sign(role, kind) for role in roles):
            for line in catalog.list(SpecDocument.kind, model=stands.model, spec=kind)[-1:]:
                yield _Document(line, kind)


def _document(desk: Desk, digest: str) -> _Document:
    """Return a document of another kind that a gate asked to be signed."""
    return _Document(desk.home.catalog.line(digest), kind_of(desk, digest))


def _awaited(stands: Deployment, one: _Document, role: Role) -> Awaited:
    where = "" if one.place in ("", "all") else f", at {one.place}"
    return Awaited(
        document=one.line.digest,
        kind=one.kind,
        what=DOCUMENTS[one.kind] + where,
        model=stands.model,
        version=stands.version,
        role=role,
        made_at=one.line.made_at,
        made_by=one.line.made_by,
    )


def _unsigned(desk: Desk, person: str, found: Sequence[Awaited]) -> Iterator[Awaited]:
    """Yield what the person has not signed in that role since it was asked for."""
    given = {
        one.document: desk.home.catalog.all(Approval, document=one.document, signer=person)
        for one in found
    }
    faults = faults_of(desk, (item for some in given.values() for item in some))
    for one in found:
        signed = [
            item.signed_at
            for item in given[one.document]
            if item.role == one.role and item.digest not in faults
        ]
        since = one.asked_at
        if not signed or (since is not None and max(signed) <= since):
            yield replace(one, author=person in authors_of(desk, one.document))
