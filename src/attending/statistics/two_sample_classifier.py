"""Classifier two-sample test: can a small model tell today's patients from those of before?

It sees what no single column shows, such as two values that no longer go together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.auroc import auroc_interval
from attending.statistics.special import expit, ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Floats

#: The fixed model: ridge logistic regression with this penalty, and so many Newton steps.
PENALTY, STEPS = 10.0, 8
#: Values farther out than so many standard deviations are pulled in to there.
_FAR = 4.0
#: Most columns of which products are taken: the first pairs by order.
_PAIRED = 12
#: Multiplications of one piece; OpenBLAS starts threads above 262,144.
_SMALL = 200_000


class Told(NamedTuple):
    """How well the model tells both apart on rows that it was not fitted on.

    Attributes:
        auroc: 0.5 when nothing differs, 1 when everybody is told apart.
        z: how many standard errors above 0.5.
        p: one-sided.
        weights: shape (k,), how much each column took part, adding up to 1.
    """

    auroc: float
    z: float
    p: float
    weights: Floats


def told_apart(reference: NDArray[np.float64], current: NDArray[np.float64]) -> Told:
    """Return how well a small fixed model tells two samples of rows apart.

    Each half of the rows is judged by the model that was fitted on the other half. The model has
    each value, its square, whether it is missing, and products of the first twelve columns.

    Args:
        reference: shape (n, k), NaN where missing.
        current: shape (m, k), NaN where missing.

    Raises:
        BadInput: other columns, or fewer than 20 rows on a side.

    References:
        Lopez-Paz & Oquab, Revisiting classifier two-sample tests, ICLR 2017.

    >>> rng = np.random.default_rng(1)
    >>> same = told_apart(rng.normal(size=(300, 2)), rng.normal(size=(300, 2)))
    >>> moved = told_apart(rng.normal(size=(300, 2)), rng.normal(1.0, 1.0, (300, 2)))
    >>> same.z < 3, moved.auroc > 0.7
    (True, True)
    """
    if reference.shape[1] != current.shape[1] or min(len(reference), len(current)) < 20:
        raise BadInput(
            f"got {reference.shape} and {current.shape}, expected as many columns and 20 rows",
            code="statistics.two_samples",
        )
    x, owner = _columns(reference, current)
    y = np.repeat([0.0, 1.0], [len(reference), len(current)])
    half = np.arange(len(y)) % 2 == 0
    found = [_judged(x, y, fitted=part) for part in (half, ~half)]
    value = (found[0][0] + found[1][0]) / 2
    error = math.hypot(found[0][1], found[1][1]) / 2
    z = (value - 0.5) / error if error > 0 else math.inf
    parts = np.abs(found[0][2]) + np.abs(found[1][2])
    by_column = np.zeros(reference.shape[1])
    for whose in owner:
        by_column += np.bincount(whose, parts, reference.shape[1])
    return Told(value, z, float(ndtr(-z)), by_column / max(float(by_column.sum()), 1e-300))


def _columns(
    reference: NDArray[np.float64], current: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return what the model sees, on the scale of the reference, and whose each column is."""
    both = np.vstack([reference, current])
    gone = np.isnan(both)
    middle = np.array([_mean(column) for column in reference.T])
    spread = np.array([_spread(column) for column in reference.T])
    z = np.clip(np.where(gone, 0.0, (both - middle) / spread), -_FAR, _FAR)
    k = both.shape[1]
    pairs = [(a, b) for a in range(min(k, _PAIRED)) for b in range(a)]
    products = [z[:, a] * z[:, b] for a, b in pairs]
    x = np.column_stack([z, z**2 - 1, gone.astype(np.float64), *products])
    single = np.tile(np.arange(k), 3)
    first = np.append(single, [a for a, _ in pairs]).astype(np.int64)
    second = np.append(single, [b for _, b in pairs]).astype(np.int64)
    return x, np.stack([first, second])


def _mean(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(known.mean()) if known.size else 0.0


def _spread(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(known.std()) or 1.0 if known.size else 1.0


def _judged(
    x: NDArray[np.float64], y: Floats, *, fitted: NDArray[np.bool_]
) -> tuple[float, float, Floats]:
    """Return AUROC and error on the other rows, and each column's part in the log-odds."""
    beta = _ridge(x[fitted], y[fitted])
    score = _times(x[~fitted], beta)
    found = auroc_interval(y[~fitted], score)
    # Nothing to tell apart is half; everybody told apart has no error, and counts as certain.
    error = found.se if found.se is not None else 0.5 / math.sqrt(min(y.sum(), (1 - y).sum()))
    return found.value, error, beta * x[fitted].std(axis=0)


def _ridge(x: NDArray[np.float64], y: Floats) -> Floats:
    """Return the coefficients of the fixed model; rows are balanced by an own intercept."""
    columns = np.column_stack([x, np.ones(len(x))])
    penalty = np.full(columns.shape[1], PENALTY)
    penalty[-1] = 1e-6
    beta = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        risk = expit(_times(columns, beta))
        weight = np.maximum(risk * (1 - risk), 1e-6)
        bread = _squares(columns, weight) + np.diag(penalty)
        slope = np.einsum("ij,i->j", columns, y - risk)
        beta = beta + np.linalg.solve(bread, slope - penalty * beta)
    made: Floats = beta[:-1]
    return made


# Threads of the linear algebra cost more than they give at this size, and change the last bits.
def _times(columns: NDArray[np.float64], beta: Floats) -> Floats:
    """Return columns @ beta without threads."""
    return np.asarray(np.einsum("ij,j->i", columns, beta), np.float64)


def _squares(columns: NDArray[np.float64], weight: Floats) -> NDArray[np.float64]:
    """Return the weighted cross products of columns, in pieces too small for threads."""
    n, k = columns.shape
    piece = max(_SMALL // (k * k), 1)
    whole = np.zeros((-(-n // piece) * piece, k))
    whole[:n] = columns * np.sqrt(weight)[:, None]
    parts = whole.reshape(-1, piece, k)
    made: NDArray[np.float64] = np.matmul(parts.transpose(0, 2, 1), parts).sum(axis=0)
    return made
