"""Calibration slope of numbers: whether twice as much foretold comes out as twice as much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput
from attending.statistics.measure import Measure, register
from attending.statistics.number_inputs import numbers

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def number_line(observed: Column, predicted: Column) -> tuple[float, float]:
    """Return intercept and slope of the line of observed on predicted, by least squares.

    A slope below 1 means that large predictions are too large and small ones too small.

    Raises:
        BadInput: all predictions are the same.

    References:
        Steyerberg, Clinical Prediction Models, 2nd ed. 2019, chapter 15.

    >>> number_line([1, 3, 5], [0, 1, 2])
    (1.0, 2.0)
    """
    y, p = numbers(observed, predicted)
    off = p - p.mean()
    spread = float(off @ off)
    if spread == 0.0:
        raise BadInput("every prediction is the same", code="statistics.constant")
    slope = float(off @ (y - y.mean())) / spread
    return float(y.mean()) - slope * float(p.mean()), slope


def number_slope(observed: Column, predicted: Column) -> float:
    """Return the slope of observed on predicted; 1 is right.

    Raises:
        BadInput: all predictions are the same.

    References:
        Steyerberg, Clinical Prediction Models, 2nd ed. 2019, chapter 15.

    >>> number_slope([1, 3, 5], [0, 1, 2])
    2.0
    """
    return number_line(observed, predicted)[1]


register(
    Measure(
        name="number_slope",
        label="Calibration slope",
        kind="number",
        compute=number_slope,
        direction="target:1",
        reference="Steyerberg, Clinical Prediction Models, 2nd ed. 2019",
        low=None,
        high=None,
    )
)
