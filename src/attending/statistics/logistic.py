"""Logistic regression of a few columns by Newton steps: recalibration and smooth calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Floats, Ints

_STEPS = 100
_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Fit:
    """Coefficients, their covariance, and whether the steps came to rest."""

    coefficients: Floats
    covariance: NDArray[np.float64]
    converged: bool
    steps: int
    log_likelihood: float

    @property
    def standard_errors(self) -> Floats:
        """Return the standard error of each coefficient."""
        return np.sqrt(np.diag(self.covariance))


def fit(
    columns: NDArray[np.float64],
    outcome: Floats,
    *,
    offset: Floats | None = None,
    cluster: Ints | None = None,
) -> Fit:
    """Return the maximum-likelihood fit of logit P(y = 1) = offset + columns @ coefficients.

    Args:
        columns: shape (n, k), with a column of ones where an intercept is wanted.
        outcome: shape (n,), 0 or 1.
        offset: shape (n,), added with a coefficient of 1; 0 when absent.
        cluster: shape (n,), the patient of each row; then the covariance is cluster-robust
            (sandwich with the factor G / (G - 1)).

    Raises:
        BadInput: the columns are collinear, so that there is no one answer.

    >>> ones = np.ones((4, 1))
    >>> round(float(fit(ones, np.array([0.0, 0, 0, 1])).coefficients[0]), 6)  # ln(1/3)
    -1.098612
    """
    shift = np.zeros(outcome.size) if offset is None else offset
    beta = np.zeros(columns.shape[1])
    best = _log_likelihood(columns @ beta + shift, outcome)
    rested = False
    steps = 0
    while steps < _STEPS and not rested:
        steps += 1
        risk = expit(columns @ beta + shift)
        step = _solve(_information(columns, risk), columns.T @ (outcome - risk))
        beta, gained = _damped(columns, outcome, shift, start=(beta, step, best))
        rested = abs(gained - best) <= _TOLERANCE * (1.0 + abs(best)) and bool(
            np.max(np.abs(step)) < 1e-6
        )
        best = gained
    risk = expit(columns @ beta + shift)
    bread = _solve(_information(columns, risk), np.eye(beta.size))
    if cluster is not None:
        bread = _robust(bread, columns * (outcome - risk)[:, None], cluster)
    return Fit(beta, bread, rested, steps, best)


def _damped(
    columns: NDArray[np.float64],
    outcome: Floats,
    shift: Floats,
    *,
    start: tuple[Floats, Floats, float],
) -> tuple[Floats, float]:
    """Take a Newton step, halved until the likelihood does not fall."""
    beta, step, best = start
    scale = 1.0
    while scale > 1e-8:
        trial = beta + scale * step
        value = _log_likelihood(columns @ trial + shift, outcome)
        if value >= best - 1e-12 * (1.0 + abs(best)):
            return trial, value
        scale /= 2.0
    return beta, best


def _information(columns: NDArray[np.float64], risk: Floats) -> NDArray[np.float64]:
    weight = risk * (1.0 - risk)
    return np.asarray(columns.T @ (columns * weight[:, None]), dtype=np.float64)


def _log_likelihood(linear: Floats, outcome: Floats) -> float:
    return float(np.sum(outcome * linear - np.logaddexp(0.0, linear)))


def _solve(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise BadInput(
            "the columns are collinear or the outcomes are separated: there is no one fit",
            code="statistics.singular",
            hint="Use fewer columns or more rows.",
        ) from None


def numbered(cluster: Ints) -> Ints:
    """Return patients numbered from 0 without a gap; those that are so already stay as they are.

    >>> numbered(np.array([70, 30, 70])).tolist(), numbered(np.array([1, 0, 1])).tolist()
    ([1, 0, 1], [1, 0, 1])
    """
    if cluster.min() == 0 and cluster.max() < cluster.size and np.bincount(cluster).all():
        return cluster
    return np.asarray(np.unique(cluster, return_inverse=True)[1], dtype=np.int64)


def _robust(
    bread: NDArray[np.float64], scores: NDArray[np.float64], cluster: Ints
) -> NDArray[np.float64]:
    """Return the sandwich covariance whose filling is the outer product of clusters' scores."""
    at = numbered(cluster)
    groups = int(at.max()) + 1
    sums = np.column_stack([np.bincount(at, column, groups) for column in scores.T])
    factor = groups / (groups - 1.0) if groups > 1 else 1.0
    return np.asarray(factor * bread @ (sums.T @ sums) @ bread, dtype=np.float64)
