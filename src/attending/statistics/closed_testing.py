"""The closed test of how far a model must be updated: not, intercept, slope as well, or refit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import logit, predicted
from attending.statistics.logistic import fit
from attending.statistics.special import chdtrc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.statistics.inputs import Column
    from attending.types import Floats

Update: TypeAlias = Literal["none", "intercept", "slope_and_intercept", "refit"]


class ClosedTest(NamedTuple):
    """What the closed test chose, and the p of every step that was taken, in order."""

    update: Update
    p_values: tuple[float, ...]


def closed_test(
    outcome: Column, risk: Column, columns: NDArray[np.float64], *, alpha: float = 0.05
) -> ClosedTest:
    """Return the smallest update that is not significantly worse than a refit.

    Each step runs only when the one before is significant, so the family-wise error is `alpha`.

    Args:
        outcome: shape (n,), 0 or 1, matured.
        risk: shape (n,), the model's probabilities, clipped at 1e-6.
        columns: shape (n, k), the model's terms without the intercept; k is at least 2.
        alpha: 0 < alpha < 1.

    Raises:
        BadInput: fewer than two columns, another number of rows, or collinear columns.

    References:
        Vergouwe et al., Stat Med 2017;36:4529.
    """
    y, p = predicted(outcome, risk, both=True)
    if columns.ndim != 2 or columns.shape[0] != y.size or columns.shape[1] < 2:
        raise BadInput(
            f"got columns of shape {columns.shape}, expected {y.size} rows and 2 columns or more",
            code="statistics.closed_columns",
            hint="Give the model's terms without the intercept.",
        )
    ones, linear = np.ones((y.size, 1)), logit(p)
    full = fit(np.column_stack([ones, columns]), y).log_likelihood
    smaller: tuple[tuple[Update, float, int], ...] = (
        ("none", _log_likelihood(linear, y), columns.shape[1] + 1),
        ("intercept", fit(ones, y, offset=linear).log_likelihood, columns.shape[1]),
        (
            "slope_and_intercept",
            fit(np.column_stack([ones, linear]), y).log_likelihood,
            columns.shape[1] - 1,
        ),
    )
    seen: list[float] = []
    for update, reached, freedom in smaller:
        seen.append(float(chdtrc(freedom, max(0.0, 2.0 * (full - reached)))))
        if seen[-1] > alpha:
            return ClosedTest(update, tuple(seen))
    return ClosedTest("refit", tuple(seen))


def _log_likelihood(linear: Floats, outcome: Floats) -> float:
    return float(np.sum(outcome * linear - np.logaddexp(0.0, linear)))
