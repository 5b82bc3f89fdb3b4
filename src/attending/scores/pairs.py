"""Pair every prediction row with the events of its patient, and say which were visible then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.scores.protocol import micros, whole

if TYPE_CHECKING:
    from attending.types import Ints, Mask

_NEVER = np.iinfo(np.int64).max
_BEGINNING = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Pairs:
    """Each (prediction row, event of the same patient), as arrays of one length.

    Attributes:
        row: number of the prediction row.
        event: number of the event in the events that were paired.
        at: the prediction time; start: when its stay began; stay: that stay, -1 for none.
        time: when the event happened, the beginning of time for static facts.
        event_stay: the event's stay, -1 for none.
        visible: known at the prediction time and not superseded by then.
        final: never superseded.
        n_rows: number of prediction rows.
    """

    row: Ints
    event: Ints
    at: Ints
    start: Ints
    stay: Ints
    time: Ints
    event_stay: Ints
    visible: Mask
    final: Mask
    n_rows: int

    def any(self, chosen: Mask) -> Mask:
        """Return for each prediction row whether any chosen pair is its."""
        found = np.zeros(self.n_rows, dtype=np.bool_)
        found[self.row[chosen]] = True
        return found

    def count(self, chosen: Mask) -> Ints:
        """Return for each prediction row how many chosen pairs are its."""
        return np.bincount(self.row[chosen], minlength=self.n_rows).astype(np.int64)


def starting(events: pa.Table, *prefixes: str) -> pa.Table:
    """Return the events whose code starts with one of the prefixes.

    >>> starting(pa.table({"code": ["ICD10CM//I50", "GENDER//F"]}), "ICD10CM//").num_rows
    1
    """
    codes = pc.dictionary_encode(events["code"].combine_chunks())
    words = codes.dictionary.to_pylist()
    wanted = pa.array([word.startswith(prefixes) for word in words], pa.bool_())
    return events.filter(wanted.take(codes.indices))


def pair(events: pa.Table, rows: pa.Table) -> Pairs:
    """Return all pairs of a prediction row and an event of its patient."""
    subjects = whole(events["subject_id"])
    order = np.argsort(subjects, kind="stable")
    wanted = whole(rows["subject_id"])
    first = np.searchsorted(subjects[order], wanted, side="left")
    last = np.searchsorted(subjects[order], wanted, side="right")
    counts = last - first
    row = np.repeat(np.arange(len(wanted)), counts)
    begins = np.cumsum(counts) - counts
    event = order[np.arange(len(row)) - begins[row] + first[row]]
    superseded = micros(events["superseded_at"], null=_NEVER)[event]
    known = micros(events["known_at"], null=_NEVER)[event]
    at = micros(rows["prediction_time"], null=_BEGINNING)[row]
    return Pairs(
        row=row,
        event=event,
        at=at,
        start=micros(rows["index_start"], null=_BEGINNING)[row],
        stay=whole(rows["encounter_id"])[row],
        time=micros(events["time"], null=_BEGINNING)[event],
        event_stay=whole(events["encounter_id"])[event],
        visible=(known <= at) & (at < superseded),
        final=superseded == _NEVER,
        n_rows=rows.num_rows,
    )
