"""Root mean squared error: like the mean absolute error, but large misses weigh more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.measure import Measure, register
from attending.statistics.number_inputs import numbers

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def root_mean_squared_error(observed: Column, predicted: Column) -> float:
    """Return the root of the mean squared distance between predicted and observed.

    References:
        Willmott & Matsuura, Clim Res 2005;30:79.

    >>> root_mean_squared_error([2, 4], [5, 8])
    3.5355339059327378
    """
    y, p = numbers(observed, predicted)
    return math.sqrt(float(np.mean((y - p) ** 2)))


register(
    Measure(
        name="rmse",
        label="Root mean squared error",
        kind="number",
        compute=root_mean_squared_error,
        direction="lower",
        reference="Willmott & Matsuura, Clim Res 2005;30:79",
        high=None,
    )
)
