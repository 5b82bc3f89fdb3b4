"""What follows a discharge: an unplanned readmission or none, the next planned stay, death.

After a live discharge one draw with the true risk decides whether an unplanned readmission comes
within 30 days. The steady process of first admissions rests meanwhile, and with it observation
stays, so the true risk is exact whichever unplanned stays a team counts. Planned stays
(chemotherapy every three to four weeks, joint surgery) may fall into those 30 days: the
readmission that was drawn stays where it is, and the new draw reaches only beyond the old window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.hospital.future import (
    FAR,
    MARGIN_SECONDS,
    first_admission,
    next_death,
    weekday_morning,
)
from attending.hospital.risk import DISPOSITIONS, LAST_DAY, come_by, readmission_days
from attending.hospital.sites import DAY_SECONDS, arrival_hours

if TYPE_CHECKING:
    from attending.hospital.future import Future
    from attending.hospital.people import People
    from attending.hospital.sites import LocalClock
    from attending.hospital.stays import Stays
    from attending.types import Ints, Mask, Risks

_MARGIN_DAYS = MARGIN_SECONDS // DAY_SECONDS
_HOSPICE, _DIED = DISPOSITIONS.index("HOSPICE"), DISPOSITIONS.index("DIED")


@dataclass(frozen=True)
class _Window:
    """The window of an older discharge that is still open at this one; arrays of one length."""

    is_open: Mask
    still_due: Risks
    days_left: Ints


def settle(
    future: Future,
    people: People,
    *,
    stay: Stays,
    fresh: Risks,
    clock: LocalClock,
    rng: np.random.Generator,
) -> Risks:
    """Return the true risks of a round of discharges, and put what follows them into `future`.

    `fresh` is the risk that each discharge would have without an older open window.
    """
    day = clock.day(stay.discharged, stay.site)
    older = _older_window(future, stay, day=day, clock=clock)
    after_days = readmission_days(rng, len(fresh))
    drawn = (rng.random(len(fresh)) < fresh) & (after_days > older.days_left)
    kept = older.is_open & future.is_readmission[stay.who]
    due = clock.moment(day + after_days, arrival_hours(rng, len(fresh)), site=stay.site)
    month_later = stay.discharged + (LAST_DAY + 1) * DAY_SECONDS
    base = first_admission(people, stay.who, after=month_later, clock=clock, rng=rng)
    unplanned = np.where(kept, future.unplanned[stay.who], np.where(drawn, due, base))
    _remember(future, stay, unplanned=unplanned, comes_back=kept | drawn)
    future.window_day[stay.who], future.window_risk[stay.who] = day, fresh
    _plan_next(future, stay, clock=clock, rng=rng)
    _die(future, people, stay=stay, comes_back=kept | drawn, rng=rng)
    beyond = fresh * (1.0 - come_by(older.days_left))
    return np.asarray(older.still_due + (1.0 - older.still_due) * beyond)


def _older_window(future: Future, stay: Stays, *, day: Ints, clock: LocalClock) -> _Window:
    """Return what an earlier draw still holds; only a planned stay leaves it open."""
    opened, risk = future.window_day[stay.who], future.window_risk[stay.who]
    is_open = stay.is_planned & (day - opened < LAST_DAY)
    came = clock.day(stay.admitted, stay.site) - opened + _MARGIN_DAYS
    passed = come_by(came)
    due = risk * (1.0 - passed) / (1.0 - risk * passed)
    return _Window(
        is_open=is_open,
        still_due=np.where(is_open, due, 0.0),
        days_left=np.where(is_open, LAST_DAY - (day - opened), 0),
    )


def _remember(future: Future, stay: Stays, *, unplanned: Ints, comes_back: Mask) -> None:
    future.unplanned[stay.who] = unplanned
    future.is_readmission[stay.who] = comes_back
    future.free[stay.who] = stay.discharged
    future.remember(stay.who, stay.admitted)
    future.cycles[stay.who] -= stay.is_planned


def _plan_next(future: Future, stay: Stays, *, clock: LocalClock, rng: np.random.Generator) -> None:
    """Set the next planned stay: after 18 to 26 days in a course, later after an illness."""
    who = stay.who
    day = clock.day(stay.discharged, stay.site) + rng.integers(18, 27, size=len(who))
    cycle = weekday_morning(day, stay.site, clock=clock, rng=rng)
    pause = np.where(future.joint[who], 45, 14) * DAY_SECONDS
    put_off = np.maximum(future.planned[who], stay.discharged + pause)
    after = np.where(stay.is_planned, cycle, put_off)
    future.planned[who] = np.where(future.cycles[who] > 0, after, FAR)


def _die(
    future: Future,
    people: People,
    *,
    stay: Stays,
    comes_back: Mask,
    rng: np.random.Generator,
) -> None:
    """Set the moment of death: never before a readmission that is due, soon after hospice."""
    who, n = stay.who, len(stay.who)
    later = next_death(people, who, after=stay.discharged, rng=rng)
    soon = stay.discharged + ((1.0 + 29.0 * rng.random(n)) * DAY_SECONDS).astype(np.int64)
    hospice_days = 1.0 + rng.exponential(18.0, size=n)
    hospice = stay.discharged + (hospice_days * DAY_SECONDS).astype(np.int64)
    frail = -5.6 + 0.4 * np.log1p(people.burden[who]) + 0.04 * (stay.age - 60.0)
    early = rng.random(n) < np.where(stay.is_planned, 0.2, 1.0) / (1.0 + np.exp(-frail))
    death = np.where(early, np.minimum(soon, later), later)
    death = np.where(stay.disposition == _HOSPICE, hospice, death)
    death = np.where(comes_back, np.maximum(death, future.unplanned[who] + 1), death)
    died = stay.disposition == _DIED
    future.death[who] = np.where(died, stay.discharged, death)
    future.unplanned[who] = np.where(died, FAR, future.unplanned[who])
    future.planned[who] = np.where(died, FAR, future.planned[who])
