"""What the kinds of logistic regression share: gaps, scales, and coefficients under a penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.models.bounded import elastic_net
from attending.models.newton import fit_logistic, rounded

if TYPE_CHECKING:
    from attending.models.protocol import Matrix
    from attending.types import Floats, Outcomes


@dataclass(frozen=True)
class Rules:
    """How a regression is held back, and what each row counts.

    Attributes:
        l1: weight of the absolute coefficients.
        l2: weight of half their squares, above 0.
        knots: of a spline in every feature; 0 for straight lines.
        counts: shape (n,).
    """

    l1: float
    l2: float
    knots: int
    counts: Floats


def penalised(design: Matrix, y: Outcomes, *, rules: Rules) -> Floats:
    """Return coefficients of a design whose first column, of ones, no penalty touches.

    Args:
        design: shape (n, k), standardised.
        y: shape (n,), 0 or 1.
        rules: the penalties.
    """
    target = y.astype(np.float64)
    free = np.ones(design.shape[1])
    free[0] = 0.0
    if rules.l1 == 0.0:
        return fit_logistic(design, target, penalty=free * rules.l2, counts=rules.counts)
    return elastic_net(design, target, l1=free * rules.l1, l2=free * rules.l2, weights=rules.counts)


def medians(x: Matrix) -> Floats:
    """Return the median of what was measured, 0 for a feature that never was.

    >>> medians(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [2.0, 0.0]
    """
    found = np.zeros(x.shape[1])
    for at in range(x.shape[1]):
        seen = x[~np.isnan(x[:, at]), at]
        if len(seen):
            found[at] = np.median(seen)
    return rounded(found)


def standard(filled: Matrix) -> tuple[Floats, Floats]:
    """Return mean and deviation of each column; a constant one gets 1, so that it stays at zero.

    >>> mean, spread = standard(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> mean.tolist(), spread.tolist()
    ([2.0, 5.0], [1.0, 1.0])
    """
    mean = filled.mean(axis=0)
    spread = filled.std(axis=0)
    flat = spread <= 1e-12 * np.maximum(1.0, np.abs(mean))
    return rounded(mean), rounded(np.where(flat, 1.0, spread))
