"""R squared: what share of the variance of a number is foretold; below 0 is worse than the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.measure import Measure, register
from attending.statistics.number_inputs import numbers

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def r_squared(observed: Column, predicted: Column) -> float:
    """Return 1 minus the squared misses over the squared distances from the mean.

    Raises:
        BadInput: all observed numbers are the same, so that there is nothing to explain.

    References:
        Kvalseth, Am Stat 1985;39:279 (its first form).

    >>> r_squared([1, 2, 3], [1, 2, 3]), r_squared([1, 2, 3], [2, 2, 2])
    (1.0, 0.0)
    """
    y, p = numbers(observed, predicted)
    around = float(np.sum((y - y.mean()) ** 2))
    if around == 0.0:
        raise BadInput("every observed number is the same", code="statistics.constant")
    return 1.0 - float(np.sum((y - p) ** 2)) / around


register(
    Measure(
        name="r_squared",
        label="R squared",
        kind="number",
        compute=r_squared,
        direction="higher",
        reference="Kvalseth, Am Stat 1985;39:279",
        low=None,
    )
)
