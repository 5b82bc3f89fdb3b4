"""Mean error: whether predicted numbers are right on average, in their own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.measure import Measure, register
from attending.statistics.number_inputs import numbers

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def mean_error(observed: Column, predicted: Column) -> float:
    """Return the mean of predicted minus observed; above 0 foretells too much.

    References:
        Bland & Altman, Lancet 1986;327:307.

    >>> mean_error([2, 4], [3, 4])
    0.5
    """
    y, p = numbers(observed, predicted)
    return float(np.mean(p - y))


register(
    Measure(
        name="mean_error",
        label="Mean error",
        kind="number",
        compute=mean_error,
        direction="target:0",
        reference="Bland & Altman, Lancet 1986;327:307",
        low=None,
        high=None,
    )
)
