"""When shifts begin: the clock times of a site's zone as instants, daylight saving right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.cohort.index_times import clock_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attending.types import Ints


class Ticks(NamedTuple):
    """The beginnings of shifts, ascending, and the clock time of each.

    Args:
        at: shape (n,), microseconds.
        clock: shape (n,), such as `07:00`.
    """

    at: Ints
    clock: NDArray[np.object_]


def shift_ticks(shifts: Sequence[str], zone: str, *, first: int, last: int) -> Ticks:
    """Return every beginning of a shift from `first` to `last`, both within.

    A clock that is set back or ahead makes a shift an hour longer or shorter; two clock times that
    fall on one instant are one shift.

    >>> from attending.times import HOUR
    >>> ticks = shift_ticks(["07:00", "19:00"], "UTC", first=0, last=48 * HOUR)
    >>> (ticks.at // HOUR).tolist(), ticks.clock.tolist()
    ([7, 19, 31, 43], ['07:00', '19:00', '07:00', '19:00'])
    """
    parts = [clock_ticks(clock, zone, first=first, last=last) for clock in shifts]
    at = np.concatenate(parts)
    names = np.repeat(np.array(list(shifts), object), [len(part) for part in parts])
    at, place = np.unique(at, return_index=True)
    inside = (at >= first) & (at <= last)
    return Ticks(at[inside], names[place][inside])
