"""What a model adds to a baseline: the baseline alone and both together, fitted across patients.

Each patient's risk comes from a fit that did not see the patient, so that two columns do not look
better than one by having one column more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.logistic import fit
from attending.statistics.special import chdtrc, expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Floats, Ints, Risks


def cross_fitted(
    columns: NDArray[np.float64], outcome: Floats, cluster: Ints, *, folds: int = 5
) -> Risks:
    """Return the risk of each row by a logistic fit on the patients of all other folds.

    Patients are dealt to folds in turn, those with an event first, so that folds are alike and
    the same patients give the same folds.

    Args:
        columns: shape (n, k), without a column of ones.
        outcome: shape (n,), 0 or 1.
        cluster: shape (n,), the patient of each row.
        folds: how many.

    Raises:
        BadInput: fewer patients than folds, or a fold's fit has no answer.

    >>> y = np.array([0.0, 0, 1, 1] * 10)
    >>> x = np.linspace(0, 1, 40)[:, None]
    >>> cross_fitted(x, y, np.arange(40)).shape
    (40,)
    """
    fold = _dealt(outcome, cluster, folds)
    full = np.column_stack([np.ones(outcome.size), columns])
    risk = np.empty(outcome.size)
    for number in range(folds):
        out = fold == number
        found = fit(full[~out], outcome[~out])
        risk[out] = expit(full[out] @ found.coefficients)
    return risk


def _dealt(outcome: Floats, cluster: Ints, folds: int) -> Ints:
    patients, at = np.unique(cluster, return_inverse=True)
    if patients.size < folds:
        raise BadInput(f"got {patients.size} patients for {folds} folds", code="statistics.folds")
    ever = np.bincount(at, outcome, patients.size) > 0
    turn = np.empty(patients.size, np.int64)
    turn[np.lexsort((patients, ~ever))] = np.arange(patients.size) % folds
    return np.asarray(turn[at], np.int64)


def likelihood_ratio(
    smaller: NDArray[np.float64], larger: NDArray[np.float64], outcome: Floats
) -> tuple[float, float]:
    """Return twice the gain in log-likelihood from the columns added, and its p-value.

    The p-value takes rows as independent; with several rows a patient it is too small.

    Args:
        smaller: shape (n, k), without a column of ones.
        larger: shape (n, m), m above k, holding the columns of `smaller` too.
        outcome: shape (n,), 0 or 1.

    >>> y = np.array([0.0, 0, 1, 0, 1, 1, 0, 1])
    >>> a, b = np.arange(8.0)[:, None], np.array([0.0, 1, 1, 0, 0, 1, 0, 1])[:, None]
    >>> gain, p = likelihood_ratio(a, np.hstack([a, b]), y)
    >>> gain > 0, 0 < p < 1
    (True, True)
    """
    ones = np.ones((outcome.size, 1))
    one = fit(np.hstack([ones, smaller]), outcome)
    two = fit(np.hstack([ones, larger]), outcome)
    gain = max(0.0, 2.0 * (two.log_likelihood - one.log_likelihood))
    return gain, float(chdtrc(larger.shape[1] - smaller.shape[1], gain))
