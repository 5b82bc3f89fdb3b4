"""What is to come for each patient: the next unplanned stay, the next planned one, and death.

First admissions and deaths follow steady processes whose rates rise with age, burden and frailty;
admissions are a fifth more common in mid winter than on average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.hospital.conditions import INDEX
from attending.hospital.sites import DAY_SECONDS, UNIVERSITY, arrival_hours

if TYPE_CHECKING:
    from attending.hospital.people import People
    from attending.hospital.plan import HospitalPlan
    from attending.hospital.sites import LocalClock
    from attending.types import Floats, Ints, Mask

#: Later than anything that a plan can reach.
FAR = np.int64(1) << 35
_YEAR_DAYS = 365.25
_WINTER = 0.2
_PEAK_DAY = 14.0
#: A planned stay needs this long before the next unplanned one, or it is put off.
MARGIN_SECONDS = 6 * DAY_SECONDS
_REMEMBERED = 8


@dataclass
class Future:
    """The state of the rounds; arrays by patient number, changed in place.

    Args:
        unplanned, planned, death: UTC seconds of what comes next, FAR when nothing does.
        is_readmission: whether `unplanned` was drawn by a discharge.
        joint: whether planned stays are joint surgery; else chemotherapy.
        cycles: planned stays that are left.
        free: last discharge, or the entry.
        window_day, window_risk: local day and new-draw risk of the last live discharge.
        recent: shape (n, 8), the last admissions.
    """

    unplanned: Ints
    planned: Ints
    death: Ints
    is_readmission: Mask
    joint: Mask
    cycles: Ints
    free: Ints
    window_day: Ints
    window_risk: Floats
    recent: Ints

    def stays_before(self, who: Ints, admitted: Ints) -> Ints:
        """Return admissions within the 365 days before an admission."""
        since = admitted - 365 * DAY_SECONDS
        return np.asarray((self.recent[who] >= since[:, None]).sum(axis=1), dtype=np.int64)

    def remember(self, who: Ints, admitted: Ints) -> None:
        """Put an admission in front of the earlier ones."""
        self.recent[who] = np.column_stack((admitted, self.recent[who][:, :-1]))


def begin(
    plan: HospitalPlan, people: People, *, clock: LocalClock, rng: np.random.Generator
) -> Future:
    """Return the state at every patient's entry."""
    n = len(people)
    everyone = np.arange(n)
    planned, joint, cycles = _planned(plan, people, clock=clock, rng=rng)
    return Future(
        unplanned=first_admission(people, everyone, after=people.entry, clock=clock, rng=rng),
        planned=planned,
        death=next_death(people, everyone, after=people.entry, rng=rng),
        is_readmission=np.zeros(n, dtype=np.bool_),
        joint=joint,
        cycles=cycles,
        free=people.entry.copy(),
        window_day=np.full(n, -10_000, dtype=np.int64),
        window_risk=np.zeros(n),
        recent=np.full((n, _REMEMBERED), -FAR, dtype=np.int64),
    )


def first_admission(
    people: People, who: Ints, *, after: Ints, clock: LocalClock, rng: np.random.Generator
) -> Ints:
    """Return the next admission of the steady process, at least a day after `after`."""
    age = people.age(after, who)
    yearly = np.exp(
        -1.55
        + 0.35 * people.frailty[who]
        + 0.40 * np.log1p(people.burden[who])
        + 0.15 * people.hardship[who]
        + 0.012 * (age - 50.0)
        + 0.9 * (age < 6.0)
    )
    gap_days = rng.exponential(size=len(who)) * _YEAR_DAYS / yearly
    day = _in_season(after / DAY_SECONDS + 1.5, np.minimum(gap_days, 40_000.0))
    return clock.moment(day, arrival_hours(rng, len(who)), site=people.site[who])


def _in_season(first: Floats, gap_days: Floats) -> Ints:
    """Return the day on which a seasonal rate has used up a gap, by fixed-point steps."""
    turn = 2 * np.pi / _YEAR_DAYS

    def beyond(day: Floats) -> Floats:
        return np.asarray(_WINTER * np.sin(turn * (day - _PEAK_DAY)) / turn)

    goal = first + beyond(first) + gap_days
    day = goal
    for _ in range(12):
        day = goal - beyond(day)
    return np.asarray(np.ceil(day), dtype=np.int64)


def next_death(people: People, who: Ints, *, after: Ints, rng: np.random.Generator) -> Ints:
    """Return the moment of death from a rate that doubles about every eight years of age."""
    yearly = np.exp(
        -10.3
        + 0.085 * people.age(after, who)
        + 0.45 * np.log1p(people.burden[who])
        + 0.2 * people.frailty[who]
    )
    gap_days = np.minimum(rng.exponential(size=len(who)) / yearly * _YEAR_DAYS, 100_000.0)
    return np.asarray(after + (gap_days * DAY_SECONDS).astype(np.int64) + DAY_SECONDS)


def _planned(
    plan: HospitalPlan, people: People, *, clock: LocalClock, rng: np.random.Generator
) -> tuple[Ints, Mask, Ints]:
    """Return the first planned stay, whether it is joint surgery, and how many there will be."""
    n = len(people)
    cancer = people.conditions[:, INDEX["cancer"]]
    chemo = cancer & (rng.random(n) < 0.40)
    worn = people.conditions[:, INDEX["arthritis"]]
    joint = ~chemo & worn & (rng.random(n) < 0.22)
    left_days = (int(plan.end.timestamp()) - people.entry) / DAY_SECONDS
    day = people.entry // DAY_SECONDS + 10 + (rng.random(n) * left_days).astype(np.int64)
    first = weekday_morning(day, _planned_site(people, np.arange(n), joint), clock=clock, rng=rng)
    cycles = np.where(chemo, rng.integers(3, 8, size=n), joint.astype(np.int64))
    return np.where(chemo | joint, first, FAR), joint, cycles


def _planned_site(people: People, who: Ints, joint: Mask) -> Ints:
    return np.asarray(np.where(joint, people.site[who], UNIVERSITY), dtype=np.int64)


def weekday_morning(day: Ints, site: Ints, *, clock: LocalClock, rng: np.random.Generator) -> Ints:
    """Return a moment between 6 and 10 local time, on a day moved from the weekend to Monday."""
    workday = day + np.array([0, 0, 2, 1, 0, 0, 0])[day % 7]  # day 0 was a Thursday
    return clock.moment(workday, 6.0 + 4.0 * rng.random(len(day)), site=site)
