"""The change of a measure along its periods: a straight line, fitted again in every draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.statistics.inputs import Column
    from attending.types import Floats


def change(values: NDArray[np.float64], position: Column) -> Floats:
    """Return how much the fitted line of each draw rises from the first to the last period.

    Args:
        values: shape (draws, k), the measure of each period in each draw; a draw with a NaN
            gives NaN.
        position: shape (k,), when each period is, in periods; gaps are allowed.

    Raises:
        BadInput: fewer than two periods, or all at one position.

    >>> change(np.array([[0.8, 0.7, 0.6]]), [0, 1, 2]).round(12).tolist()
    [-0.2]
    """
    x = np.asarray(position, np.float64)
    if x.size < 2 or values.ndim != 2 or values.shape[1] != x.size or x.min() == x.max():
        raise BadInput(
            f"got {x.size} periods for values of shape {values.shape}, expected two or more",
            code="statistics.trend",
        )
    away = x - x.mean()
    slope = values @ away / float(away @ away)
    return np.asarray(slope * float(x.max() - x.min()), np.float64)
