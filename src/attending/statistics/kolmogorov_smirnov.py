"""Kolmogorov-Smirnov: the largest gap between two distribution functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.distributions import both_present
from attending.statistics.measure import Measure, register
from attending.statistics.special import kolmogorov

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def ks_distance(reference: Column, current: Column) -> float:
    """Return sup |F1 - F2| over values that are present.

    References:
        Smirnov, Ann Math Stat 1948;19:279.

    >>> ks_distance([1, 2, 3, 4], [3, 4, 5, 6])
    0.5
    """
    first, second = both_present(reference, current)
    points = np.concatenate([first, second])
    one = np.searchsorted(np.sort(first), points, side="right") / first.size
    two = np.searchsorted(np.sort(second), points, side="right") / second.size
    return float(np.max(np.abs(one - two)))


def ks_p(distance: float, n: int, m: int) -> float:
    """Return the asymptotic p-value of a distance between samples of n and m values.

    It calls tiny shifts significant in large samples: pair it with a floor on the distance.

    >>> round(ks_p(0.2, 100, 100), 3)
    0.037
    """
    return float(kolmogorov(distance * np.sqrt(n * m / (n + m))))


register(
    Measure(
        name="ks",
        label="Kolmogorov-Smirnov distance",
        kind="drift",
        compute=ks_distance,
        direction="lower",
        reference="Smirnov, Ann Math Stat 1948;19:279",
    )
)
