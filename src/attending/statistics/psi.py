"""Population stability index over frozen bins of the reference, missing values in their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.distributions import frozen_edges, shares
from attending.statistics.measure import Measure, register
from attending.statistics.special import chdtri

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats

#: Empty bins count as this share, so that the logarithm stays finite.
FLOOR = 1e-4


def psi(reference: Column, current: Column) -> float:
    """Return the PSI of current against reference in the reference's deciles.

    By convention below 0.1 is none, above 0.25 major; that is blind to sample size, see
    `psi_limit`.

    References:
        Yurdakul, Statistical properties of PSI, Western Michigan University 2018.

    >>> psi([1, 2, 3, 4], [1, 2, 3, 4])
    0.0
    """
    edges = frozen_edges(reference)
    return psi_of_shares(shares(reference, edges), shares(current, edges))


def psi_of_shares(reference: Floats, current: Floats) -> float:
    """Return the sum over bins of (c - r) ln(c / r), shares floored at 1e-4.

    >>> psi_of_shares(np.array([0.5, 0.5]), np.array([0.5, 0.5]))
    0.0
    """
    r, c = np.maximum(reference, FLOOR), np.maximum(current, FLOOR)
    return float(np.sum((c - r) * np.log(c / r)))


def psi_limit(n: int, m: int, *, bins: int, alpha: float = 0.05) -> float:
    """Return what PSI exceeds with probability `alpha` when nothing changed.

    >>> round(psi_limit(1000, 1000, bins=10), 4)
    0.0338
    """
    return (1.0 / n + 1.0 / m) * float(chdtri(bins - 1, alpha))


register(
    Measure(
        name="psi",
        label="Population stability index",
        kind="drift",
        compute=psi,
        direction="lower",
        reference="Yurdakul 2018, Western Michigan University",
        high=None,
    )
)
