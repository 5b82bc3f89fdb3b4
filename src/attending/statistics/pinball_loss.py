"""Pinball loss: how good a foretold quantile is; the lower one of the right level wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.measure import Measure, register
from attending.statistics.number_inputs import level_between, numbers

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats


def row_pinball(observed: Floats, predicted: Floats, *, level: float) -> Floats:
    """Return the pinball loss of each row.

    >>> row_pinball(np.array([4.0, 1.0]), np.array([2.0, 2.0]), level=0.75).tolist()
    [1.5, 0.25]
    """
    off = observed - predicted
    return np.asarray(np.maximum(level * off, (level - 1.0) * off))


def pinball_loss(observed: Column, predicted: Column, *, level: float) -> float:
    """Return the mean pinball loss of a quantile of a level.

    Args:
        observed: shape (n,).
        predicted: shape (n,), the quantile that was foretold.
        level: 0 < level < 1, which quantile it is; 0.5 gives half the mean absolute error.

    Raises:
        BadInput: a level outside, or columns that do not fit.

    References:
        Koenker & Bassett, Econometrica 1978;46:33.

    >>> pinball_loss([4, 1], [2, 2], level=0.5)
    0.75
    """
    y, p = numbers(observed, predicted)
    return float(np.mean(row_pinball(y, p, level=level_between(level))))


register(
    Measure(
        name="pinball_loss",
        label="Pinball loss",
        kind="quantile",
        compute=pinball_loss,
        direction="lower",
        reference="Koenker & Bassett, Econometrica 1978;46:33",
        high=None,
    )
)
