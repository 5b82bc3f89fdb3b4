"""The compiled loop that reads instants in their commonest form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from attending.times import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Ints

FORM = "0000-00-00T00:00:00Z"
WIDTH = len(FORM)
_FORM = np.frombuffer(FORM.encode("ascii"), np.uint8)
_ZERO, _NINE = ord("0"), ord("9")
_FIRST_YEAR, _LAST_YEAR = 1000, 2999
#: Days of the civil calendar before 1970, counted from the first of March of the year 0.
_BEFORE_1970, _OF_400_YEARS = 719_468, 146_097
_MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_SECOND = int(SECOND)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def read_instants(cells: NDArray[np.uint8], into: Ints) -> bool:
    """Fill in microseconds; false when a text is not of the form or names no day."""
    for at in range(len(into)):
        start = at * WIDTH
        for place in range(WIDTH):
            cell = cells[start + place]
            if _FORM[place] == _ZERO:
                if cell < _ZERO or cell > _NINE:
                    return False
            elif cell != _FORM[place]:
                return False
        year = _two(cells, start) * 100 + _two(cells, start + 2)
        month, day = _two(cells, start + 5), _two(cells, start + 8)
        hour, minute = _two(cells, start + 11), _two(cells, start + 14)
        second = _two(cells, start + 17)
        if year < _FIRST_YEAR or year > _LAST_YEAR or month < 1 or month > 12 or day < 1:
            return False
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if day > _MONTH_DAYS[month - 1] + (1 if leap and month == 2 else 0):
            return False
        if hour > 23 or minute > 59 or second > 59:
            return False
        seconds = ((_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
        into[at] = seconds * _SECOND
    return True


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def _two(cells: NDArray[np.uint8], at: int) -> np.int64:
    return (np.int64(cells[at]) - _ZERO) * 10 + np.int64(cells[at + 1]) - _ZERO


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def _days(year: np.int64, month: np.int64, day: np.int64) -> np.int64:
    """Return days since 1970 of a day of the civil calendar; the year begins in March."""
    if month <= 2:
        year, month = year - 1, month + 12
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month - 3) + 2) // 5 + day - 1
    return era * _OF_400_YEARS + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _BEFORE_1970
