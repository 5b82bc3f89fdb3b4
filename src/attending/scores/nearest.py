"""Which mark of the same group stands next to a moment: before it, at it, or after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from attending.types import Ints


class Marks(NamedTuple):
    """Moments of groups, as arrays of one length; in ascending order where they are searched."""

    group: Ints
    time: Ints

    def ordered(self) -> Ints:
        """Return the order by group and time."""
        return np.lexsort((self.time, self.group))


def last_at_or_before(marks: Marks, asked: Marks) -> Ints:
    """Return where the last mark at or before each asked moment of its group stands, -1 for none.

    >>> marks = Marks(np.array([1, 1, 2]), np.array([10, 20, 5]))
    >>> last_at_or_before(marks, Marks(np.array([1, 1, 2, 3]), np.array([20, 9, 9, 9]))).tolist()
    [1, -1, 2, -1]
    """
    return _same_group(marks, asked, _passed(marks, asked) - 1)


def first_after(marks: Marks, asked: Marks) -> Ints:
    """Return where the first mark after each asked moment of its group stands, -1 for none.

    >>> marks = Marks(np.array([1, 1, 2]), np.array([10, 20, 5]))
    >>> first_after(marks, Marks(np.array([1, 1, 2, 3]), np.array([20, 9, 9, 9]))).tolist()
    [-1, 0, -1, -1]
    """
    return _same_group(marks, asked, _passed(marks, asked))


def _passed(marks: Marks, asked: Marks) -> Ints:
    """Return how many marks stand at or before each asked moment, all groups counted."""
    n = len(marks.group)
    is_asked = np.arange(n + len(asked.group)) >= n
    both = (np.concatenate(pair) for pair in zip(marks, asked, strict=True))
    group, time = both
    order = np.lexsort((is_asked, time, group))
    counted = np.empty(len(order), dtype=np.int64)
    counted[order] = np.cumsum(~is_asked[order])
    return counted[n:]


def _same_group(marks: Marks, asked: Marks, place: Ints) -> Ints:
    inside = (place >= 0) & (place < len(marks.group))
    groups = np.append(marks.group, -1)
    return np.where(inside & (groups[np.where(inside, place, -1)] == asked.group), place, -1)
