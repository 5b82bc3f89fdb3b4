"""Clock times such as 06:00 in the zone of a site: when the last one was, daylight saving right."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from attending.times import DAY, to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.types import Ints

#: Floating and relative times are held as if they were UTC, and are never moved.
UTC_NAME = "UTC"
_UNREAL = frozenset({"floating", "relative"})
_EPOCH = date(1970, 1, 1)


class Zones(NamedTuple):
    """In which zone each site's clock stands; `time_zone` where a site has none of its own.

    >>> Zones("Europe/Berlin", {"LISBON": "Europe/Lisbon"}).of("LISBON")
    'Europe/Lisbon'
    >>> Zones("floating").of("ANY")
    'UTC'
    """

    time_zone: str = UTC_NAME
    by_site: Mapping[str, str] = {}

    def of(self, site: str | None) -> str:
        """Return the zone of a site."""
        zone = self.by_site.get(site or "", self.time_zone)
        return UTC_NAME if self.time_zone in _UNREAL or zone in _UNREAL else zone


def last_instants(at: Ints, zones: Sequence[str], clocks: Sequence[str]) -> Ints:
    """Return when each clock last showed its time, at or before each instant.

    Args:
        at: shape (n,), microseconds since 1970, UTC.
        zones: the zone of each instant, by its name.
        clocks: clock times such as `06:00`. One that is skipped is as before the change; one
            that is shown twice is the first.

    Returns:
        Shape (n, clocks), microseconds since 1970, UTC.

    >>> noon = np.array([to_micros(datetime.fromisoformat("2026-07-01T12:00:00+00:00"))])
    >>> last = last_instants(noon, ["Europe/Berlin"], ["06:00"])
    >>> ((noon - last[:, 0]) // 3_600_000_000).tolist()
    [8]
    """
    found = np.empty((len(at), len(clocks)), np.int64)
    if not clocks:
        return found
    named = np.asarray(zones, dtype=object)
    for zone in sorted(set(zones)):
        mine = np.flatnonzero(named == zone)
        for number, clock in enumerate(clocks):
            found[mine, number] = _last(at[mine], zone, clock)
    return found


def _last(at: Ints, zone: str, clock: str) -> Ints:
    days = np.unique(at // DAY)
    near = np.unique(np.concatenate([days + step for step in (-2, -1, 0, 1)])).tolist()
    instants = np.sort(np.array([_instant(day, zone, clock) for day in near], np.int64))
    return np.asarray(instants[np.searchsorted(instants, at, side="right") - 1])


@lru_cache(maxsize=65_536)
def _instant(day: int, zone: str, clock: str) -> int:
    """Return when a clock shows a time on a day, counted from 1970."""
    on = _EPOCH + timedelta(days=day)
    hour, minute = int(clock[:2]), int(clock[3:])
    return to_micros(datetime(on.year, on.month, on.day, hour, minute, tzinfo=ZoneInfo(zone)))
