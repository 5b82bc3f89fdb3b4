"""The ledger asked by people: who did what, when, about which model; page by page, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import NotFound
from attending.records.governance import Approval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.lifecycle.desk import Desk
    from attending.records.ledger import LedgerEntry
    from attending.types import Instant

#: What people may ask for, and how the verbs of its entries begin.
ACTS: dict[str, str] = {
    "approval.": "signatures",
    "release.": "stages and ways back",
    "gate.": "gates",
    "verdict.": "verdicts",
    "monitor.": "monitors",
    "incident.": "incidents",
    "notification.": "messages to owners",
    "document.": "documents",
    "change.": "proposals of change",
    "validate.": "validations",
    "run.": "runs",
    "snapshot.": "snapshots",
    "features.": "features",
    "user.": "persons",
    "role.": "roles",
    "access.": "access that was denied",
    "patients.": "patients who were read",
}
#: What an entry's details hold for machines alone.
_HIDDEN = frozenset({"rows", "rows_digest", "rendered", "document"})


@dataclass(frozen=True)
class Asked:
    """What is asked of the ledger; what is empty or None narrows nothing.

    Attributes:
        act: a verb, or the start of verbs with a dot at its end.
        since, until: `until` is not included.
    """

    model: str = ""
    person: str = ""
    act: str = ""
    since: Instant | None = None
    until: Instant | None = None


@dataclass(frozen=True)
class Line:
    """One entry as people read it.

    Attributes:
        number: of the entry in the ledger.
        what: the kind of thing; of a signature, the kind of document.
        digest: of the thing or its name; of a signature, of the document.
        says: the details of the entry in a few words.
    """

    number: int
    at: Instant
    person: str
    act: str
    what: str
    digest: str
    says: str


@dataclass(frozen=True)
class Answer:
    """Lines, newest first; `more` is what to ask on with, None where the lines end."""

    lines: tuple[Line, ...]
    more: int | None
    entries: int


def ask(desk: Desk, asked: Asked, *, before: int | None = None, limit: int = 50) -> Answer:
    """Return who did what, newest first.

    Args:
        desk: where.
        asked: what narrows it.
        before: only entries with a smaller number; all when None.
        limit: how many at most.

    Raises:
        NotFound: no such model here.
    """
    found = entries(desk, asked, before=before, limit=limit + 1)
    more = found[limit - 1].seq if len(found) > limit else None
    lines = tuple(_line(desk, one) for one in found[:limit])
    return Answer(lines, more, desk.home.ledger.size)


def entries(
    desk: Desk, asked: Asked, *, before: int | None = None, limit: int
) -> tuple[LedgerEntry, ...]:
    """Return the entries that were asked for, newest first.

    Raises:
        NotFound: no such model here.
    """
    ledger = desk.home.ledger
    stop = ledger.number_at(asked.until) if asked.until else ledger.size
    return ledger.newest_first(
        action=asked.act,
        actor=asked.person,
        among=about(desk, asked.model) if asked.model else None,
        start=ledger.number_at(asked.since) if asked.since else 0,
        stop=stop if before is None else min(before, stop),
        limit=limit,
    )


def about(desk: Desk, model: str) -> set[int]:
    """Return the numbers of all entries about a model: its records, and signatures on them.

    Raises:
        NotFound: no such model here.
    """
    if model not in desk.home.deployments.models():
        raise NotFound("there is no such model here", code="model.missing")
    catalog = desk.home.catalog
    records = {line.digest for line in catalog.list(model=model)}
    documents = catalog.values(Approval.kind, "document")
    signed = {digest for digest, document in documents.items() if document in records}
    return desk.home.ledger.about(records | signed | {model})


def _line(desk: Desk, entry: LedgerEntry) -> Line:
    what, digest, says = entry.subject_kind, entry.subject, ", ".join(_told(entry))
    if entry.action == "approval.sign":
        signed = desk.home.catalog.get(entry.subject, Approval)
        what, digest = signed.document_kind, signed.document
        says = f"{signed.meaning} by {signed.printed_name}, {signed.role}: {signed.statement}"
    return Line(
        entry.seq, entry.at, entry.actor, entry.action, what.replace("_", " "), digest, says
    )


def _told(entry: LedgerEntry) -> Iterator[str]:
    for name, value in entry.details.items():
        if name not in _HIDDEN and value not in {None, ""}:
            yield f"{name.replace('_', ' ')} {value}"
