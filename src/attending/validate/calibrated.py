"""Calibration of each model, fitted once: measures, curves and gates all read the same fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.records.range import Range
from attending.records.validation import Calibration, CalibrationBin, CurvePoint
from attending.statistics.calibration_bins import calibration_bins
from attending.statistics.inputs import clipped
from attending.statistics.recalibration import recalibration
from attending.statistics.smooth_calibration import calibration_curve, smooth
from attending.statistics.suppression import tells_small

if TYPE_CHECKING:
    from attending.statistics.measure import Interval
    from attending.statistics.recalibration import Recalibration
    from attending.statistics.smooth_calibration import Smooth
    from attending.types import Risks
    from attending.validate.evidence import Evidence


@dataclass(frozen=True)
class Fitted:
    """The fits of one model; None, with the reason, where the risks allow none."""

    line: Recalibration | None
    curve: Smooth | None
    reason: str = ""


def fit_calibration(evidence: Evidence) -> dict[str, Fitted]:
    """Return the fits of every model that has probabilities and events enough."""
    made = {}
    for name, risk in evidence.risks.items():
        known = ~np.isnan(risk)
        if evidence.has_probability(name) and evidence.enough(known):
            made[name] = _fit(evidence, risk)
    return made


def _fit(evidence: Evidence, risk: Risks) -> Fitted:
    known = ~np.isnan(risk)
    outcome, patient = evidence.data.outcome[known], evidence.patient[known]
    try:
        line = recalibration(outcome, risk[known], cluster=patient)
        return Fitted(line, smooth(outcome, risk[known], cluster=patient))
    except BadInput as error:
        return Fitted(None, None, error.message)


def calibrations(evidence: Evidence, fits: dict[str, Fitted]) -> tuple[Calibration, ...]:
    """Return bins and smooth curve of every model that was fitted."""
    return tuple(_calibration(evidence, name, found=found) for name, found in fits.items())


def _calibration(evidence: Evidence, name: str, *, found: Fitted) -> Calibration:
    known = ~np.isnan(evidence.risks[name])
    risk = evidence.risks[name][known]
    moved = clipped(risk)
    return Calibration(
        model=name,
        smoother=found.curve.smoother if found.curve else f"none: {found.reason}",
        bins=_bins(evidence, name),
        curve=_points(found.curve, risk) if found.curve else (),
        intercept=as_range(found.line.intercept) if found.line else Range(),
        slope=as_range(found.line.slope) if found.line else Range(),
        clipped=None if tells_small(moved, risk.size, smallest=evidence.small) else moved,
    )


def _bins(evidence: Evidence, name: str) -> tuple[CalibrationBin, ...]:
    known = ~np.isnan(evidence.risks[name])
    outcome, risk = evidence.data.outcome[known], evidence.risks[name][known]
    found = calibration_bins(outcome, risk, smallest=evidence.small)
    return tuple(
        CalibrationBin(**{k: v for k, v in each._asdict().items() if k != "events"})
        for each in found
    )


def _points(fitted: Smooth, risk: Risks) -> tuple[CurvePoint, ...]:
    curve = calibration_curve(fitted, risk)
    columns = (curve.predicted, curve.observed, curve.low, curve.high)
    return tuple(
        CurvePoint(predicted=float(p), observed=float(o), low=float(a), high=float(b))
        for p, o, a, b in zip(*columns, strict=True)
    )


def as_range(found: Interval) -> Range:
    """Return an interval as a record holds it."""
    return Range(value=found.value, low=found.low, high=found.high)
