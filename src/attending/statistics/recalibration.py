"""Weak calibration: calibration in the large, and the recalibration intercept and slope."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import logit, predicted
from attending.statistics.logistic import fit
from attending.statistics.measure import Interval, Measure, register, z_of

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.statistics.logistic import Fit
    from attending.types import Ints

_HIERARCHY = "Van Calster et al., J Clin Epidemiol 2016;74:167"


class Recalibration(NamedTuple):
    """logit P = intercept + slope x logit(risk): ideal 0 and 1; a slope below 1 is too extreme."""

    intercept: Interval
    slope: Interval


def calibration_in_the_large(outcome: Column, risk: Column) -> float:
    """Return the intercept a of logit P(y = 1) = a + logit(risk); 0 is ideal.

    >>> round(calibration_in_the_large([1, 0, 0, 0], [0.5, 0.5, 0.5, 0.5]), 6)  # ln(1/3)
    -1.098612
    """
    return calibration_in_the_large_interval(outcome, risk).value


def calibration_in_the_large_interval(
    outcome: Column, risk: Column, *, cluster: Ints | None = None, level: float = 0.95
) -> Interval:
    """Return calibration in the large with its interval.

    Args:
        outcome: shape (n,), 0 or 1.
        risk: shape (n,), probabilities, clipped at 1e-6.
        cluster: the patient of each row; then the standard error is cluster-robust.
        level: confidence, 0 to 1.

    References:
        Van Calster et al., J Clin Epidemiol 2016;74:167 (offset model).
    """
    y, p = predicted(outcome, risk, both=True)
    found = fit(np.ones((y.size, 1)), y, offset=logit(p), cluster=cluster)
    return _interval(found, 0, robust=cluster is not None, level=level)


def recalibration(
    outcome: Column, risk: Column, *, cluster: Ints | None = None, level: float = 0.95
) -> Recalibration:
    """Return the intercept and slope of logit P = a + b x logit(risk), with intervals.

    Args:
        outcome: shape (n,), 0 or 1.
        risk: shape (n,), probabilities, clipped at 1e-6.
        cluster: the patient of each row; then standard errors are cluster-robust.
        level: confidence, 0 to 1.

    Raises:
        BadInput: all risks are equal, so that there is no slope.

    References:
        Cox, Biometrika 1958;45:562.
    """
    y, p = predicted(outcome, risk, both=True)
    linear = logit(p)
    if float(np.ptp(linear)) == 0.0:
        raise BadInput("all risks are equal: there is no slope", code="statistics.no_spread")
    found = fit(np.column_stack([np.ones(y.size), linear]), y, cluster=cluster)
    robust = cluster is not None
    return Recalibration(
        _interval(found, 0, robust=robust, level=level),
        _interval(found, 1, robust=robust, level=level),
    )


def calibration_slope(outcome: Column, risk: Column) -> float:
    """Return the slope b of logit P = a + b x logit(risk); 1 is ideal, below 1 is too extreme.

    >>> round(calibration_slope([0, 0, 0, 1, 0, 1, 1, 1], [0.2] * 4 + [0.8] * 4), 4)
    0.7925
    """
    return recalibration(outcome, risk).slope.value


def _interval(found: Fit, at: int, *, robust: bool, level: float) -> Interval:
    value, se = float(found.coefficients[at]), float(found.standard_errors[at])
    half = z_of(level) * se
    method = "Wald, cluster-robust" if robust else "Wald"
    return Interval(value, value - half, value + half, se, method)


register(
    Measure(
        name="calibration_in_the_large",
        label="Calibration in the large",
        kind="risk",
        compute=calibration_in_the_large,
        direction="target:0",
        reference=_HIERARCHY,
        low=None,
        high=None,
        unit="log odds",
    )
)
register(
    Measure(
        name="calibration_slope",
        label="Calibration slope",
        kind="risk",
        compute=calibration_slope,
        direction="target:1",
        reference="Cox, Biometrika 1958;45:562",
        low=None,
        high=None,
    )
)
