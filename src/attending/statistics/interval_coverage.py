"""Coverage: how many of the observed numbers fall into the interval that was foretold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.measure import Measure, register
from attending.statistics.number_inputs import numbers

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def interval_coverage(observed: Column, low: Column, high: Column) -> float:
    """Return the share of observed numbers from `low` to `high`, both ends within.

    Raises:
        BadInput: an interval whose low end is above its high end.

    References:
        Gneiting & Raftery, J Am Stat Assoc 2007;102:359.

    >>> interval_coverage([1, 5, 9], [0, 6, 9], [2, 8, 9])
    0.6666666666666666
    """
    y, a = numbers(observed, low)
    _, b = numbers(observed, high)
    wrong = int(np.count_nonzero(a > b))
    if wrong:
        raise BadInput(
            f"got {wrong} intervals whose low end is above their high end",
            code="statistics.interval",
        )
    return float(np.mean((a <= y) & (y <= b)))


register(
    Measure(
        name="interval_coverage",
        label="Coverage of the interval",
        kind="interval",
        compute=interval_coverage,
        direction="higher",
        reference="Gneiting & Raftery, J Am Stat Assoc 2007;102:359",
    )
)
