"""Contacts without a stay: visits to the emergency department that end at home, and clinics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.hospital.sites import DAY_SECONDS, HOUR_SECONDS, arrival_hours, winter

if TYPE_CHECKING:
    from attending.hospital.people import People
    from attending.hospital.plan import HospitalPlan
    from attending.hospital.sites import LocalClock
    from attending.types import Floats, Ints, Mask

#: Larger than any UTC second of a plan, so that (patient, second) sorts as one number.
_SECONDS_RADIX = 1 << 36
_YEAR_DAYS = 365.25


@dataclass(frozen=True)
class Visits:
    """Visits sorted by patient and arrival; arrays of one length."""

    who: Ints
    arrived: Ints
    left: Ints
    site: Ints

    def __len__(self) -> int:
        return len(self.who)

    def count(self, who: Ints, since: Ints, *, until: Ints) -> Ints:
        """Return how many visits each patient made in [since, until).

        >>> one = np.array([4]); v = Visits(who=one, arrived=one * 100, left=one * 101, site=one)
        >>> v.count(np.array([4, 4]), np.array([0, 401]), until=np.array([401, 900])).tolist()
        [1, 0]
        """
        keys = self.who * _SECONDS_RADIX + self.arrived
        first = np.searchsorted(keys, who * _SECONDS_RADIX + since)
        last = np.searchsorted(keys, who * _SECONDS_RADIX + until)
        return np.asarray(last - first, dtype=np.int64)

    def keep(self, mask: Mask) -> Visits:
        """Return the visits where `mask` is true."""
        return Visits(
            self.who[mask], self.arrived[mask], left=self.left[mask], site=self.site[mask]
        )


def draw_emergency(
    plan: HospitalPlan, people: People, *, clock: LocalClock, rng: np.random.Generator
) -> Visits:
    """Return visits to the emergency department that end at home; more in winter, more in need."""
    yearly = np.exp(-1.35 + 0.45 * people.hardship + 0.35 * people.frailty)
    who, day = _days(plan, people, yearly=yearly, rng=rng)
    stays = rng.random(len(who)) < (1.0 + 0.15 * winter(day * DAY_SECONDS)) / 1.15
    who, day = who[stays], day[stays]
    arrived = clock.moment(day, arrival_hours(rng, len(who)), site=people.site[who])
    hours = np.exp(rng.normal(1.3, 0.5, size=len(who)))
    return _sorted(who, arrived, hours=hours, site=people.site[who])


def draw_clinics(
    plan: HospitalPlan, people: People, *, clock: LocalClock, rng: np.random.Generator
) -> Visits:
    """Return clinic visits: on weekdays between 8 and 17 local time, more for the burdened."""
    yearly = np.exp(-0.6 + 0.4 * np.log1p(people.burden))
    who, day = _days(plan, people, yearly=yearly, rng=rng)
    day = day + np.array([0, 0, 2, 1, 0, 0, 0])[day % 7]  # day 0 was a Thursday
    arrived = clock.moment(day, 8.0 + 9.0 * rng.random(len(who)), site=people.site[who])
    return _sorted(who, arrived, hours=np.full(len(who), 0.75), site=people.site[who])


def _days(
    plan: HospitalPlan, people: People, *, yearly: Floats, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return patients and days of a steady process from entry to the end of the plan."""
    end = int(plan.end.timestamp())
    span_days = (end - people.entry) / DAY_SECONDS - 2.0
    counts = rng.poisson(np.maximum(yearly * span_days / _YEAR_DAYS, 0.0))
    who = np.repeat(np.arange(len(people)), counts)
    first = people.entry[who] // DAY_SECONDS + 1
    return who, first + (rng.random(len(who)) * span_days[who]).astype(np.int64)


def _sorted(who: Ints, arrived: Ints, *, hours: Floats, site: Ints) -> Visits:
    order = np.lexsort((arrived, who))
    left = arrived + (np.maximum(hours, 0.4) * HOUR_SECONDS).astype(np.int64)
    return Visits(who[order], arrived[order], left=left[order], site=site[order])


def outside_stays(visits: Visits, stays: tuple[Ints, Ints, Ints], died: Ints) -> Visits:
    """Return the visits that end before death and touch no stay by less than 12 hours.

    Args:
        visits: sorted by patient and arrival.
        stays: patients, admissions and discharges, sorted by patient and admission.
        died: moment of death by patient, very large for the living.
    """
    who, admitted, discharged = stays
    margin = 12 * HOUR_SECONDS
    keys = who * _SECONDS_RADIX + admitted - margin
    before = np.searchsorted(keys, visits.who * _SECONDS_RADIX + visits.left, side="right") - 1
    at = np.maximum(before, 0)
    same = (before >= 0) & (who[at] == visits.who)
    inside = same & (visits.arrived < discharged[at] + margin)
    return visits.keep(~inside & (visits.left < died[visits.who]))
