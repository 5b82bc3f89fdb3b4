"""Age by the calendar: an eighteenth birthday is 18.00, whatever leap days lie between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from attending.types import Floats, Ints


def years_between(birth: Ints, at: Ints) -> Floats:
    """Return years from birth to an instant, whole at every birthday, with a part of a year.

    A birthday is the day and hour of birth; one born on 29 February has it on 1 March in a year
    without that day.

    Args:
        birth: shape (n,), microseconds since 1970, UTC.
        at: shape (n,), microseconds since 1970, UTC.

    >>> from datetime import datetime
    >>> def us(*ymd): return np.array([datetime(*ymd)], "M8[us]").astype(np.int64)
    >>> years_between(us(2008, 2, 29), us(2026, 3, 1)).item()
    18.0
    >>> years_between(us(2008, 2, 29), us(2026, 2, 28)).item() < 18
    True
    """
    born = birth.astype("M8[us]")
    month = born.astype("M8[M]")
    into_month = (born - month).astype(np.int64)
    years = (at.astype("M8[us]").astype("M8[Y]") - born.astype("M8[Y]")).astype(np.int64)
    years -= _birthday(month, into_month, years) > at
    last = _birthday(month, into_month, years)
    following = _birthday(month, into_month, years + 1)
    return np.asarray(years + (at - last) / (following - last), dtype=np.float64)


def _birthday(month: np.ndarray, into_month: Ints, years: Ints) -> Ints:
    """Return the birthday after some years; day 29 of a short February is 1 March."""
    start = (month + (12 * years).astype("m8[M]")).astype("M8[us]").astype(np.int64)
    return np.asarray(start + into_month, dtype=np.int64)
