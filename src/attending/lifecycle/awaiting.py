"""What waits for one person's signature, and what else that person may sign, over all models."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from attending.govern.roles import DOCUMENTS, may_sign
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
    from attending.types import Instant

#: Kinds that are signed for one run; of some there is one at each place.
_OF_A_RUN = (
    *(ValidationReport.kind, StabilityReport.kind, ThresholdDecision.kind),
    *(ModelCard.kind, SilentReport.kind),
)
_AT_PLACES = frozenset({ThresholdDecision.kind})
_SPECS = ("release", "data_access", "retraining", "training_material")
_ALL = 1_000_000


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


def awaiting(desk: Desk, person: str, roles: Sequence[Role]) -> tuple[Awaited, ...]:
    """Return what a person may sign and did not: what a gate waits for first, then by model.

    Args:
        desk: where and when.
        person: by id.
        roles: that the person has now.
    """
    found: dict[tuple[str, str], Awaited] = {}
    for model in desk.home.deployments.models():
        stands = desk.home.deployments.current(model)
        if stands is not None and stands.stage != "retired":
            for one in (*_for_gates(desk, stands, roles), *_newest(desk, stands, roles)):
                found.setdefault((one.document, one.role), one)
    open_ones = _unsigned(desk, person, tuple(found.values()))
    return tuple(sorted(open_ones, key=lambda one: (not one.gate, one.author, one.model, one.what)))


def _for_gates(desk: Desk, stands: Deployment, roles: Sequence[Role]) -> Iterator[Awaited]:
    """Yield the documents that the next gate asked to be signed, as it was last asked."""
    for gate in gates_ahead(desk, stands):
        for one in gate.missing if gate.stands == "asked" else ():
            mine = [role for role in roles if one.signs and one.name.endswith(f".{role}")]
            for made in _awaited(desk, stands, one.evidence, roles=mine):
                yield replace(
                    made, gate=gate.gate, meaning=one.meaning, note=one.note, asked_at=gate.asked_at
                )


def _newest(desk: Desk, stands: Deployment, roles: Sequence[Role]) -> Iterator[Awaited]:
    """Yield the newest document of each kind that one of some roles may sign."""
    catalog = desk.home.catalog
    newest: dict[str, str] = {}
    for kind in _OF_A_RUN:
        for line in catalog.list(kind, run=stands.run):
            place = catalog.keys(line.digest).get("place", "") if kind in _AT_PLACES else ""
            newest[f"{kind} {place}"] = line.digest
    for spec in _SPECS:
        for line in catalog.list(SpecDocument.kind, model=stands.model, spec=spec)[-1:]:
            newest[spec] = line.digest
    for digest in newest.values():
        yield from _awaited(desk, stands, digest, roles=roles)


def _awaited(
    desk: Desk, stands: Deployment, digest: str, *, roles: Sequence[Role]
) -> Iterator[Awaited]:
    """Yield a document once for each of some roles that may sign it."""
    kind = kind_of(desk, digest) if roles else ""
    may = [role for role in roles if may_sign(role, kind)]
    if not may:
        return
    first = desk.home.ledger.search(subject=digest, limit=_ALL)[0]
    place = desk.home.catalog.keys(digest).get("place", "all")
    for role in may:
        yield Awaited(
            document=digest,
            kind=kind,
            what=DOCUMENTS[kind] + (f", at {place}" if place != "all" else ""),
            model=stands.model,
            version=stands.version,
            role=role,
            made_at=first.at,
            made_by=first.actor,
        )


def _unsigned(desk: Desk, person: str, found: tuple[Awaited, ...]) -> Iterator[Awaited]:
    """Yield what the person has not signed in that role since it was asked for."""
    catalog = desk.home.catalog
    given = {one.document: catalog.all(Approval, document=one.document) for one in found}
    faults = faults_of(desk, (item for some in given.values() for item in some))
    for one in found:
        signed = [
            item.signed_at
            for item in given[one.document]
            if item.signer == person and item.role == one.role and item.digest not in faults
        ]
        since = one.asked_at
        if not signed or (since is not None and max(signed) <= since):
            yield replace(one, author=person in authors_of(desk, one.document))
