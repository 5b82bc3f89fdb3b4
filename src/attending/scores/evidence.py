"""Which event a component rests on: where it stands, when it happened, when it was known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.scores.columns import micros

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.scores.pairs import Pairs
    from attending.types import Ints, Mask

_INSTANT = pa.timestamp("us")
_NOWHEN = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Evidence:
    """For each prediction row, the one event that decided a component; null for none.

    Attributes:
        time, known_at: microseconds since 1970, the least integer for none.
        events: the events of which it is one; None where each row is told already.
        at: where it stands among them, -1 for none.
        told: source and row of the event, where there are no events.
    """

    time: Ints
    known_at: Ints
    events: pa.Table | None
    at: Ints
    told: pa.Array | None = None

    @property
    def row(self) -> pa.Array:
        """Return source and row of the event; written when it is read, which a total never is."""
        return self.told if self.events is None else _told(self.events, self.at)

    def columns(self, name: str) -> dict[str, pa.Array]:
        """Return the three columns of a score's table for one component."""
        return {
            f"time_{name}": _instants(self.time),
            f"known_at_{name}": _instants(self.known_at),
            f"row_{name}": self.row,
        }

    def only(self, kept: Mask) -> Evidence:
        """Return the evidence of some prediction rows, none of the others."""
        none = np.int64(_NOWHEN)
        time, known = np.where(kept, self.time, none), np.where(kept, self.known_at, none)
        at = np.where(kept, self.at, -1)
        if self.events is not None:
            return Evidence(time, known, self.events, at)
        row = pc.if_else(pa.array(kept), self.row, pa.scalar(None, pa.string()))
        return Evidence(time, known, None, at, row)


def _instants(values: Ints) -> pa.Array:
    return pa.array(values, pa.int64(), mask=values == _NOWHEN).cast(_INSTANT)


def of_events(events: pa.Table, at: Ints) -> Evidence:
    """Return the evidence of chosen events; -1 is none."""
    time, known = (_when(events[name], at) for name in ("time", "known_at"))
    return Evidence(time, known, events, at)


def _when(column: pa.ChunkedArray, at: Ints) -> Ints:
    if not len(column):
        return np.full(len(at), _NOWHEN)
    return np.where(at >= 0, micros(column, null=_NOWHEN)[at], _NOWHEN)


def _told(events: pa.Table, at: Ints) -> pa.Array:
    """Return source and row of chosen events."""
    some = at >= 0
    place = pa.array(np.where(some, at, 0), mask=~some)
    words = [
        pc.fill_null(events[name].take(place).cast(pa.string()), "")
        if name in events.column_names
        else pa.array([""] * len(at))
        for name in ("source", "source_row")
    ]
    told = pc.binary_join_element_wise(*words, "#")
    told = told.combine_chunks() if isinstance(told, pa.ChunkedArray) else told
    return pc.if_else(pa.array(some), told, pa.scalar(None, pa.string()))


def of_many(events: pa.Table, chosen: Sequence[Ints]) -> list[Evidence]:
    """Return the evidence of several choices of events, all looked up at once.

    A patient of whom thirty conditions are asked costs one look, not thirty.
    """
    if not chosen:
        return []
    whole = of_events(events, np.concatenate(chosen))
    ends = np.cumsum([len(at) for at in chosen]).tolist()
    return [
        Evidence(whole.time[end - len(at) : end], whole.known_at[end - len(at) : end], events, at)
        for at, end in zip(chosen, ends, strict=True)
    ]


def of_pairs(pairs: Pairs, chosen: Mask, events: pa.Table) -> Evidence:
    """Return the newest chosen event of each prediction row as evidence."""
    return of_events(events, pairs.newest(chosen))


def of_rows(rows: pa.Table, column: str) -> Evidence:
    """Return evidence that a prediction row itself carries, such as when its stay began."""
    at = micros(rows[column], null=_NOWHEN)
    none = np.full(rows.num_rows, -1)
    return Evidence(at, at, None, none, pa.nulls(rows.num_rows, pa.string()))


def newer(some: Sequence[Evidence]) -> Evidence:
    """Return for each prediction row the newest of several; of equals the first."""
    # What stands here twice is no newer than itself.
    best, *others = {id(one): one for one in some}.values()
    for other in others:
        later = (other.time > best.time) | (
            (other.time == best.time) & (other.known_at > best.known_at)
        )
        best = _either(later, other, best)
    return best


def _either(first: Mask, one: Evidence, other: Evidence) -> Evidence:
    """Return one evidence where it is wanted, and the other elsewhere."""
    time = np.where(first, one.time, other.time)
    known = np.where(first, one.known_at, other.known_at)
    at = np.where(first, one.at, other.at)
    if one.events is not None and one.events is other.events:
        return Evidence(time, known, one.events, at)
    return Evidence(time, known, None, at, pc.if_else(pa.array(first), one.row, other.row))
