"""Outcomes that are rows: a code with a value, any of some codes, a value past a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.facts import NEVER, STATIC, first_after, pairs
from attending.cohort.kinds import KINDS, Outcome, nothing, seen
from attending.cohort.thresholds import crossings

if TYPE_CHECKING:
    from attending.cohort.candidates import Candidates
    from attending.specs.cohort import CohortSpec
    from attending.types import Ints


@KINDS.named("code_value")
def _code_value(spec: CohortSpec, found: Candidates) -> Outcome:
    """A row of the outcome's code after the prediction and within the horizon, with its value."""
    asked = spec.label.code_value
    horizon_end = found.at + (spec.label.horizon or 0)
    if asked is None:
        return nothing(horizon_end)
    facts = found.facts
    rows = np.flatnonzero(facts.now & facts.coded((asked.code,)))
    where, row = pairs(found.stays.subject, facts.subject[rows], rows)
    at = np.where(facts.time[row] == STATIC, facts.known[row], facts.time[row])
    inside = (at > found.at[where]) & (at <= horizon_end[where])
    where, row, at = where[inside], row[inside], at[inside]
    hit = facts.value[row] == asked.equals
    first = np.full(len(found), NEVER)
    np.minimum.at(first, where[hit], at[hit])
    known = np.zeros(len(found), np.int64)
    np.maximum.at(known, where[hit], facts.known[row[hit]])
    told = np.isin(np.arange(len(found)), where)
    return Outcome(at=first, known=known, horizon_end=horizon_end, lost=~told, settled=told)


@KINDS.named("codes")
def _codes(spec: CohortSpec, found: Candidates) -> Outcome:
    """The first row of any of the codes after the prediction and within the horizon."""
    facts, asked = found.facts, spec.label.codes
    wanted = () if asked is None else asked.any_of
    rows = np.flatnonzero(facts.now & facts.coded(wanted) & (facts.time != STATIC))
    instants = (facts.subject[rows], facts.time[rows], facts.known[rows])
    return first_of(instants, found, horizon=spec.label.horizon or 0)


@KINDS.named("threshold")
def _threshold(spec: CohortSpec, found: Candidates) -> Outcome:
    """The first value after the prediction that crosses, for as long as was asked."""
    asked = spec.label.threshold
    if asked is None:
        return nothing(found.at + (spec.label.horizon or 0))
    return first_of(crossings(asked, found.facts), found, horizon=spec.label.horizon or 0)


def first_of(instants: tuple[Ints, Ints, Ints], found: Candidates, *, horizon: int) -> Outcome:
    """Return the first of some instants after each prediction.

    Args:
        instants: subjects, times and when each was known, ascending by subject and time.
        found: who asks.
        horizon: microseconds after the prediction, its end included.
    """
    subject, time, known = instants
    horizon_end = found.at + horizon
    if not len(subject):
        return nothing(horizon_end)
    place = first_after(found.stays.subject, found.at, keys=(subject, time))
    return seen(np.where(place >= 0, time[place], NEVER), known[place], horizon_end)
