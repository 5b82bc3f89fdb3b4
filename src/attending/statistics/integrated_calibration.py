"""ICI, E50, E90 and Emax: how far the smooth calibration curve lies from the diagonal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.statistics.inputs import predicted
from attending.statistics.measure import Measure, register
from attending.statistics.smooth_calibration import lowess, smooth

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.statistics.smooth_calibration import Smooth
    from attending.types import Floats

_REFERENCE = "Austin & Steyerberg, Stat Med 2019;38:4051"


class CalibrationDistance(NamedTuple):
    """Mean, median, 90th percentile and maximum distance, and the smoother they depend on."""

    ici: float
    e50: float
    e90: float
    emax: float
    smoother: str


def calibration_distance(
    outcome: Column, risk: Column, *, fitted: Smooth | None = None
) -> CalibrationDistance:
    """Return ICI, E50, E90 and Emax from a logistic spline (or from one already fitted).

    References:
        Austin & Steyerberg, Stat Med 2019;38:4051.

    >>> y, p = [0, 0, 0, 1, 0, 1, 1, 1], [0.2] * 4 + [0.8] * 4
    >>> round(calibration_distance(y, p).ici, 4)
    0.05
    """
    _, p = predicted(outcome, risk)
    curve = fitted or smooth(outcome, risk)
    return _distance(curve.at(p), p, curve.smoother)


def calibration_distance_lowess(outcome: Column, risk: Column) -> CalibrationDistance:
    """Return the same from lowess (span 0.75), for up to 5,000 rows."""
    _, p = predicted(outcome, risk)
    return _distance(lowess(outcome, risk), p, "lowess, span 0.75")


def _distance(observed: Floats, risk: Floats, smoother: str) -> CalibrationDistance:
    away = np.abs(observed - risk)
    e50, e90 = np.quantile(away, [0.5, 0.9])
    return CalibrationDistance(
        float(away.mean()), float(e50), float(e90), float(away.max()), smoother
    )


def ici(outcome: Column, risk: Column) -> float:
    """Return the mean distance between the smooth curve and the diagonal."""
    return calibration_distance(outcome, risk).ici


def e50(outcome: Column, risk: Column) -> float:
    """Return the median distance between the smooth curve and the diagonal."""
    return calibration_distance(outcome, risk).e50


def e90(outcome: Column, risk: Column) -> float:
    """Return the 90th percentile of the distance between the smooth curve and the diagonal."""
    return calibration_distance(outcome, risk).e90


def emax(outcome: Column, risk: Column) -> float:
    """Return the largest distance between the smooth curve and the diagonal."""
    return calibration_distance(outcome, risk).emax


for _name, _label, _compute in (
    ("ici", "Integrated calibration index", ici),
    ("e50", "E50 (median calibration error)", e50),
    ("e90", "E90 (90th percentile of calibration error)", e90),
    ("emax", "Emax (largest calibration error)", emax),
):
    register(
        Measure(
            name=_name,
            label=_label,
            kind="risk",
            compute=_compute,
            direction="lower",
            reference=_REFERENCE,
        )
    )
