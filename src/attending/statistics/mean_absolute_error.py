"""Mean absolute error: how far a predicted number is off, in its own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.measure import Measure, register
from attending.statistics.number_inputs import numbers

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def mean_absolute_error(observed: Column, predicted: Column) -> float:
    """Return the mean distance between predicted and observed.

    References:
        Willmott & Matsuura, Clim Res 2005;30:79.

    >>> mean_absolute_error([2, 4, 9], [3, 4, 7])
    1.0
    """
    y, p = numbers(observed, predicted)
    return float(np.mean(np.abs(y - p)))


register(
    Measure(
        name="mae",
        label="Mean absolute error",
        kind="number",
        compute=mean_absolute_error,
        direction="lower",
        reference="Willmott & Matsuura, Clim Res 2005;30:79",
        high=None,
    )
)
