"""The days that work is counted by: each local day once, whatever the clocks do that night."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from attending.types import Instant


def begins(day: date, clock_time: str, zone: str) -> Instant:
    """Return the instant from which the work of a local day is due.

    A clock time that comes twice that day is meant the first time; one that does not come is moved
    by as much as the clocks were.

    Args:
        day: the local day.
        clock_time: such as `02:30`.
        zone: an IANA name.

    >>> begins(date(2026, 10, 25), "02:30", "Europe/Oslo").isoformat()
    '2026-10-25T00:30:00+00:00'
    >>> begins(date(2026, 3, 29), "02:30", "Europe/Oslo").isoformat()
    '2026-03-29T01:30:00+00:00'
    """
    hour, minute = map(int, clock_time.split(":"))
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC)


def newest_day(at: Instant, clock_time: str, zone: str) -> date:
    """Return the newest local day whose work is due at an instant.

    >>> newest_day(datetime(2026, 1, 2, 0, 30, tzinfo=UTC), "01:00", "UTC").isoformat()
    '2026-01-01'
    >>> newest_day(datetime(2026, 1, 2, 1, 0, tzinfo=UTC), "01:00", "UTC").isoformat()
    '2026-01-02'
    """
    day = at.astimezone(ZoneInfo(zone)).date()
    return day if begins(day, clock_time, zone) <= at else day - timedelta(days=1)


def days_between(after: date, before: date) -> tuple[date, ...]:
    """Return the days between two days, neither of them included.

    >>> [one.day for one in days_between(date(2026, 1, 1), date(2026, 1, 4))]
    [2, 3]
    """
    return tuple(after + timedelta(days=n) for n in range(1, (before - after).days))
