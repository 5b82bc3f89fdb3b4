"""Pair every prediction row with the events of its patient, and say which were visible then."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.scores.columns import micros, whole

if TYPE_CHECKING:
    from attending.types import Floats, Ints, Mask

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
        age_order: rank of each event among equals of one time, the same in any order of rows.
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
    age_order: Ints

    @cached_property
    def oldest_first(self) -> Ints:
        """Return pairs by prediction row, each from its oldest event to its newest."""
        return np.lexsort((self.age_order, self.time, self.row))

    def newest(self, chosen: Mask) -> Ints:
        """Return for each prediction row its newest chosen event, -1 for none.

        Ties go to the event that was known later, then to the larger value.
        """
        return self._last(self.oldest_first, chosen)

    def oldest(self, chosen: Mask) -> Ints:
        """Return for each prediction row its oldest chosen event, -1 for none."""
        return self._last(self.oldest_first[::-1], chosen)

    def most(self, value: Floats, chosen: Mask) -> Ints:
        """Return for each prediction row its chosen event of the largest value, -1 for none.

        Ties go to the newest.
        """
        order = self.oldest_first[chosen[self.oldest_first]]
        return self._last(order[np.argsort(value[order], kind="stable")], chosen)

    def _last(self, order: Ints, chosen: Mask) -> Ints:
        found = np.full(self.n_rows, -1, dtype=np.int64)
        kept = order[chosen[order]]
        # Later assignments win.
        found[self.row[kept]] = self.event[kept]
        return found

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


def pair(events: pa.Table, rows: pa.Table, *, within: int | None = None) -> Pairs:
    """Return all pairs of a prediction row and an event of its patient.

    Args:
        events: one shard's events, in any order.
        rows: prediction rows.
        within: microseconds; only events of (prediction - within, prediction] where given.
    """
    subjects, times = whole(events["subject_id"]), micros(events["time"], null=_BEGINNING)
    order = np.lexsort((times, subjects))
    wanted = whole(rows["subject_id"])
    first = np.searchsorted(subjects[order], wanted, side="left")
    last = np.searchsorted(subjects[order], wanted, side="right")
    due = micros(rows["prediction_time"], null=_BEGINNING)
    if within is not None:
        first, last = (
            _after(times[order], first, last, moment=moment) for moment in (due - within, due)
        )
    counts = last - first
    row = np.repeat(np.arange(len(wanted)), counts)
    begins = np.cumsum(counts) - counts
    event = order[np.arange(len(row)) - begins[row] + first[row]]
    superseded = micros(events["superseded_at"], null=_NEVER)[event]
    known = micros(events["known_at"], null=_NEVER)[event]
    at = due[row]
    return Pairs(
        row=row,
        event=event,
        at=at,
        start=micros(rows["index_start"], null=_BEGINNING)[row],
        stay=whole(rows["encounter_id"])[row],
        time=times[event],
        event_stay=whole(events["encounter_id"])[event],
        visible=(known <= at) & (at < superseded),
        final=superseded == _NEVER,
        n_rows=rows.num_rows,
        age_order=_age_order(events)[event],
    )


def _after(times: Ints, first: Ints, last: Ints, *, moment: Ints) -> Ints:
    """Return where in each block of ascending times those later than a moment begin."""
    low, high = first.copy(), last.copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        early = open_ & (times[np.minimum(middle, len(times) - 1)] <= moment)
        low = np.where(early, middle + 1, low)
        high = np.where(open_ & ~early, middle, high)
    return low


def _age_order(events: pa.Table) -> Ints:
    """Return ranks by when a row was known, then its value, its code and where it came from."""
    if events.num_rows < 2:
        return np.zeros(events.num_rows, dtype=np.int64)
    value = pc.fill_null(events["numeric_value"].cast(pa.float64()), -np.inf)
    keys = [
        *(_ranks(events, name) for name in ("source_row", "source", "code")),
        np.asarray(value.to_numpy()),
        micros(events["known_at"], null=_NEVER),
    ]
    ranks = np.empty(events.num_rows, dtype=np.int64)
    ranks[np.lexsort(keys)] = np.arange(events.num_rows)
    return ranks


def _ranks(events: pa.Table, name: str) -> Ints:
    if name not in events.column_names or events[name].null_count == events.num_rows:
        return np.zeros(events.num_rows, dtype=np.int64)
    words = pc.fill_null(events[name].cast(pa.string()), "").combine_chunks()
    return np.asarray(pc.rank(words, tiebreaker="dense").to_numpy(), dtype=np.int64)
