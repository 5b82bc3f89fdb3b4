"""Spiegelhalter's z: whether the Brier score is what calibrated risks would give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import predicted
from attending.statistics.measure import Measure, register
from attending.statistics.special import ndtr

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def spiegelhalter_z(outcome: Column, risk: Column) -> float:
    """Return z, standard normal under perfect calibration.

    Raises:
        BadInput: every risk is 0, 0.5 or 1, so that there is no spread to divide by.

    References:
        Spiegelhalter, Stat Med 1986;5:421.

    >>> round(spiegelhalter_z([1, 0], [0.2, 0.2]), 3)
    1.061
    """
    y, p = predicted(outcome, risk)
    tilt = 1.0 - 2.0 * p
    spread = float(np.sum(tilt**2 * p * (1.0 - p)))
    if spread == 0.0:
        raise BadInput("every risk is 0, 0.5 or 1: there is no z", code="statistics.no_spread")
    return float(np.sum((y - p) * tilt)) / math.sqrt(spread)


def spiegelhalter_p(z: float) -> float:
    """Return the two-sided p-value of z.

    >>> round(spiegelhalter_p(1.959964), 4)
    0.05
    """
    return 2.0 * float(ndtr(-abs(z)))


register(
    Measure(
        name="spiegelhalter_z",
        label="Spiegelhalter's z",
        kind="risk",
        compute=spiegelhalter_z,
        direction="target:0",
        reference="Spiegelhalter, Stat Med 1986;5:421",
        low=None,
        high=None,
    )
)
