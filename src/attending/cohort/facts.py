"""The rows of one shard as arrays, with both clocks, for all that a cohort asks of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from attending.engines.codes import matches
from attending.engines.order import refuse_unsorted
from attending.engines.tables import coded, micros, numbers, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from attending.types import Floats, Ints, Mask

#: Stands for a null instant: never superseded, never discharged, never died.
NEVER = np.iinfo(np.int64).max
#: Stands for the null time of a static fact.
STATIC = np.iinfo(np.int64).min
#: Stands for a stay without an id; pseudonyms are above zero.
NO_STAY = -1

#: Columns of the event table that a cohort reads.
COLUMNS = (
    "subject_id",
    "time",
    "code",
    "numeric_value",
    "text_value",
    "unit",
    "known_at",
    "superseded_at",
    "encounter_id",
    "site",
)


@dataclass(frozen=True)
class Facts:
    """Rows of whole patients in canonical order.

    Args:
        events: the rows.
        as_of: end of what may be seen, in microseconds.
    """

    events: pa.Table
    as_of: int

    def __post_init__(self) -> None:
        refuse_unsorted(self.subject, self.time, self.known)

    @cached_property
    def subject(self) -> Ints:
        """Return the subject of every row."""
        return whole_numbers(self.events["subject_id"])

    @cached_property
    def time(self) -> Ints:
        """Return when each row happened; `STATIC` for a static fact."""
        return micros(self.events["time"], null=STATIC)

    @cached_property
    def known(self) -> Ints:
        """Return when each row could first be seen."""
        return micros(self.events["known_at"], null=NEVER)

    @cached_property
    def superseded(self) -> Ints:
        """Return when each row was replaced; `NEVER` for one that was not."""
        return micros(self.events["superseded_at"], null=NEVER)

    @cached_property
    def encounter(self) -> Ints:
        """Return the stay of every row; `NO_STAY` for none."""
        return whole_numbers(self.events["encounter_id"], null=NO_STAY)

    @cached_property
    def value(self) -> Floats:
        """Return the number of every row; NaN for none."""
        return numbers(self.events["numeric_value"])

    @cached_property
    def _codes(self) -> tuple[NDArray[np.int32], NDArray[np.object_]]:
        indices, words = coded(self.events["code"])
        return indices, np.array([word or "" for word in words], dtype=object)

    def texts(self, name: str, rows: Ints) -> NDArray[np.object_]:
        """Return the text of some rows in one column; None for null."""
        indices, words = coded(self.events[name].take(rows))
        return np.array(words, dtype=object)[indices]

    def codes(self, rows: Ints, prefix: str = "") -> NDArray[np.object_]:
        """Return the code of some rows, without a prefix that they have."""
        indices, words = self._codes
        short: NDArray[np.object_] = np.array([w.removeprefix(prefix) for w in words], object)
        return short[indices[rows]]

    def coded(self, wanted: Sequence[str]) -> Mask:
        """Return which rows have one of these codes; one that ends in `*` is a prefix."""
        indices, words = self._codes
        hits = np.array([any(matches(word, one) for one in wanted) for word in words], np.bool_)
        return np.asarray(hits[indices], dtype=np.bool_)

    @cached_property
    def now(self) -> Mask:
        """Return which rows are visible at the end of what may be seen."""
        return np.asarray((self.known <= self.as_of) & (self.as_of < self.superseded))

    def last_visible(self, wanted: Sequence[str], subject: Ints, at: Ints) -> Ints:
        """Return the last row with one of these codes that is visible at each instant, or -1.

        Args:
            wanted: codes or prefixes.
            subject: shape (n,).
            at: shape (n,), microseconds.
        """
        rows = np.flatnonzero(self.coded(wanted))
        where, row = pairs(subject, self.subject[rows], rows)
        seen = self.visible(row, at[where])
        last = np.full(len(subject), -1, np.int64)
        # Pairs of one instant stand in canonical order, so the last that is written stays.
        np.maximum.at(last, where[seen], row[seen])
        return last

    def visible(self, row: Ints, at: Ints) -> Mask:
        """Return whether each row is visible at its instant, and has happened by it."""
        return np.asarray(
            (self.known[row] <= at) & (at < self.superseded[row]) & (self.time[row] <= at)
        )


def pairs(subject: Ints, row_subject: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return every pair of an asking position and a row of the same subject.

    Args:
        subject: who asks, shape (n,).
        row_subject: whose each row is, ascending.
        rows: the rows, in the same order.

    >>> where, row = pairs(np.array([7, 8]), np.array([7, 7, 9]), np.array([3, 4, 5]))
    >>> where.tolist(), row.tolist()
    ([0, 0], [3, 4])
    """
    low = np.searchsorted(row_subject, subject, side="left")
    sizes = np.searchsorted(row_subject, subject, side="right") - low
    where = np.repeat(np.arange(len(subject)), sizes)
    ends = np.cumsum(sizes)
    inside = np.arange(len(where)) - np.repeat(ends - sizes, sizes)
    return where, rows[np.repeat(low, sizes) + inside]


def first_after(subject: Ints, after: Ints, *, keys: tuple[Ints, Ints]) -> Ints:
    """Return the place of the first key of the same subject with a later time, or -1.

    Args:
        subject: who asks, shape (n,).
        after: the instant that the key's time must be later than, shape (n,).
        keys: subjects and times, ascending by both.

    >>> keys = (np.array([1, 1, 2]), np.array([5, 9, 6]))
    >>> first_after(np.array([1, 1, 2]), np.array([5, 9, 1]), keys=keys).tolist()
    [1, -1, 2]
    """
    owners, times = keys
    if not len(owners):
        return np.full(len(subject), -1, np.int64)
    ranks = np.unique(np.concatenate([times, after]))
    width = len(ranks) + 1
    people = np.unique(owners)
    place = np.searchsorted(people, owners) * width + np.searchsorted(ranks, times)
    who = np.searchsorted(people, subject)
    asked = who * width + np.searchsorted(ranks, after)
    found = np.searchsorted(place, asked, side="right")
    inside = np.minimum(found, len(owners) - 1)
    same = (found < len(owners)) & (owners[inside] == subject)
    return np.asarray(np.where(same, inside, -1), dtype=np.int64)
