"""Stays: admissions joined with their discharges, and stays that are one stay."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.cohort.facts import NEVER, NO_STAY
from attending.engines.tables import coded
from attending.records.events import ADMISSION, DISCHARGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attending.cohort.facts import Facts
    from attending.types import Ints, Mask

ADMISSION_TYPE = "ADMISSION_TYPE//"
DIED = "DIED"
TRANSFER = "TRANSFER"


@dataclass(frozen=True)
class Stays:
    """Stays, ascending by subject, admission and id; instants in microseconds.

    Args:
        subject, encounter: `NO_STAY` for a stay without an id.
        admitted, discharged: `NEVER` for a stay that is still open.
        admitted_known, discharged_known: when each could first be seen.
        place: the class, such as INPATIENT.
        disposition, kind, site: in upper case; empty for null. `kind` is the admission type.
    """

    subject: Ints
    encounter: Ints
    admitted: Ints
    discharged: Ints
    admitted_known: Ints
    discharged_known: Ints
    place: NDArray[np.object_]
    disposition: NDArray[np.object_]
    kind: NDArray[np.object_]
    site: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.subject)

    def take(self, chosen: Ints | Mask) -> Stays:
        """Return some of the stays."""
        return Stays(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def of_classes(self, classes: Sequence[str]) -> Stays:
        """Return the stays of these classes."""
        return self.take(starts_with(self.place, classes))

    @property
    def died(self) -> Mask:
        """Return which stays ended in death, by their disposition."""
        return starts_with(self.disposition, (DIED,))


def starts_with(texts: NDArray[np.object_], wanted: Sequence[str]) -> Mask:
    """Return which texts are one of the wanted, or start as a wanted prefix (`*`) does.

    Case does not matter.

    >>> starts_with(np.array(["DIED", "HOME HEALTH"], object), ["HOME*"]).tolist()
    [False, True]
    """
    heads = tuple(one[:-1] for one in wanted if one.endswith("*"))
    whole = frozenset(one.upper() for one in wanted)
    upper = tuple(head.upper() for head in heads)
    indices, words = coded(pa.array(texts, pa.string()))
    shouted = [None if word is None else word.upper() for word in words]
    hits = [word is not None and (word in whole or word.startswith(upper)) for word in shouted]
    return np.array(hits, np.bool_)[indices]


def stays_of(facts: Facts) -> Stays:
    """Return the stays that are visible at the end of what may be seen.

    An admission belongs with the discharge of the same subject, stay and class; where a stay
    has several of a class, such as two visits to intensive care, the first with the first.
    """
    opened = _rows(facts, ADMISSION)
    closed = _rows(facts, DISCHARGE)
    ends = _partner(facts, opened, closed)
    left = np.full(len(opened), NEVER)
    left[ends >= 0] = facts.time[ends[ends >= 0]]
    gone = np.full(len(opened), None, object)
    gone[ends >= 0] = facts.texts("text_value", ends[ends >= 0])
    stays = Stays(
        subject=facts.subject[opened],
        encounter=facts.encounter[opened],
        admitted=facts.time[opened],
        discharged=left,
        admitted_known=facts.known[opened],
        discharged_known=np.where(ends >= 0, facts.known[ends], NEVER) if len(closed) else left,
        place=facts.codes(opened, ADMISSION),
        disposition=_upper(gone),
        kind=_admission_types(facts, opened),
        site=facts.texts("site", opened),
    )
    order = np.lexsort((stays.encounter, stays.discharged, stays.admitted, stays.subject))
    return stays.take(order)


def _rows(facts: Facts, prefix: str) -> Ints:
    return np.flatnonzero(facts.now & facts.coded((f"{prefix}*",)) & (facts.encounter != NO_STAY))


def _partner(facts: Facts, opened: Ints, closed: Ints) -> Ints:
    """Return the discharge row of every admission row, or -1."""
    rows = np.concatenate([opened, closed])
    closing = np.arange(len(rows)) >= len(opened)
    places = np.concatenate([facts.codes(opened, ADMISSION), facts.codes(closed, DISCHARGE)])
    key = (facts.subject[rows], facts.encounter[rows], _numbered(places))
    rank = _rank_within((*key, closing.astype(np.int64)))
    order = np.lexsort((closing, rank, *key[::-1]))
    before, after = order[:-1], order[1:]
    met = ~closing[before] & closing[after] & (rank[before] == rank[after])
    for part in key:
        met &= part[before] == part[after]
    ends = np.full(len(opened), -1, np.int64)
    ends[before[met]] = rows[after[met]]
    return ends


def _rank_within(key: tuple[Ints, ...]) -> Ints:
    """Return each row's place among the rows of the same key."""
    order = np.lexsort(key[::-1])
    fresh = np.ones(len(order), np.bool_)
    if len(order):
        fresh[1:] = np.any([part[order][1:] != part[order][:-1] for part in key], axis=0)
    starts = np.flatnonzero(fresh)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
    return rank


def _numbered(texts: NDArray[np.object_]) -> Ints:
    indices, _ = coded(pa.array(texts, pa.string()))
    return indices.astype(np.int64)


def _admission_types(facts: Facts, opened: Ints) -> NDArray[np.object_]:
    """Return the admission type of every admission row's stay, the last that is visible."""
    rows = np.flatnonzero(facts.now & facts.coded((f"{ADMISSION_TYPE}*",)))
    types = dict(zip(_whose(facts, rows), facts.codes(rows, ADMISSION_TYPE), strict=True))
    found = [types.get(whose, "") for whose in _whose(facts, opened)]
    return _upper(np.array(found, object))


def _whose(facts: Facts, rows: Ints) -> list[tuple[int, int]]:
    return list(zip(facts.subject[rows].tolist(), facts.encounter[rows].tolist(), strict=True))


def _upper(texts: NDArray[np.object_]) -> NDArray[np.object_]:
    indices, words = coded(pa.array(texts, pa.string()))
    upper: NDArray[np.object_] = np.array([(word or "").upper() for word in words], object)
    return upper[indices]


def merged(stays: Stays, within: int) -> Stays:
    """Return stays with those that begin within a length of the end of another made one.

    The first gives the admission, its type and site; the last to end gives the rest.
    """
    if not len(stays):
        return stays
    fresh = np.ones(len(stays), np.bool_)
    ends = _latest_end(stays)
    fresh[1:] = (stays.subject[1:] != stays.subject[:-1]) | (
        (ends[:-1] != NEVER) & (stays.admitted[1:] - np.minimum(ends[:-1], NEVER // 2) > within)
    )
    starts = np.flatnonzero(fresh)
    episode = np.cumsum(fresh) - 1
    order = np.lexsort((np.arange(len(stays)), stays.discharged, episode))
    last = order[np.append(starts[1:], len(stays)) - 1]
    first = stays.take(starts)
    return replace(
        stays.take(last),
        admitted=first.admitted,
        admitted_known=first.admitted_known,
        kind=first.kind,
        site=first.site,
    )


def _latest_end(stays: Stays) -> Ints:
    """Return, for each stay, the latest discharge among it and its subject's earlier ones."""
    ends = stays.discharged.copy()
    same = stays.subject[1:] == stays.subject[:-1]
    # A pass more for each stay that reaches over another: few, and each pass is one sweep.
    while True:
        carried = np.where(same, np.maximum(ends[1:], ends[:-1]), ends[1:])
        if np.array_equal(carried, ends[1:]):
            return ends
        ends[1:] = carried
