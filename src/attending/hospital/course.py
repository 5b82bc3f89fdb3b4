"""What happens in a stay: how ill the patient comes, how long it takes, how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.hospital.conditions import INDEX
from attending.hospital.risk import DISPOSITIONS
from attending.hospital.sites import DAY_SECONDS, HOUR_SECONDS, SITES, UNIVERSITY

if TYPE_CHECKING:
    from attending.hospital.future import Future
    from attending.hospital.people import People
    from attending.hospital.sites import LocalClock
    from attending.types import Floats, Ints, Mask

#: Kinds of stay, by index. Only the last two are planned.
ACUTE, OBSERVATION, CHEMOTHERAPY, JOINT = range(4)
_SEVERITY = np.array([0.25, -0.6, -0.9, -1.3])
_LOG_DAYS = np.array([1.15, -0.2, 0.85, 0.8])
_LOG_DAYS_SPREAD = np.array([0.60, 0.35, 0.25, 0.25])
_SPREAD = np.array([1.0, 0.8, 0.6, 0.5])
_LONGEST_DAYS = np.array([70.0, 2.0, 5.0, 5.0])
_LOCAL_SITE = 0.88
_VALLEY = len(SITES) - 1


@dataclass(frozen=True)
class Arrival:
    """Patients at the door of the ward; arrays of one length.

    Args:
        who, kind, site, admitted: patient, kind of stay, facility, UTC second.
        came: arrival in the emergency department, or the admission itself.
        is_readmission: whether an earlier discharge drew this stay.
        age: years.
    """

    who: Ints
    kind: Ints
    site: Ints
    admitted: Ints
    came: Ints
    is_readmission: Mask
    age: Floats

    @property
    def is_planned(self) -> Mask:
        """Return which stays are planned."""
        return np.asarray(self.kind >= CHEMOTHERAPY)


def arrive(
    future: Future, people: People, *, who: Ints, is_planned: Mask, rng: np.random.Generator
) -> Arrival:
    """Return the next stays of some patients, at their beginning."""
    n = len(who)
    admitted = np.where(is_planned, future.planned[who], future.unplanned[who])
    drawn = ~is_planned & future.is_readmission[who]
    observed = ~is_planned & ~drawn & (rng.random(n) < 0.17)
    planned_kind = np.where(future.joint[who], JOINT, CHEMOTHERAPY)
    kind = np.where(is_planned, planned_kind, np.where(observed, OBSERVATION, ACUTE))
    home = np.where(rng.random(n) < _LOCAL_SITE, people.site[who], 0)
    site = np.where(
        kind == CHEMOTHERAPY, UNIVERSITY, np.where(kind == JOINT, people.site[who], home)
    )
    lead = np.minimum(
        (2.0 + 8.0 * rng.random(n)) * HOUR_SECONDS, 0.6 * (admitted - future.free[who])
    ).astype(np.int64)
    through_emergency = ~is_planned & (rng.random(n) < 0.85)
    return Arrival(
        who=who,
        kind=kind.astype(np.int64),
        site=site.astype(np.int64),
        admitted=admitted,
        came=np.where(through_emergency, admitted - lead, admitted),
        is_readmission=drawn,
        age=people.age(admitted, who),
    )


def severities(people: People, arrival: Arrival, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return severity at admission and what is left of it at discharge, standardised."""
    who, kind = arrival.who, arrival.kind
    lasting = 0.2 * people.frailty[who] + 0.1 * np.log1p(people.burden[who])
    first = _SEVERITY[kind] + lasting + _SPREAD[kind] * rng.normal(size=len(who))
    last = 0.5 * first + 0.25 * people.frailty[who] + 0.75 * rng.normal(size=len(who))
    return np.asarray(first), np.asarray(last)


def lengths_of_stay(
    people: People, arrival: Arrival, *, severity: Floats, rng: np.random.Generator
) -> Floats:
    """Return lengths of stay in days, log-normal; longer in the ill, the frail and the old."""
    kind = arrival.kind
    ill = 0.25 * severity + 0.06 * people.frailty[arrival.who] + 0.05 * (arrival.age - 60.0) / 10.0
    log_days = _LOG_DAYS[kind] + np.where(kind == ACUTE, ill, 0.0)
    log_days = log_days + _LOG_DAYS_SPREAD[kind] * rng.normal(size=len(kind))
    log_days = log_days - 0.5 * ((arrival.age < 18.0) & (kind == ACUTE))
    return np.asarray(np.clip(np.exp(log_days), 0.3, _LONGEST_DAYS[kind]))


def dispositions(
    people: People, arrival: Arrival, *, residual: Floats, rng: np.random.Generator
) -> Ints:
    """Return where patients go, as an index of DISPOSITIONS; the rest go home."""
    who, kind = arrival.who, arrival.kind
    older = (arrival.age - 70.0) / 10.0
    spread = people.conditions[who, INDEX["metastatic"]]
    adult = arrival.age >= 18.0
    acute = kind == ACUTE
    burden = np.log1p(people.burden[who])
    chance = {
        "SNF": _odds(-2.9 + 0.4 * residual + 0.7 * older + 0.3 * people.alone[who] - 2.0 * ~acute),
        "HOSPICE": _odds(-6.4 + 0.8 * residual + 2.0 * spread + 0.3 * older - 3.0 * ~acute),
        "DIED": _odds(-5.1 + 0.9 * residual + 0.3 * older + 0.4 * burden - 3.0 * ~acute),
        "AMA": _odds(-4.9 + 0.6 * people.hardship[who] - 0.3 * older - 2.0 * ~acute),
        "TRANSFER": _odds(-5.2 + 1.8 * (arrival.site == _VALLEY) - 3.0 * ~acute),
    }
    limits = np.cumsum([chance[name] * (adult | (name == "DIED")) for name in chance], axis=0)
    picked = (rng.random(len(who)) >= limits).sum(axis=0)
    order = [DISPOSITIONS.index(name) for name in [*chance, "HOME"]]
    return np.asarray(np.asarray(order, dtype=np.int64)[picked])


def discharge_moments(
    arrival: Arrival, days: Floats, *, clock: LocalClock, rng: np.random.Generator
) -> Ints:
    """Return discharges: in the afternoon after whole days, or after the hours of observation."""
    day = clock.day(arrival.admitted, arrival.site) + np.round(days).astype(np.int64)
    hour = np.clip(rng.normal(14.3, 2.2, size=len(days)), 8.5, 21.5)
    afternoon = clock.moment(day, hour, site=arrival.site)
    afternoon += DAY_SECONDS * (afternoon < arrival.admitted + 8 * HOUR_SECONDS)
    observed = arrival.admitted + (np.maximum(days * 24.0, 7.0) * HOUR_SECONDS).astype(np.int64)
    return np.asarray(np.where(arrival.kind == OBSERVATION, observed, afternoon), dtype=np.int64)


def _odds(logit: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))
