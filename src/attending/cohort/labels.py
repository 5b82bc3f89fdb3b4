"""The outcome of every candidate: what happened after its prediction, and whether it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from attending.cohort.facts import NEVER, STATIC, first_after, pairs
from attending.cohort.stays import starts_with
from attending.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attending.cohort.candidates import Candidates
    from attending.specs.cohort import CohortSpec
    from attending.types import Ints, Mask


@dataclass(frozen=True)
class Outcome:
    """What was seen, before asking whether it may be taken as known.

    Args:
        at: when the event was, `NEVER` without one.
        known: when the event could first be seen; any number without one.
        horizon_end: when looking ends, `NEVER` when that is not known yet.
        lost: whether nobody can say, such as a patient without an outcome row.
        settled: whether the absence of the event is itself recorded, so that a later death
            competes with nothing.
    """

    at: Ints
    known: Ints
    horizon_end: Ints
    lost: Mask
    settled: Mask


@dataclass(frozen=True)
class Labels:
    """One label a candidate; instants in microseconds, `NEVER` for null.

    Args:
        status: event, no_event, immature, censored or competing.
        value: 1, 0, or -1 for null.
        at: when the event was.
        horizon_end, matured: when looking ended, and when the label was known.
    """

    status: NDArray[np.object_]
    value: NDArray[np.int8]
    at: Ints
    horizon_end: Ints
    matured: Ints


KindFunction: TypeAlias = "Callable[[CohortSpec, Candidates], Outcome]"
KINDS: Registry[KindFunction] = Registry("label kind")


def labels(spec: CohortSpec, found: Candidates) -> Labels:
    """Return the label of every candidate.

    Immature labels are null also when an event was seen: events arrive before their absence,
    so early ones would raise the prevalence.
    """
    outcome = KINDS.get(spec.label.kind)(spec, found)
    event = outcome.at != NEVER
    open_ended = outcome.horizon_end == NEVER
    ripe = np.where(open_ended, NEVER, outcome.horizon_end + spec.label.delay)
    ripe = np.where(event, np.maximum(ripe, outcome.known), ripe)
    mature = (ripe <= found.facts.as_of) & ~open_ended
    # A death in hospital is the outcome itself; elsewhere death can come first.
    died = (found.death > found.at) & (found.death <= outcome.horizon_end)
    competes = died & ~event & ~outcome.settled & (spec.label.competing is not None)
    status = np.select(
        [~mature, event, competes, outcome.lost],
        ["immature", "event", "competing", "censored"],
        "no_event",
    ).astype(object)
    return Labels(
        status=status,
        value=_values(spec, status),
        at=np.where(mature & event, outcome.at, NEVER),
        horizon_end=outcome.horizon_end,
        matured=np.where(mature, ripe, NEVER),
    )


def _values(spec: CohortSpec, status: NDArray[np.object_]) -> NDArray[np.int8]:
    competing = spec.label.competing
    as_no_event = competing is not None and competing.death == "no_event"
    zero = ["no_event", "competing"] if as_no_event else ["no_event"]
    words = status.astype(str)
    value = np.where(words == "event", 1, np.where(np.isin(words, zero), 0, -1))
    return value.astype(np.int8)


@KINDS.named("readmission")
def _readmission(spec: CohortSpec, found: Candidates) -> Outcome:
    """The first later admission of a counted class, within the horizon and not planned."""
    asked = spec.label.readmission
    horizon_end = found.at + (spec.label.horizon or 0)
    counted = found.counted
    place = first_after(found.stays.subject, found.at, keys=(counted.subject, counted.admitted))
    if not len(counted):
        return _nothing(horizon_end)
    at = counted.admitted[place]
    event = (place >= 0) & (at <= horizon_end)
    if asked is not None and asked.planned is not None and asked.planned.count_as == "excluded":
        # When the first later admission was planned, later ones do not count either.
        event &= ~starts_with(counted.kind[place], asked.planned.admission_types)
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


@KINDS.named("code_value")
def _code_value(spec: CohortSpec, found: Candidates) -> Outcome:
    """A row of the outcome's code after the prediction and within the horizon, with its value."""
    asked = spec.label.code_value
    horizon_end = found.at + (spec.label.horizon or 0)
    if asked is None:
        return _nothing(horizon_end)
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


def _nothing(horizon_end: Ints) -> Outcome:
    none = np.zeros(len(horizon_end), np.bool_)
    return Outcome(
        at=np.full(len(none), NEVER),
        known=np.zeros(len(none), np.int64),
        horizon_end=horizon_end,
        lost=none,
        settled=none,
    )
