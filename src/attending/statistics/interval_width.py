"""Mean width of intervals: of two that cover as much, the narrower one says more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.measure import Measure, register
from attending.statistics.number_inputs import numbers

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def interval_width(_observed: Column, low: Column, high: Column) -> float:
    """Return the mean distance from the low to the high end.

    References:
        Gneiting & Raftery, J Am Stat Assoc 2007;102:359.

    >>> interval_width([1, 5], [0, 4], [2, 8])
    3.0
    """
    a, b = numbers(low, high)
    return float(np.mean(b - a))


register(
    Measure(
        name="interval_width",
        label="Mean width of the interval",
        kind="interval",
        compute=interval_width,
        direction="lower",
        reference="Gneiting & Raftery, J Am Stat Assoc 2007;102:359",
        low=None,
        high=None,
    )
)
