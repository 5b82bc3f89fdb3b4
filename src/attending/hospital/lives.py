"""Lives in rounds: every round takes each patient through the next stay to its discharge."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from attending.hospital.course import (
    Arrival,
    arrive,
    discharge_moments,
    dispositions,
    lengths_of_stay,
    severities,
)
from attending.hospital.future import MARGIN_SECONDS, begin
from attending.hospital.physiology import latents
from attending.hospital.risk import Discharge, readmission_risk
from attending.hospital.sequel import settle
from attending.hospital.sites import DAY_SECONDS
from attending.hospital.stays import Stays

if TYPE_CHECKING:
    from attending.hospital.future import Future
    from attending.hospital.people import People
    from attending.hospital.plan import HospitalPlan
    from attending.hospital.sites import LocalClock
    from attending.hospital.visits import Visits
    from attending.types import Floats, Ints, Mask


def live(
    plan: HospitalPlan,
    people: People,
    *,
    usual: Floats,
    visits: Visits,
    clock: LocalClock,
    rng: np.random.Generator,
) -> tuple[Stays, Ints]:
    """Return all stays that begin before the plan ends, and everyone's moment of death.

    `usual` holds everyone's usual latents; `visits` those to the emergency department that end
    at home, for the earlier use of the hospital.
    """
    end = int(plan.end.timestamp())
    future = begin(plan, people, clock=clock, rng=rng)
    rounds: list[Stays] = []
    while not rounds or len(rounds[-1]):
        who, is_planned = _next(future, end)
        arrival = arrive(future, people, who=who, is_planned=is_planned, rng=rng)
        stay = _stay(people, arrival, usual=usual[who], clock=clock, rng=rng)
        fresh = readmission_risk(people, _discharge(stay, future, visits), rng)
        risk = settle(future, people, stay=stay, fresh=fresh, clock=clock, rng=rng)
        rounds.append(replace(stay, risk=np.where(stay.is_alive, risk, np.nan)))
    return _joined(rounds), future.death


def _next(future: Future, end: int) -> tuple[Ints, Mask]:
    """Return the patients with another stay before death and the end, and whether it is planned."""
    is_planned = future.planned + MARGIN_SECONDS < future.unplanned
    moment = np.where(is_planned, future.planned, future.unplanned)
    needed = moment + MARGIN_SECONDS * is_planned
    who = np.flatnonzero((moment < end) & (needed < future.death))
    return who, np.asarray(is_planned[who])


def _stay(
    people: People,
    arrival: Arrival,
    *,
    usual: Floats,
    clock: LocalClock,
    rng: np.random.Generator,
) -> Stays:
    severity, residual = severities(people, arrival, rng)
    days = lengths_of_stay(people, arrival, severity=severity, rng=rng)
    n = len(arrival.who)
    return Stays(
        **{field.name: getattr(arrival, field.name) for field in fields(arrival)},
        discharged=discharge_moments(arrival, days, clock=clock, rng=rng),
        disposition=dispositions(people, arrival, residual=residual, rng=rng),
        severity=severity,
        first=latents(usual, severity, rng),
        last=latents(usual, residual, rng),
        drift=rng.normal(size=n),
        risk=np.full(n, np.nan),
    )


def _discharge(stay: Stays, future: Future, visits: Visits) -> Discharge:
    half_year = stay.admitted - 180 * DAY_SECONDS
    return Discharge(
        who=stay.who,
        at=stay.discharged,
        latents=stay.last,
        drift=stay.drift,
        planned=stay.is_planned,
        long_stay=stay.days,
        stays_before=future.stays_before(stay.who, stay.admitted),
        visits_before=visits.count(stay.who, half_year, until=stay.admitted),
        disposition=stay.disposition,
    )


def _joined(rounds: list[Stays]) -> Stays:
    columns = {
        field.name: np.concatenate([getattr(stays, field.name) for stays in rounds])
        for field in fields(Stays)
    }
    order = np.lexsort((columns["who"], columns["admitted"]))
    return Stays(**{name: column[order] for name, column in columns.items()})
