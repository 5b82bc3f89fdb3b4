"""The four sites, how their patients differ, and what their local clocks show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    from attending.types import Floats, Ints

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600


@dataclass(frozen=True)
class Site:
    """One facility.

    Args:
        name: as files write it.
        zone: IANA time zone.
        share: part of all patients who live near it, 0 to 1.
        age_shift_years, hardship_shift, frailty_shift: how its patients differ.
    """

    name: str
    zone: str
    share: float
    age_shift_years: float
    hardship_shift: float
    frailty_shift: float


#: A general, a university (sicker), a city (younger, poorer) and a small country hospital.
SITES = (
    Site("GENERAL", "America/New_York", 0.44, 0.0, 0.0, 0.0),
    Site("UNIVERSITY", "America/New_York", 0.28, -2.0, -0.1, 0.35),
    Site("CITY", "America/Chicago", 0.22, -6.0, 0.5, 0.0),
    Site("VALLEY", "America/Chicago", 0.06, 7.0, 0.1, -0.15),
)
UNIVERSITY = 1


@dataclass(frozen=True)
class LocalClock:
    """Offsets from UTC in seconds, shape (sites, days); one offset a day, that of its noon in UTC.

    On the two days a year when clocks change, the hours before the change are one hour off.
    """

    first_day: int
    offsets: Ints

    def local(self, moment: Ints, site: Ints) -> Ints:
        """Return local wall time as seconds since 1970, for UTC seconds."""
        return np.asarray(moment + self._offset(moment // DAY_SECONDS, site), dtype=np.int64)

    def day(self, moment: Ints, site: Ints) -> Ints:
        """Return the local day number, days since 1970."""
        return np.asarray(self.local(moment, site) // DAY_SECONDS, dtype=np.int64)

    def moment(self, day: Ints, hour: Floats, *, site: Ints) -> Ints:
        """Return the UTC second at which the local clock shows `hour` (0 to 24) of `day`."""
        wall = day * DAY_SECONDS + np.round(hour * HOUR_SECONDS).astype(np.int64)
        return np.asarray(wall - self._offset(day, site), dtype=np.int64)

    def _offset(self, day: Ints, site: Ints) -> Ints:
        last = self.offsets.shape[1] - 1
        return np.asarray(self.offsets[site, np.clip(day - self.first_day, 0, last)])


def open_clock(start: datetime, days: int) -> LocalClock:
    """Return the local clocks of all sites from a year before `start` to two years after its end.

    >>> clock = open_clock(datetime(2024, 1, 1, tzinfo=UTC), 366)
    >>> noon = clock.moment(np.array([19_900]), np.array([12.0]), site=np.array([0]))
    >>> int(noon[0] - 19_900 * DAY_SECONDS) // HOUR_SECONDS
    16
    """
    first = int(start.timestamp()) // DAY_SECONDS - 366
    numbers = range(first, first + days + 3 * 366)
    noons = [datetime.fromtimestamp((n + 0.5) * DAY_SECONDS, tz=UTC) for n in numbers]
    rows: dict[str, list[int]] = {}
    for zone in sorted({site.zone for site in SITES}):
        there = ZoneInfo(zone)
        rows[zone] = [int(_seconds_from_utc(noon, there)) for noon in noons]
    offsets = np.array([rows[site.zone] for site in SITES], dtype=np.int64)
    return LocalClock(first_day=first, offsets=offsets)


def _seconds_from_utc(noon: datetime, zone: ZoneInfo) -> float:
    ahead = noon.astimezone(zone).utcoffset()
    return ahead.total_seconds() if ahead is not None else 0.0


#: Arrivals of unplanned patients by local hour: a low at 4, a plateau from 11 to 20.
_HOURLY = np.array(
    (
        *(2.6, 2.1, 1.8, 1.6, 1.5, 1.6, 2.0, 3.0, 4.2, 5.2, 5.9, 6.2),
        *(6.2, 6.1, 6.0, 5.9, 5.9, 5.9, 5.8, 5.6, 5.2, 4.6, 3.9, 3.2),
    )
)


def arrival_hours(rng: np.random.Generator, n: int) -> Floats:
    """Return local hours of arrival, 0 to 24.

    >>> bool(arrival_hours(np.random.default_rng(1), 100).max() < 24)
    True
    """
    chance = _HOURLY / _HOURLY.sum()
    return np.asarray(rng.choice(24, size=n, p=chance) + rng.random(n))


def winter(moment: Ints) -> Floats:
    """Return how deep in winter a moment is: 1 in mid January, -1 in mid July.

    >>> [round(float(x), 2) for x in winter(np.array([0, 182 * DAY_SECONDS]))]
    [0.97, -0.97]
    """
    return np.asarray(np.cos(2 * np.pi * (moment / DAY_SECONDS - 14.0) / 365.25))
