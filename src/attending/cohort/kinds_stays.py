"""Outcomes that are stays: readmission, a later stay, death in the stay, and its length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.facts import NEVER, first_after
from attending.cohort.kinds import KINDS, Outcome, nothing, seen
from attending.cohort.planned import planned
from attending.times import DAY

if TYPE_CHECKING:
    from attending.cohort.candidates import Candidates
    from attending.specs.cohort import CohortSpec
    from attending.types import Ints


@KINDS.named("readmission")
def _readmission(spec: CohortSpec, found: Candidates) -> Outcome:
    """The first later admission of a counted class, within the horizon and not planned."""
    asked = spec.label.readmission
    horizon_end = found.at + (spec.label.horizon or 0)
    counted = found.counted
    place = first_after(found.stays.subject, found.at, keys=(counted.subject, counted.admitted))
    if not len(counted):
        return nothing(horizon_end)
    at = counted.admitted[place]
    event = (place >= 0) & (at <= horizon_end)
    if asked is not None and asked.planned is not None and asked.planned.count_as == "excluded":
        # When the first later admission was planned, later ones do not count either.
        event &= ~planned(asked.planned, counted, found.facts)[place]
    return Outcome(
        at=np.where(event, at, NEVER),
        known=counted.admitted_known[place],
        horizon_end=horizon_end,
        lost=np.zeros(len(found), np.bool_),
        settled=np.zeros(len(found), np.bool_),
    )


@KINDS.named("death_in_stay")
def _death_in_stay(spec: CohortSpec, found: Candidates) -> Outcome:
    """Death after the prediction and before the end of the stay, or the stay ended as died."""
    stays, horizon = found.stays, spec.label.horizon
    inside = (found.death > found.at) & (found.death <= stays.discharged)
    inside &= found.death != NEVER
    at = np.where(inside, found.death, np.where(stays.died, stays.discharged, NEVER))
    # Without a horizon an open stay has no end to look to, so nothing of it is taken yet.
    horizon_end = stays.discharged if horizon is None else found.at + horizon
    at = np.where(at <= np.minimum(horizon_end, NEVER - 1), at, NEVER)
    return Outcome(
        at=at,
        known=np.zeros(len(found), np.int64),
        horizon_end=horizon_end,
        lost=np.zeros(len(found), np.bool_),
        settled=np.zeros(len(found), np.bool_),
    )


@KINDS.named("encounter")
def _encounter(spec: CohortSpec, found: Candidates) -> Outcome:
    """The first later stay of a counted class, such as a visit to the emergency department."""
    horizon_end = found.at + (spec.label.horizon or 0)
    counted = found.counted
    if not len(counted):
        return nothing(horizon_end)
    place = first_after(found.stays.subject, found.at, keys=(counted.subject, counted.admitted))
    at = np.where(place >= 0, counted.admitted[place], NEVER)
    return seen(at, counted.admitted_known[place], horizon_end)


@KINDS.named("death")
def _death(spec: CohortSpec, found: Candidates) -> Outcome:
    """Death after the prediction and within the horizon, in hospital or not."""
    at = np.where(found.death > found.at, found.death, NEVER)
    return seen(at, found.death_known, found.at + (spec.label.horizon or 0))


@KINDS.named("length_of_stay")
def _length_of_stay(_spec: CohortSpec, found: Candidates) -> Outcome:
    """Days from the admission to the discharge."""
    return _days_since(found.stays.admitted, found)


@KINDS.named("remaining_days")
def _remaining_days(_spec: CohortSpec, found: Candidates) -> Outcome:
    """Days from the prediction to the discharge."""
    return _days_since(found.at, found)


def _days_since(start: Ints, found: Candidates) -> Outcome:
    """A stay that ends in death has its days, but its event is death: it competes."""
    stays = found.stays
    ended = (stays.discharged != NEVER) & (stays.discharged > found.at)
    died = stays.died | (found.death <= stays.discharged) & (found.death != NEVER)
    none = np.zeros(len(found), np.bool_)
    return Outcome(
        at=np.where(ended & ~died, stays.discharged, NEVER),
        known=stays.discharged_known,
        horizon_end=stays.discharged,
        lost=(stays.discharged != NEVER) & ~ended,
        settled=none,
        days=np.where(ended, (stays.discharged - start) / DAY, np.nan),
    )
