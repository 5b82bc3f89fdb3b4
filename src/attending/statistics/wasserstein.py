"""Wasserstein-1: how far values moved, in standard deviations of the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.distributions import both_present
from attending.statistics.measure import Measure, register

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def wasserstein(reference: Column, current: Column) -> float:
    """Return the area between two distribution functions over the reference's SD.

    Raises:
        BadInput: the reference does not vary.

    References:
        Vaserstein, Probl Inf Transm 1969;5:47.

    >>> round(wasserstein([0, 2], [1, 3]), 3)
    1.0
    """
    first, second = both_present(reference, current)
    spread = float(first.std())
    if spread == 0.0:
        raise BadInput("the reference does not vary: no scale", code="statistics.no_spread")
    points = np.sort(np.concatenate([first, second]))
    one = np.searchsorted(np.sort(first), points[:-1], side="right") / first.size
    two = np.searchsorted(np.sort(second), points[:-1], side="right") / second.size
    return float(np.sum(np.abs(one - two) * np.diff(points))) / spread


register(
    Measure(
        name="wasserstein",
        label="Wasserstein-1 distance in reference SD",
        kind="drift",
        compute=wasserstein,
        direction="lower",
        reference="Vaserstein, Probl Inf Transm 1969;5:47",
        high=None,
        unit="SD",
    )
)
