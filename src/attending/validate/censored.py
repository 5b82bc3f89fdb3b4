"""Measures with censored rows stood for by weights, beside those that leave them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.records.range import Range
from attending.records.validation_parts import CensoredRow
from attending.statistics.censoring import Weighted, censoring_weights, weighted_measures
from attending.statistics.suppression import is_small, tells_small

if TYPE_CHECKING:
    from attending.types import Floats, Ints
    from attending.validate.evidence import Evidence

_MEASURES = ("auroc", "brier", "observed_expected", "prevalence")
#: Each draw weighs and sorts all rows again, so there are fewer than of the other measures.
_DRAWS = 200


def censored_rows(evidence: Evidence) -> tuple[CensoredRow, ...]:
    """Return AUROC, Brier score, O:E and prevalence; none where nobody was followed in time.

    Intervals come from draws of patients in which the weights are worked out again.
    """
    data, follow = evidence.data, evidence.data.follow_up
    if follow is None or not evidence.enough(evidence.masks["all"]):
        return ()
    outcome = np.concatenate([data.outcome, np.zeros(follow.lost_risk.size, np.int8)])
    risk = np.concatenate([data.risk, follow.lost_risk])
    time = np.concatenate([follow.followed, follow.lost_followed])
    lost = np.arange(outcome.size) >= data.outcome.size
    _, patient = np.unique(np.concatenate([data.cluster, follow.lost_cluster]), return_inverse=True)

    def measured(times: Floats | Ints) -> Weighted:
        rows = np.repeat(np.arange(outcome.size), times.astype(np.int64))
        weight = censoring_weights(time[rows], lost[rows], horizon=follow.horizon)
        return weighted_measures(outcome[rows], risk[rows], weight)

    draw = np.random.default_rng(evidence.spec.bootstrap.seed)
    held = []
    for _ in range(_DRAWS):
        try:
            held.append(measured(draw.poisson(1.0, int(patient.max()) + 1)[patient]))
        except BadInput:
            continue  # a draw without events has no AUROC; the interval is over the others
    point = measured(np.ones(outcome.size))
    whole = weighted_measures(data.outcome, data.risk, np.ones(data.outcome.size))
    few = tells_small(int(data.outcome.sum()), data.outcome.size, smallest=evidence.small)
    hidden = is_small(follow.lost_risk.size, smallest=evidence.small)
    return tuple(
        CensoredRow(
            measure=name,
            complete=getattr(whole, name),
            weighted=_ranged(getattr(point, name), [getattr(one, name) for one in held]),
            censored=None if hidden else int(follow.lost_risk.size),
        )
        for name in (_MEASURES[:-1] if few else _MEASURES)
    )


def _ranged(value: float, draws: list[float]) -> Range:
    if not draws:
        return Range(value=value)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Range(value=value, low=float(low), high=float(high))
