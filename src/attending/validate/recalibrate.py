"""Give a score a probability: a logistic fit on the training period, never on the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import scored
from attending.statistics.logistic import fit
from attending.statistics.special import expit

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Risks


def recalibrate_score(score_train: Column, y_train: Column, *, score_test: Column) -> Risks:
    """Return the probability of each test score, from a logistic fit on training rows.

    Args:
        score_train: shape (m,), raw scores of the training period; NaN rows are left out.
        y_train: shape (m,), 0 or 1.
        score_test: shape (n,), raw scores; NaN stays NaN.

    Raises:
        BadInput: the training scores are all equal, or separate the outcomes.
        TooFewOutcomes: no event or no non-event among the training rows with a score.

    >>> recalibrate_score([0, 0, 1, 1], [0, 1, 0, 1], score_test=[0, float("nan")]).tolist()
    [0.5, nan]
    """
    train = np.asarray(score_train, dtype=np.float64)
    known = ~np.isnan(train)
    y, x = scored(np.asarray(y_train)[known], train[known])
    centre, spread = float(x.mean()), float(x.std())
    if spread == 0.0:
        raise BadInput(
            "the score is the same on every training row: it cannot be recalibrated",
            code="validate.no_spread",
            hint="Set `recalibrate: false`, or look why the score never changes.",
        )
    columns = np.column_stack([np.ones(x.size), (x - centre) / spread])
    found = fit(columns, y)
    if not found.converged:
        raise BadInput(
            "the score separates the training outcomes: it cannot be recalibrated",
            code="validate.separated",
            hint="Look for the outcome among what the score is made from.",
        )
    test = (np.asarray(score_test, dtype=np.float64) - centre) / spread
    a, b = found.coefficients
    return np.asarray(expit(a + b * test), dtype=np.float64)
