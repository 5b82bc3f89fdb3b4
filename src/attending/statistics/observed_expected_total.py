"""Observed over expected of numbers: the sum that came over the sum that was foretold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput
from attending.statistics.measure import Measure, register
from attending.statistics.number_inputs import numbers

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def observed_expected_total(observed: Column, predicted: Column) -> float:
    """Return the sum of the observed over the sum of the predicted; above 1 means too low.

    Raises:
        BadInput: nothing is foretold, so that there is nothing to divide by.

    References:
        Debray et al., Stat Methods Med Res 2019;28:2768.

    >>> observed_expected_total([2, 4], [1, 3])
    1.5
    """
    y, p = numbers(observed, predicted)
    expected = float(p.sum())
    if expected <= 0.0:
        raise BadInput("the sum of the predictions is not above 0", code="statistics.expected")
    return float(y.sum()) / expected


register(
    Measure(
        name="observed_expected_total",
        label="Observed / expected",
        kind="number",
        compute=observed_expected_total,
        direction="target:1",
        reference="Debray et al., Stat Methods Med Res 2019;28:2768",
        low=None,
        high=None,
        unit="{ratio}",
    )
)
