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
        row: source and row of the event.
    """

    time: Ints
    known_at: Ints
    row: pa.Array

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
        row = pc.if_else(pa.array(kept), self.row, pa.scalar(None, pa.string()))
        return Evidence(np.where(kept, self.time, none), np.where(kept, self.known_at, none), row)


def _instants(values: Ints) -> pa.Array:
    return pa.array(values, pa.int64(), mask=values == _NOWHEN).cast(_INSTANT)


def of_events(events: pa.Table, at: Ints) -> Evidence:
    """Return the evidence of chosen events; -1 is none."""
    some = at >= 0
    place = pa.array(np.where(some, at, 0), mask=~some)
    time, known = (
        np.asarray(micros(events[name].take(place), null=_NOWHEN)) for name in ("time", "known_at")
    )
    words = [
        pc.fill_null(events[name].take(place).cast(pa.string()), "")
        if name in events.column_names
        else pa.array([""] * len(at))
        for name in ("source", "source_row")
    ]
    told = pc.binary_join_element_wise(*words, "#")
    told = told.combine_chunks() if isinstance(told, pa.ChunkedArray) else told
    return Evidence(time, known, pc.if_else(pa.array(some), told, pa.scalar(None, pa.string())))


def of_many(events: pa.Table, chosen: Sequence[Ints]) -> list[Evidence]:
    """Return the evidence of several choices of events, all looked up at once.

    A patient of whom thirty conditions are asked costs one look, not thirty.
    """
    if not chosen:
        return []
    whole = of_events(events, np.concatenate(chosen))
    ends = np.cumsum([len(at) for at in chosen]).tolist()
    return [
        Evidence(
            whole.time[end - len(at) : end],
            whole.known_at[end - len(at) : end],
            whole.row.slice(end - len(at), len(at)),
        )
        for at, end in zip(chosen, ends, strict=True)
    ]


def of_pairs(pairs: Pairs, chosen: Mask, events: pa.Table) -> Evidence:
    """Return the newest chosen event of each prediction row as evidence."""
    return of_events(events, pairs.newest(chosen))


def of_rows(rows: pa.Table, column: str) -> Evidence:
    """Return evidence that a prediction row itself carries, such as when its stay began."""
    at = micros(rows[column], null=_NOWHEN)
    return Evidence(at, at, pa.nulls(rows.num_rows, pa.string()))


def newer(some: Sequence[Evidence]) -> Evidence:
    """Return for each prediction row the newest of several."""
    best = some[0]
    for other in some[1:]:
        later = (other.time > best.time) | (
            (other.time == best.time) & (other.known_at > best.known_at)
        )
        best = Evidence(
            np.where(later, other.time, best.time),
            np.where(later, other.known_at, best.known_at),
            pc.if_else(pa.array(later), other.row, best.row),
        )
    return best
