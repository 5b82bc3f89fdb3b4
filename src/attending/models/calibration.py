"""Turn an estimator's risks into calibrated ones: none, Platt, beta or isotonic, as plain numbers.

A calibration is fitted on rows of its own, which neither the estimator nor the test has seen.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from attending.errors import Refused
from attending.models.bounded import Bounded, minimise
from attending.models.newton import fit_logistic, rounded
from attending.models.protocol import expit, logit
from attending.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attending.types import Floats, Outcomes, Risks

MIN_EVENTS_PLATT = 10
#: One slope more than Platt's line.
MIN_EVENTS_BETA = 20
#: Isotonic steps follow chance when they rest on fewer.
MIN_EVENTS_ISOTONIC = 100
_FLOOR = 1e-6


@dataclass(frozen=True)
class Calibration:
    """How risks are mapped: `knots` are (log-odds, log-odds) pairs for isotonic, else empty.

    For `platt` and `none` the map is a line on the log-odds: intercept + slope * margin. For `beta`
    it is intercept + slope * ln(risk) - slope_high * ln(1 - risk).
    """

    kind: str
    intercept: float = 0.0
    slope: float = 1.0
    knots: tuple[tuple[float, float], ...] = ()
    slope_high: float | None = None

    @property
    def is_line(self) -> bool:
        """Return whether contributions can be carried through the map."""
        return not self.knots and self.slope_high is None

    def apply(self, margin: Floats) -> Floats:
        """Return the calibrated log-odds of an estimator's log-odds.

        >>> Calibration("platt", intercept=-1.0, slope=2.0).apply(np.array([0.5])).tolist()
        [0.0]
        """
        if self.is_line:
            return self.intercept + self.slope * margin
        if self.slope_high is not None:
            low, high = _sides(margin)
            return self.intercept + self.slope * low + self.slope_high * high
        known = np.array(self.knots)
        return np.asarray(np.interp(margin, known[:, 0], known[:, 1]))

    def moved(self, *, intercept: float, slope: float) -> Calibration:
        """Return the map with its log-odds moved along a line, for a recalibration.

        >>> Calibration("platt", intercept=-1.0, slope=2.0).moved(intercept=0.5, slope=2.0)
        Calibration(kind='platt', intercept=-1.5, slope=4.0, knots=(), slope_high=None)
        """
        high = self.slope_high
        return Calibration(
            kind="platt" if self.is_line else self.kind,
            intercept=intercept + slope * self.intercept,
            slope=slope * self.slope,
            knots=tuple((x, intercept + slope * y) for x, y in self.knots),
            slope_high=None if high is None else slope * high,
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        knots = [list(pair) for pair in self.knots]
        beta = {} if self.slope_high is None else {"slope_high": self.slope_high}
        line = {"kind": self.kind, "intercept": self.intercept, "slope": self.slope}
        return {**line, "knots": knots, **beta}


def from_json(found: Mapping[str, Any]) -> Calibration:
    """Return the calibration that plain JSON values say.

    Raises:
        ValueError: an unknown kind, steps that are not in rising order, or a slope below 0.
        TypeError: another shape.

    >>> from_json(Calibration("none").as_json()) == Calibration("none")
    True
    """
    if found["kind"] not in CALIBRATIONS.names():
        raise ValueError("an unknown calibration")
    knots = tuple((float(x), float(y)) for x, y in found["knots"])
    if any(a[0] >= b[0] or a[1] > b[1] for a, b in itertools.pairwise(knots)):
        raise ValueError("calibration steps that do not rise")
    high = float(found["slope_high"]) if found["kind"] == "beta" else None
    if high is not None and min(high, float(found["slope"])) < 0.0:
        raise ValueError("a calibration that turns the order round")
    return Calibration(
        str(found["kind"]), float(found["intercept"]), float(found["slope"]), knots, high
    )


CALIBRATIONS: Registry[Callable[[Floats, Outcomes], Calibration]] = Registry("calibration")


@CALIBRATIONS.named("none")
def fit_none(margin: Floats, outcome: Outcomes) -> Calibration:  # noqa: ARG001 - nothing is fitted
    """Return the calibration that changes nothing."""
    return Calibration("none")


@CALIBRATIONS.named("platt")
def fit_platt(margin: Floats, outcome: Outcomes) -> Calibration:
    """Return the line on the log-odds that fits the calibration rows best.

    Targets are drawn in slightly from 0 and 1, so that separated rows give a finite line.

    Raises:
        Refused: fewer than 10 events or non-events, or a slope that is not above 0.

    References:
        Platt 1999; Lin, Lin & Weng, Mach Learn 2007;68:267.
    """
    _enough(outcome, least=MIN_EVENTS_PLATT, kind="platt")
    events = int(outcome.sum())
    high = (events + 1.0) / (events + 2.0)
    low = 1.0 / (len(outcome) - events + 2.0)
    target = np.where(outcome == 1, high, low)
    design = np.column_stack([np.ones(len(margin)), margin])
    intercept, slope = fit_logistic(design, target, penalty=np.zeros(2)).tolist()
    if slope <= 0:
        _reversed(slope)
    return Calibration("platt", intercept, slope)


@CALIBRATIONS.named("beta")
def fit_beta(margin: Floats, outcome: Outcomes) -> Calibration:
    """Return the map with a slope of its own at either end; it bends where Platt's line cannot.

    Raises:
        Refused: fewer than 20 events or non-events, or a score without signal.

    References:
        Kull, Silva Filho & Flach, Electron J Stat 2017;11:5052.
    """
    _enough(outcome, least=MIN_EVENTS_BETA, kind="beta")
    low, high = _sides(margin)
    design = np.column_stack([np.ones(len(margin)), low, high])
    # Neither slope may be below 0, or a higher score would mean a lower risk somewhere.
    held = np.array([False, True, True])
    nothing = np.zeros(3)
    asked = Bounded(
        design, outcome.astype(np.float64), np.ones(len(margin)), np.diag(nothing), nothing, held
    )
    intercept, slope, slope_high = rounded(minimise(asked)).tolist()
    if slope + slope_high <= 0.0:
        _reversed(slope + slope_high)
    return Calibration("beta", intercept, slope, (), slope_high)


@CALIBRATIONS.named("isotonic")
def fit_isotonic(margin: Floats, outcome: Outcomes) -> Calibration:
    """Return the rising map that fits the calibration rows best, straight between its steps.

    Raises:
        Refused: fewer than 100 events or non-events.
    """
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - slow to import, for training

    _enough(outcome, least=MIN_EVENTS_ISOTONIC, kind="isotonic")
    # Equal margins must share one value, so they are pooled before the rising fit.
    values, group = np.unique(margin, return_inverse=True)
    weight = np.bincount(group).astype(np.float64)
    rate = np.bincount(group, weights=outcome.astype(np.float64)) / weight
    fitted = np.asarray(isotonic_regression(rate, weights=weight).x)
    edge = np.flatnonzero(np.diff(fitted) > 0)
    keep = np.unique(np.concatenate([[0], edge, edge + 1, [len(values) - 1]]))
    xs = values[keep]
    ys = rounded(logit(fitted[keep], floor=_FLOOR))
    knots = tuple(zip(xs.tolist(), np.maximum.accumulate(ys).tolist(), strict=True))
    return Calibration("isotonic", knots=knots)


def calibrated_risk(calibration: Calibration, margin: Floats) -> Risks:
    """Return calibrated risks of an estimator's log-odds.

    >>> calibrated_risk(Calibration("none"), np.array([0.0])).tolist()
    [0.5]
    """
    return expit(calibration.apply(margin))


def _sides(margin: Floats) -> tuple[Floats, Floats]:
    """Return ln(risk) and -ln(1 - risk) of log-odds; their sum is the log-odds."""
    return -np.logaddexp(0.0, -margin), np.logaddexp(0.0, margin)


def _reversed(slope: float) -> NoReturn:
    raise Refused(
        f"calibration found a slope of {slope:.3g}; higher scores mean fewer events",
        code="model.calibration_reversed",
        hint="The estimator has no signal on the calibration rows. Look at features and label.",
    )


def _enough(outcome: Outcomes, *, least: int, kind: str) -> None:
    events = int(outcome.sum())
    if min(events, len(outcome) - events) < least:
        raise Refused(
            f"{kind} calibration got {events} events in {len(outcome)} rows, expected at least"
            f" {least} of each outcome",
            code="model.calibration_rows",
            hint="Raise split.calibration_fraction, or write calibration: platt or none.",
            where="model.yaml: calibration",
        )
