"""Instants and lengths of time: UTC-aware, microseconds inside, one way to write them.

Floating and relative sources are stored as if their times were UTC and are never converted.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from attending.errors import BadInput

if TYPE_CHECKING:
    from attending.types import Instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_LENGTH = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|min|h|d|w|y)\s*$")
_UNIT_MICROS = {
    "s": SECOND,
    "min": MINUTE,
    "h": HOUR,
    "d": DAY,
    "w": 7 * DAY,
    "y": 365 * DAY + 6 * HOUR,
}


def parse_instant(text: str, *, where: str = "") -> Instant:
    """Return the instant that RFC 3339 text names; a zone is required.

    Raises:
        BadInput: not RFC 3339, or without a zone.

    >>> parse_instant("2026-01-02T03:04:05Z")
    datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise BadInput(
            "expected an instant with a zone",
            code="time.instant",
            hint="Write it as 2026-01-31T06:00:00Z.",
            where=where,
        )
    return instant.astimezone(UTC)


def format_instant(instant: Instant) -> str:
    """Return RFC 3339 text in UTC with microseconds only when there are any.

    >>> format_instant(parse_instant("2026-01-02T05:04:05+02:00"))
    '2026-01-02T03:04:05Z'
    """
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return utc.isoformat()[: -len("+00:00")] + "Z"


def to_micros(instant: Instant) -> int:
    """Return microseconds since 1970 in UTC.

    >>> to_micros(parse_instant("1970-01-01T00:00:01Z"))
    1000000
    """
    return (instant - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> Instant:
    """Return the instant that lies `micros` microseconds after 1970 in UTC.

    >>> format_instant(from_micros(1_000_000))
    '1970-01-01T00:00:01Z'
    """
    return EPOCH + timedelta(microseconds=micros)


def parse_length(text: str, *, where: str = "") -> int:
    """Return a length of time in microseconds; the unit is one of s, min, h, d, w, y (365.25 d).

    Raises:
        BadInput: no number, no unit, or an unknown unit.

    >>> parse_length("36h") // HOUR
    36
    >>> parse_length("48")
    Traceback (most recent call last):
    ...
    attending.errors.BadInput: got '48', expected a length with a unit
    Write it as '48h', '30d' or '15min'.
    """
    found = _LENGTH.match(str(text))
    if found is None:
        raise BadInput(
            f"got '{text}', expected a length with a unit",
            code="time.length",
            hint="Write it as '48h', '30d' or '15min'.",
            where=where,
        )
    return round(float(found[1]) * _UNIT_MICROS[found[2]])


def format_length(micros: int) -> str:
    """Return a length as people write it, in the largest unit that divides it.

    >>> format_length(36 * HOUR), format_length(2 * DAY)
    ('36h', '2d')
    """
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE), ("s", SECOND)):
        if micros % size == 0:
            return f"{micros // size}{unit}"
    return f"{micros / SECOND}s"
