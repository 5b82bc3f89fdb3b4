"""The label of every candidate: what was seen, what came before it, and whether it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.cohort import kinds_recorded, kinds_rows, kinds_stays, sepsis  # noqa: F401 - they register
from attending.cohort.endings import censored_at, competing_at
from attending.cohort.facts import NEVER
from attending.cohort.kinds import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.cohort.candidates import Candidates
    from attending.cohort.kinds import Outcome
    from attending.specs.cohort import CohortSpec
    from attending.types import Floats, Ints, Mask


@dataclass(frozen=True)
class Labels:
    """One label a candidate; instants in microseconds, `NEVER` for null.

    Args:
        status: event, no_event, immature, censored or competing.
        value: 1, 0, or -1 for null.
        number: days, NaN for null and for labels of yes or no.
        at: when the event was.
        horizon_end, matured: when looking ended, and when the label was known.
    """

    status: NDArray[np.object_]
    value: NDArray[np.int8]
    number: Floats
    at: Ints
    horizon_end: Ints
    matured: Ints


@dataclass(frozen=True)
class Looked:
    """What was seen of each candidate within its horizon, known yet or not.

    Args:
        outcome: what its kind of label found.
        cut: when it was lost to view, `NEVER` when it was not.
        first: its first competing event, `NEVER` without one.
        event, competes, lost: how its looking ended; at most one of the first two.
    """

    outcome: Outcome
    cut: Ints
    first: Ints
    event: Mask
    competes: Mask
    lost: Mask


def look(spec: CohortSpec, found: Candidates) -> Looked:
    """Return what was seen of every candidate, before asking whether it may be taken as known."""
    outcome = KINDS.get(spec.label.kind)(spec, found)
    cut = censored_at(spec, found)
    other, death = competing_at(spec, found)
    seen = outcome.at < cut if spec.label.is_number else outcome.at <= cut
    event = (outcome.at != NEVER) & seen & (outcome.at <= other)
    first = np.minimum(other, death)
    competes = (first > found.at) & (first <= np.minimum(outcome.horizon_end, cut)) & ~event
    competes &= ~outcome.settled & (spec.label.competing is not None)
    lost = outcome.lost | (cut <= outcome.horizon_end) & (cut != NEVER)
    return Looked(outcome, cut, first, event, competes, lost)


def labels(spec: CohortSpec, found: Candidates) -> Labels:
    """Return the label of every candidate.

    Immature labels are null also when an event was seen: events arrive before their absence,
    so early ones would raise the prevalence. An event that became known after the horizon must
    wait for `delay` from then on.
    """
    looked = look(spec, found)
    outcome, event = looked.outcome, looked.event
    open_ended = outcome.horizon_end == NEVER
    ripe = np.where(open_ended, NEVER, outcome.horizon_end) + np.where(
        open_ended, 0, spec.label.delay
    )
    late = np.where(event, outcome.known, 0) + spec.label.delay
    ripe = np.where(open_ended, NEVER, np.maximum(ripe, late))
    mature = (ripe <= found.facts.as_of) & ~open_ended
    status = np.select(
        [~mature, event, looked.competes, looked.lost],
        ["immature", "event", "competing", "censored"],
        "no_event",
    ).astype(object)
    return Labels(
        status=status,
        value=_values(spec, status),
        number=_numbers(spec, status, outcome),
        at=np.where(mature & event, outcome.at, NEVER),
        horizon_end=outcome.horizon_end,
        matured=np.where(mature, ripe, NEVER),
    )


def _numbers(spec: CohortSpec, status: NDArray[np.object_], outcome: Outcome) -> Floats:
    """Return the number of days of each label that has one; NaN for the others."""
    if outcome.days is None:
        return np.full(len(status), np.nan)
    return np.where(_kept(spec, status, ("event",)), outcome.days, np.nan)


def _kept(spec: CohortSpec, status: NDArray[np.object_], wanted: tuple[str, ...]) -> Mask:
    """Return which statuses are wanted; a competing one is, where it counts as no event."""
    competing = spec.label.competing
    as_no_event = competing is not None and competing.death == "no_event"
    return np.isin(status.astype(str), [*wanted, *(["competing"] if as_no_event else [])])


def _values(spec: CohortSpec, status: NDArray[np.object_]) -> NDArray[np.int8]:
    if spec.label.is_number:
        return np.full(len(status), -1, np.int8)
    zero = _kept(spec, status, ("no_event",))
    value = np.where(status.astype(str) == "event", 1, np.where(zero, 0, -1))
    return value.astype(np.int8)
