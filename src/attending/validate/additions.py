"""What the model adds to each baseline: the baseline alone against baseline and model together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.incremental import cross_fitted, likelihood_ratio
from attending.statistics.inputs import logit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.specs.validation import ValidationSpec
    from attending.types import Floats, Ints, Risks
    from attending.validate.data import Baseline, ValidationData


@dataclass(frozen=True)
class Added:
    """Two cross-fitted risks on the rows where the baseline has a value; NaN elsewhere.

    Args:
        alone: of the baseline alone.
        both: of baseline and model.
        gain, p: twice the log-likelihood gained by the model, and its p-value.
    """

    alone: Risks
    both: Risks
    gain: float
    p: float

    def named(self, baseline: str) -> tuple[tuple[str, Risks], tuple[str, Risks]]:
        """Return both with the names that they have in the draws."""
        return (alone(baseline), self.alone), (both(baseline), self.both)


def alone(baseline: str) -> str:
    """Return the name in the draws of a baseline fitted alone."""
    return f"{baseline} alone"


def both(baseline: str) -> str:
    """Return the name in the draws of a baseline and the model fitted together."""
    return f"{baseline} with the model"


def add_models(spec: ValidationSpec, data: ValidationData, patient: Ints) -> dict[str, Added]:
    """Return what the model adds to each baseline that has rows enough and a fit.

    Args:
        spec: how many events and non-events are enough.
        data: the rows.
        patient: shape (n,), patients from 0.
    """
    made = {}
    for name, found in data.baselines.items():
        known = ~np.isnan(found.score)
        events = int(data.outcome[known].sum())
        others = int(known.sum()) - events
        if events < spec.minimum_events or others < spec.minimum_non_events:
            continue
        try:
            made[name] = _added(data, found, patient)
        except BadInput:
            continue  # separated or without spread: there is no fit, and the table says "not shown"
    return made


def _added(data: ValidationData, found: Baseline, patient: Ints) -> Added:
    known = ~np.isnan(found.score)
    outcome = data.outcome[known].astype(np.float64)
    one = baseline_column(found)[known][:, None]
    two = np.column_stack([one, logit(data.risk[known])])
    gain, p = likelihood_ratio(one, two, outcome)

    def spread_out(columns: NDArray[np.float64]) -> Risks:
        risk = np.full(data.outcome.size, np.nan)
        risk[known] = cross_fitted(columns, outcome, patient[known])
        return risk

    return Added(spread_out(one), spread_out(two), gain, p)


def baseline_column(found: Baseline) -> Floats:
    """Return a baseline as a column of a fit: its logit, or its standardised score."""
    if found.risk is not None:
        return logit(found.risk)
    known = found.score[~np.isnan(found.score)]
    spread = float(known.std()) or 1.0
    return np.asarray((found.score - float(known.mean())) / spread, np.float64)
