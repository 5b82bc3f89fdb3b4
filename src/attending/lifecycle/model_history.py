"""The life of a model: every record, signature and paper about it, from prototype to now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attending.records.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from attending.lifecycle.desk import Desk
    from attending.records.ledger import LedgerEntry
    from attending.types import Instant

#: What a reader may ask for alone, and how the verbs of its entries begin.
PARTS: dict[str, tuple[str, ...]] = {
    "everything": ("",),
    "stages and gates": ("release.", "gate."),
    "signatures": ("approval.",),
    "papers": ("document.",),
    "verdicts": ("verdict.", "monitor."),
}
#: An entry that tells a person nothing beside the one before it.
_TECHNICAL = frozenset({"store.rows", "inputs.begin"})
#: Entries about a paper or a signature name the record that they are about in one of these.
_ABOUT = ("document", "of")
_HIDDEN = frozenset({"rows", "rows_digest", "document", "of", "rendered", "decision", "agreement"})
_ALL = 1_000_000


@dataclass(frozen=True)
class Moment:
    """One entry of the ledger, as people read it.

    Attributes:
        number: of the entry in the ledger.
        what: kind of record, paper or signature.
        digest: of the record, or of the document that was signed.
        says: what its entry says beside, in a few words.
        stage: the stage that was entered, empty where none was.
    """

    number: int
    at: Instant
    actor: str
    action: str
    what: str
    digest: str
    says: str
    stage: str


@dataclass(frozen=True)
class Chapter:
    """Some moments in the order in which they were, and how many there are before and after."""

    moments: tuple[Moment, ...]
    first: int
    total: int


def history(
    desk: Desk, model: str, *, part: str = "everything", first: int | None = None, most: int = 100
) -> Chapter:
    """Return a chapter of a model's life, in order; the newest when no first is named.

    Args:
        desk: where.
        model: its name.
        part: one of `PARTS`; another word means everything.
        first: how many moments to leave out from the beginning.
        most: how many to return.
    """
    starts = PARTS.get(part, PARTS["everything"])
    own = _own(desk, model)
    beside = {entry.seq for entry in _beside(desk, own)}
    entries = desk.home.ledger.numbered(desk.home.ledger.about(own | {model}) | beside)
    chosen = [
        entry
        for entry in entries
        if entry.action.startswith(starts) and entry.action not in _TECHNICAL
    ]
    begin = max(0, len(chosen) - most) if first is None else max(0, min(first, len(chosen)))
    moments = tuple(_moment(entry) for entry in chosen[begin : begin + most])
    return Chapter(moments, begin, len(chosen))


def _own(desk: Desk, model: str) -> set[str]:
    """Return the digests of a model's records, and of what its runs were made from."""
    found = {line.digest for line in desk.home.catalog.list(model=model)}
    for run in desk.home.catalog.all(Run, model=model):
        found |= {run.snapshot, run.cohort, run.contract_report or run.snapshot}
    return found


def _beside(desk: Desk, own: set[str]) -> Iterator[LedgerEntry]:
    """Yield the entries about signatures on some records, and about papers of them."""
    for verb in ("approval.sign", "approval.withdraw", "document."):
        for entry in desk.home.ledger.search(action=verb, limit=_ALL):
            if own.intersection(str(entry.details.get(name, "")) for name in _ABOUT):
                yield entry


def _moment(entry: LedgerEntry) -> Moment:
    details = entry.details
    about = next((str(details[name]) for name in _ABOUT if details.get(name)), entry.subject)
    return Moment(
        number=entry.seq,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        what=entry.subject_kind.replace("_", " "),
        digest=about,
        says=", ".join(_said(details.items())),
        stage=str(details.get("stage", "")) if entry.action.startswith("release.") else "",
    )


def _said(details: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Yield what an entry says in words; digests and counts of rows are for machines."""
    for name, value in details:
        if name in _HIDDEN or value in (None, ""):
            continue
        word = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        yield f"{name.replace('_', ' ')} {str(word).replace('_', ' ')}"
