"""Smooth calibration curves: the observed risk as a smooth function of the predicted one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import logit, predicted
from attending.statistics.logistic import fit
from attending.statistics.measure import z_of
from attending.statistics.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.statistics.inputs import Column
    from attending.statistics.logistic import Fit
    from attending.types import Floats, Ints

#: Where knots stand, as quantiles of the linear predictor, by their number (Harrell 2015, 2.4.6).
_KNOTS = {
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
    4: (0.05, 0.35, 0.65, 0.95),
    3: (0.10, 0.50, 0.90),
}
_CURVE_POINTS = 101


@dataclass(frozen=True)
class Curve:
    """A smooth calibration curve with its pointwise band, and the name of the smoother."""

    smoother: str
    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Smooth:
    """A fitted smoother; `at` gives the observed risk at any predicted one."""

    smoother: str
    knots: Floats
    fitted: Fit

    def at(self, risk: Floats) -> Floats:
        """Return the smoothed observed risk at predicted risks."""
        return np.asarray(expit(self._columns(risk) @ self.fitted.coefficients), np.float64)

    def band(self, risk: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the pointwise interval of the smoothed observed risk."""
        columns = self._columns(risk)
        linear = columns @ self.fitted.coefficients
        spread = np.einsum("ij,jk,ik->i", columns, self.fitted.covariance, columns)
        half = z_of(level) * np.sqrt(np.maximum(spread, 0.0))
        return expit(linear - half), expit(linear + half)

    def _columns(self, risk: Floats) -> NDArray[np.float64]:
        return _basis(logit(risk), self.knots)


def smooth(outcome: Column, risk: Column, *, cluster: Ints | None = None) -> Smooth:
    """Return a logistic restricted cubic spline of the outcome on logit(risk).

    It takes 5 knots, and fewer where risks are too few or too alike; then a straight line. The
    name of what was taken is part of the answer, since the smoother changes the figures.

    Args:
        outcome: shape (n,), 0 or 1.
        risk: shape (n,), probabilities.
        cluster: the patient of each row; then the band is cluster-robust.

    Raises:
        BadInput: all risks are equal.

    References:
        Austin & Steyerberg, Stat Med 2019;38:4051; Harrell, Regression Modeling Strategies, 2.4.

    >>> smooth([0, 0, 0, 1, 0, 1, 1, 1], [0.2] * 4 + [0.8] * 4).smoother
    'logistic line'
    """
    y, p = predicted(outcome, risk, both=True)
    linear = logit(p)
    for count in (5, 4, 3):
        knots = np.unique(np.quantile(linear, _KNOTS[count]))
        if knots.size < count or y.size < 10 * count:
            continue
        found = _try(_basis(linear, knots), y, cluster)
        if found is not None:
            return Smooth(f"logistic RCS, {count} knots", knots, found)
    found = _try(_basis(linear, np.empty(0)), y, cluster)
    if found is None:
        raise BadInput(
            "the risks are all equal, or separate the outcomes: no smooth curve",
            code="statistics.no_spread",
        )
    return Smooth("logistic line", np.empty(0), found)


def calibration_curve(fitted: Smooth, risk: Column, *, level: float = 0.95) -> Curve:
    """Return the smooth curve at 101 predicted risks between the 0.5 % and 99.5 % quantile.

    >>> y, p = [0, 0, 0, 1, 0, 1, 1, 1], [0.2] * 4 + [0.8] * 4
    >>> curve = calibration_curve(smooth(y, p), p)
    >>> curve.observed[0].round(3), curve.observed[-1].round(3)
    (np.float64(0.25), np.float64(0.75))
    """
    p = np.asarray(risk, dtype=np.float64)
    low, high = np.quantile(p, [0.005, 0.995])
    points = np.linspace(low, high, _CURVE_POINTS)
    below, above = fitted.band(points, level=level)
    return Curve(fitted.smoother, points, fitted.at(points), below, above)


def lowess(outcome: Column, risk: Column, *, share: float = 0.75) -> Floats:
    """Return Cleveland's local line at each risk, clipped to 0 to 1, for up to 5,000 rows.

    One pass with tricube weights over the nearest `share` of rows, without robust steps.

    Raises:
        BadInput: more than 5,000 rows; its work grows with the square.

    References:
        Cleveland, J Am Stat Assoc 1979;74:829.

    >>> lowess([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], share=1.0).round(3).tolist()
    [0.0, 0.286, 0.714, 1.0]
    """
    y, p = predicted(outcome, risk)
    if y.size > 5_000:
        raise BadInput("more than 5,000 rows for lowess", code="statistics.too_many")
    order = np.argsort(p, kind="stable")
    x, ordered = p[order], y[order]
    near = max(2, int(share * y.size + 1e-10))
    left = 0
    fitted = np.empty(y.size)
    for i in range(y.size):
        while left + near < y.size and x[i] > (x[left] + x[left + near]) / 2.0:
            left += 1
        window = slice(left, left + near)
        fitted[i] = _local_line(x[window], ordered[window], at=float(x[i]))
    out = np.empty(y.size)
    out[order] = np.clip(fitted, 0.0, 1.0)
    return out


def _local_line(x: Floats, y: Floats, *, at: float) -> float:
    radius = max(at - float(x[0]), float(x[-1]) - at)
    if radius == 0.0:
        return float(y.mean())
    weight = np.clip(1.0 - (np.abs(x - at) / radius) ** 3, 0.0, None) ** 3
    weight /= weight.sum()
    centre = float(weight @ x)
    spread = float(weight @ (x - centre) ** 2)
    if spread < 1e-12 * radius**2:
        return float(weight @ y)
    return float((weight * (1.0 + (at - centre) * (x - centre) / spread)) @ y)


def _try(columns: NDArray[np.float64], y: Floats, cluster: Ints | None) -> Fit | None:
    try:
        found = fit(columns, y, cluster=cluster)
    except BadInput:
        return None
    return found if found.converged and bool(np.isfinite(found.covariance).all()) else None


def _basis(linear: Floats, knots: Floats) -> NDArray[np.float64]:
    """Return 1, x and the restricted cubic terms of Harrell, scaled by the outer knots."""
    columns = [np.ones(linear.size), linear]
    if knots.size:
        last, before = knots[-1], knots[-2]
        scale = (last - knots[0]) ** 2
        for knot in knots[:-2]:
            term = np.maximum(linear - knot, 0.0) ** 3
            tail = np.maximum(linear - before, 0.0) ** 3 * (last - knot)
            end = np.maximum(linear - last, 0.0) ** 3 * (before - knot)
            columns.append((term - (tail - end) / (last - before)) / scale)
    return np.column_stack(columns)
