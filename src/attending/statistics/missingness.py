"""Missingness: whether a value is missing more or less often than it was."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.measure import Measure, register
from attending.statistics.special import ndtr

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


class TwoShares(NamedTuple):
    """Two shares, current minus reference, its z and two-sided p."""

    reference: float
    current: float
    difference: float
    z: float
    p: float


def two_proportions(reference: tuple[int, int], current: tuple[int, int]) -> TwoShares:
    """Return the pooled two-proportion z test of (part, whole) against (part, whole).

    Raises:
        BadInput: a side without rows.

    References:
        Fleiss, Statistical Methods for Rates and Proportions, 3.1.

    >>> round(two_proportions((10, 100), (20, 100)).z, 3)
    1.98
    """
    (a, n), (b, m) = reference, current
    if n < 1 or m < 1:
        raise BadInput("got a side without rows, expected rows on both", code="statistics.empty")
    pooled = (a + b) / (n + m)
    se = math.sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m))
    difference = b / m - a / n
    z = difference / se if se > 0.0 else 0.0
    return TwoShares(a / n, b / m, difference, z, 2.0 * float(ndtr(-abs(z))))


def missingness_change(reference: Column, current: Column) -> float:
    """Return the share of missing values now, less the share in the reference, as a size.

    >>> missingness_change([1, 2, 3, 4], [1, float("nan"), 3, 4])
    0.25
    """
    counted = [
        (int(np.isnan(column).sum()), int(column.size))
        for column in (np.asarray(side, dtype=np.float64) for side in (reference, current))
    ]
    return abs(two_proportions(counted[0], counted[1]).difference)


register(
    Measure(
        name="missingness",
        label="Change in the share of missing values",
        kind="drift",
        compute=missingness_change,
        direction="lower",
        reference="Fleiss, Statistical Methods for Rates and Proportions, 3.1",
    )
)
