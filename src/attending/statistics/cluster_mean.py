"""The mean of a figure of each row, with a standard error that knows rows share patients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.measure import Interval, z_of

if TYPE_CHECKING:
    from attending.types import Floats, Ints


def cluster_mean(values: Floats, cluster: Ints, *, level: float = 0.95) -> Interval:
    """Return the mean with a cluster-robust interval; none when there is one patient.

    >>> cluster_mean(np.array([1.0, 2.0, 3.0]), np.array([1, 2, 3])).value
    2.0
    """
    mean = float(values.mean())
    _, at = np.unique(cluster, return_inverse=True)
    groups = int(at.max()) + 1
    if groups < 2:
        return Interval(mean, None, None, None, "one patient")
    sums = np.bincount(at, values - mean)
    se = math.sqrt(groups / (groups - 1.0) * float(sums @ sums)) / values.size
    half = z_of(level) * se
    return Interval(mean, mean - half, mean + half, se, "cluster-robust")
