"""Jensen-Shannon distance over frozen bins: 0 is equal, 1 is disjoint."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.distributions import frozen_edges, shares
from attending.statistics.measure import Measure, register
from attending.statistics.special import xlogy

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats


def jensen_shannon(reference: Column, current: Column) -> float:
    """Return the distance (the root of the divergence), base 2, in the reference's deciles.

    References:
        Lin, IEEE Trans Inf Theory 1991;37:145; Endres & Schindelin 2003;49:1858.

    >>> jensen_shannon([1, 2, 3, 4], [1, 2, 3, 4])
    0.0
    """
    edges = frozen_edges(reference)
    return jensen_shannon_of_shares(shares(reference, edges), shares(current, edges))


def jensen_shannon_of_shares(reference: Floats, current: Floats) -> float:
    """Return the distance between two sets of shares.

    >>> jensen_shannon_of_shares(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    middle = (reference + current) / 2.0
    divergence = _entropy(middle) - (_entropy(reference) + _entropy(current)) / 2.0
    return math.sqrt(max(divergence, 0.0))


def _entropy(share: Floats) -> float:
    return -float(np.sum(xlogy(share, share))) / math.log(2.0)


register(
    Measure(
        name="jensen_shannon",
        label="Jensen-Shannon distance",
        kind="drift",
        compute=jensen_shannon,
        direction="lower",
        reference="Lin, IEEE Trans Inf Theory 1991;37:145",
    )
)
