"""How long ago something was, and how long there is until it is due, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from attending.types import Instant

_HOUR, _DAY = 3600, 86400


def length(of: timedelta) -> str:
    """Return a length in the largest unit that says it well.

    >>> from datetime import timedelta
    >>> length(timedelta(minutes=5)), length(timedelta(hours=47)), length(timedelta(days=3))
    ('5 min', '47 h', '3 days')
    """
    seconds = abs(of.total_seconds())
    if seconds < _HOUR:
        return f"{seconds // 60:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h"
    return f"{seconds // _DAY:.0f} days"


def ago(then: Instant, now: Instant) -> str:
    """Return how long ago something was."""
    return f"{length(now - then)} ago"


def left(due: Instant, now: Instant) -> str:
    """Return how long there is until something is due, or how late it is.

    >>> from attending.times import parse_instant
    >>> left(parse_instant("2026-03-02T06:00:00Z"), parse_instant("2026-03-02T08:00:00Z"))
    '2 h late'
    """
    return f"{length(due - now)} left" if now <= due else f"{length(now - due)} late"
