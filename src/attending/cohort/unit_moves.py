"""Where patients were: who came to which unit when, and when that was known, from rows of a shard.

The truth is what is visible at the end of what may be seen. What could be known at an instant is
told by the rows that were visible then: the newest row of a stay says its unit, and a discharge
ends it. A row that was corrected later still counts for the time before its correction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.facts import NEVER, NO_STAY, STATIC
from attending.records.events import ADMISSION, DISCHARGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.cohort.facts import Facts
    from attending.types import Ints, Mask

#: The unit of a row that ends a stay.
OUT = -1


@dataclass(frozen=True)
class Moves:
    """Rows that put a patient in a unit or end a stay, by stay and time, ends last at one time.

    Args:
        stay: shape (n,), stays from 0.
        unit: the place of each row's unit in `units`, or `OUT`.
        time, seen, gone: when it happened, could first be seen, and was replaced.
        subject: of each row.
        now: whether it is visible at the end of what may be seen.
        units: site and unit, by place.
    """

    stay: Ints
    unit: Ints
    time: Ints
    seen: Ints
    gone: Ints
    subject: Ints
    now: Mask
    units: tuple[tuple[str, str], ...]

    def take(self, chosen: Mask) -> Moves:
        """Return some of the rows."""
        return replace(
            self,
            stay=self.stay[chosen],
            unit=self.unit[chosen],
            time=self.time[chosen],
            seen=self.seen[chosen],
            gone=self.gone[chosen],
            subject=self.subject[chosen],
            now=self.now[chosen],
        )


@dataclass(frozen=True)
class Spells:
    """Times in a unit, from `start` up to, not including, `end`; `NEVER` where it goes on."""

    unit: Ints
    start: Ints
    end: Ints
    subject: Ints


def moves_of(facts: Facts, *, codes: Sequence[str], classes: Sequence[str]) -> Moves:
    """Return the moves of all stays of some classes.

    Args:
        facts: the rows of a shard.
        codes: of the rows that tell the unit, such as `TRANSFER_TO//*`; the unit is what follows
            the first `//`.
        classes: of stay, such as INPATIENT.
    """
    ours = _of_classes(facts, classes)
    tells = np.flatnonzero(facts.coded(codes) & ours)
    ends = np.flatnonzero(facts.coded([f"{DISCHARGE}{name}" for name in classes]) & ours)
    rows = np.concatenate([tells, ends])
    units, place = _units(facts, tells)
    unit = np.concatenate([place, np.full(len(ends), OUT)])
    _, stay = np.unique(
        np.stack([facts.subject[rows], facts.encounter[rows]]), axis=1, return_inverse=True
    )
    stay = stay.reshape(-1).astype(np.int64)
    order = np.lexsort((unit, facts.known[rows], unit == OUT, facts.time[rows], stay))
    rows, unit, stay = rows[order], unit[order], stay[order]
    return Moves(
        stay=stay,
        unit=unit,
        time=facts.time[rows],
        seen=np.maximum(facts.time[rows], facts.known[rows]),
        gone=facts.superseded[rows],
        subject=facts.subject[rows],
        now=facts.now[rows],
        units=units,
    )


def _of_classes(facts: Facts, classes: Sequence[str]) -> Mask:
    """Return which rows are of a stay that was ever said to be of one of the classes."""
    opened = facts.coded([f"{ADMISSION}{name}" for name in classes])
    named = (facts.encounter != NO_STAY) & (facts.time != STATIC)
    return np.asarray(named & np.isin(facts.encounter, facts.encounter[opened & named]))


def _units(facts: Facts, rows: Ints) -> tuple[tuple[tuple[str, str], ...], Ints]:
    """Return the units that rows tell, and which of them each row tells."""
    words = [str(code).partition("//")[2] for code in facts.codes(rows)]
    sites = [str(site or "") for site in facts.texts("site", rows)]
    pairs = list(zip(sites, words, strict=True))
    units = tuple(sorted(set(pairs)))
    place = {pair: at for at, pair in enumerate(units)}
    return units, np.array([place[pair] for pair in pairs], np.int64).reshape(len(rows))


def true_spells(moves: Moves) -> Spells:
    """Return the times in units as they are known at the end; rows after a discharge do not count.

    A patient who is said to come again to the unit where they are leaves it and comes again, so
    that who was there, came and left always add up.
    """
    left = moves.take(moves.now)
    ended = np.zeros(len(left.stay), np.int64)
    new = _begins(left.stay)
    # How many discharges of the stay stand before each row.
    before = np.cumsum(left.unit == OUT) - (left.unit == OUT)
    ended = before - np.maximum.accumulate(np.where(new, before, 0)) if len(before) else ended
    left = left.take(ended == 0)
    last = np.append(_begins(left.stay)[1:], np.ones(min(1, len(left.stay)), np.bool_))
    end = np.where(last, NEVER, np.append(left.time[1:], NEVER)[: len(left.time)])
    inside = left.unit != OUT
    return Spells(left.unit[inside], left.time[inside], end[inside], left.subject[inside])


def known_spells(moves: Moves) -> Spells:
    """Return the times during which a unit was the one that could be known of a stay.

    A row counts from when it could be seen until a later row of its stay, or a discharge, could be
    seen instead; while that later row is itself taken back, the earlier one counts again.
    """
    corrected = np.isin(moves.stay, moves.stay[moves.gone != NEVER])
    plain = _plain_spells(moves.take(~corrected))
    again = _corrected_spells(moves.take(corrected))
    return Spells(*(np.concatenate([getattr(plain, k), getattr(again, k)]) for k in vars(plain)))


def _plain_spells(moves: Moves) -> Spells:
    """Return known spells where no row was replaced: each ends when any row above it is seen."""
    end = np.full(len(moves.stay), NEVER)
    rank = _ranks(moves)
    order = np.lexsort((rank, moves.stay))
    seen, stay = moves.seen[order], moves.stay[order]
    reach = _longest(stay)
    bound = np.full(len(seen), NEVER)
    for step in range(1, reach):
        same = stay[step:] == stay[:-step]
        bound[:-step] = np.where(same, np.minimum(bound[:-step], seen[step:]), bound[:-step])
    end[order] = bound
    held = (moves.unit != OUT) & (moves.seen < end)
    return Spells(moves.unit[held], moves.seen[held], end[held], moves.subject[held])


def _corrected_spells(moves: Moves) -> Spells:
    """Return known spells stay by stay, at every instant at which what is visible changes."""
    found: list[tuple[int, int, int, int]] = []
    rank = _ranks(moves)
    edges = [*np.flatnonzero(_begins(moves.stay)).tolist(), len(moves.stay)]
    for low, high in pairwise(edges):
        rows = np.arange(low, high)
        turns = np.unique(np.concatenate([moves.seen[rows], moves.gone[rows], [NEVER]]))
        for start, end in zip(turns[:-1].tolist(), turns[1:].tolist(), strict=True):
            there = rows[(moves.seen[rows] <= start) & (start < moves.gone[rows])]
            if len(there) and moves.unit[top := there[np.argmax(rank[there])]] != OUT:
                found.append((int(moves.unit[top]), start, end, int(moves.subject[top])))
    columns = np.array(found, np.int64).reshape(-1, 4).T
    return Spells(columns[0], columns[1], columns[2], columns[3])


def _ranks(moves: Moves) -> Ints:
    """Return which row of a stay says more: a discharge above all, then the later one."""
    place = np.arange(len(moves.stay))
    return np.where(moves.unit == OUT, place + len(place), place)


def _begins(stay: Ints) -> Mask:
    """Return which rows are the first of their stay."""
    first = np.ones(len(stay), np.bool_)
    first[1:] = stay[1:] != stay[:-1]
    return first


def _longest(stay: Ints) -> int:
    """Return the number of rows of the longest stay."""
    return int(np.unique(stay, return_counts=True)[1].max()) if len(stay) else 0
