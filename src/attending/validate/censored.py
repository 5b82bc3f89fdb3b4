"""Measures with censored rows stood for by weights, beside those that leave them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.records.range import Range
from attending.records.validation_parts import CensoredRow
from attending.statistics.censoring import Weighted, followed, weighted_measures
from attending.statistics.suppression import is_small, tells_small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.types import Floats, Ints, Outcomes
    from attending.validate.data import FollowUp, ValidationData
    from attending.validate.evidence import Evidence

_MEASURES = ("auroc", "brier", "observed_expected", "prevalence")
#: Each draw weighs all rows again, so there are fewer than of the other measures, and of very
#: many rows, whose intervals are narrow, fewer still.
_DRAWS, _FEWEST, _ROWS_DRAWN = 200, 50, 40_000_000
LOST = -1


def censored_rows(evidence: Evidence) -> tuple[CensoredRow, ...]:
    """Return AUROC, Brier score, O:E and prevalence; none where nobody was followed in time.

    Intervals come from draws of patients in which the weights are worked out again.
    """
    data, follow = evidence.data, evidence.data.follow_up
    if follow is None or not evidence.enough(evidence.masks["all"]):
        return ()
    point, *held = _weighted(data, follow, seed=evidence.spec.bootstrap.seed)
    whole = weighted_measures(data.outcome, data.risk, np.ones(data.outcome.size))
    lost = int(np.count_nonzero(follow.further_outcome == LOST))
    names = _MEASURES[:-1] if _tells(evidence, follow) else _MEASURES
    hidden = is_small(lost, smallest=evidence.small)
    return tuple(
        CensoredRow(
            measure=name,
            complete=getattr(whole, name),
            weighted=_ranged(getattr(point, name), [getattr(one, name) for one in held]),
            censored=None if hidden else lost,
        )
        for name in names
    )


def _tells(evidence: Evidence, follow: FollowUp) -> bool:
    """Return whether a share with the event would tell a small count."""
    events, rows = int(evidence.data.outcome.sum()), evidence.data.outcome.size
    more = int(np.count_nonzero(follow.further_outcome == 1))
    few = tells_small(events, rows, smallest=evidence.small)
    return few or is_small(more, smallest=evidence.small)


def _weighted(data: ValidationData, follow: FollowUp, *, seed: int) -> Iterator[Weighted]:
    """Yield the measures of the data, then of each draw that has events and non-events."""
    outcome: Outcomes = np.concatenate([data.outcome, follow.further_outcome])
    risk = np.concatenate([data.risk, follow.further_risk])
    time = np.concatenate([follow.followed, follow.further_followed])
    rows = followed(time, outcome == LOST, horizon=follow.horizon)
    _, place = np.unique(risk, return_inverse=True)
    cluster = np.concatenate([data.cluster, follow.further_cluster])
    _, patient = np.unique(cluster, return_inverse=True)
    patients = int(patient.max()) + 1

    def measured(times: Floats | Ints) -> Weighted:
        weight = rows.weights(times) * times
        return weighted_measures(outcome, risk, weight, place=place)

    yield measured(np.ones(outcome.size))
    draw = np.random.default_rng(seed)
    for _ in range(max(_FEWEST, min(_DRAWS, _ROWS_DRAWN // outcome.size))):
        times = draw.poisson(1.0, patients)[patient]
        try:
            yield measured(times)
        except BadInput:
            continue  # a draw without events has no AUROC; the interval is over the others


def _ranged(value: float, draws: list[float]) -> Range:
    if not draws:
        return Range(value=value)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Range(value=value, low=float(low), high=float(high))
