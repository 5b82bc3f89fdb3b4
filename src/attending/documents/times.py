"""How instants and lengths of time are written for readers: no T, no Z, no letter for a unit."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.times import parse_length

if TYPE_CHECKING:
    from attending.types import Instant

#: Between date and time; a line is not broken there.
_KEPT = "\u00a0"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SHORT = re.compile(r"\d+(?:\.\d+)?(?:min|[hdwy])")


def when(instant: Instant) -> str:
    r"""Return an instant to the minute, in UTC, on one line.

    >>> from attending.times import parse_instant
    >>> when(parse_instant("2026-01-02T05:04:59+02:00"))
    '2026-01-02\xa003:04\xa0UTC'
    """
    return f"{instant:%Y-%m-%d}{_KEPT}{instant:%H:%M}{_KEPT}UTC"


def day(instant: Instant) -> str:
    """Return the day of an instant, in UTC, as it is written to patients.

    >>> from attending.times import parse_instant
    >>> day(parse_instant("2026-01-02T05:04:59+02:00"))
    '2 January 2026'
    """
    return f"{instant.day} {_MONTHS[instant.month - 1]} {instant.year}"


def stated(micros: int) -> str:
    """Return a length as readers say it that a spec states in microseconds.

    >>> stated(36 * 3600 * 1_000_000)
    '1 day 12 hours'
    """
    return lasting(timedelta(microseconds=micros))


def spelt(length: str) -> str:
    """Return a length as readers say it that a record has in the short form of specs.

    >>> spelt("1d"), spelt("36h"), spelt("before the round")
    ('1 day', '1 day 12 hours', 'before the round')
    """
    return stated(parse_length(length)) if _SHORT.fullmatch(length) else length


def lasting(length: timedelta) -> str:
    """Return a length of time in days, hours and minutes, the two largest that there are.

    >>> lasting(timedelta(minutes=361)), lasting(timedelta(hours=24)), lasting(timedelta(hours=36))
    ('6 hours 1 minute', '1 day', '1 day 12 hours')
    >>> lasting(timedelta(seconds=59)), lasting(timedelta(days=-1))
    ('less than a minute', 'less than a minute')
    """
    minutes = max(int(length.total_seconds()) // 60, 0)
    parts = (minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute")
    told = [f"{many} {unit}{'s' if many > 1 else ''}" for many, unit in parts if many]
    return " ".join(told[:2]) or "less than a minute"
