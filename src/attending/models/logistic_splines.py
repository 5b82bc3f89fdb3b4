"""Logistic regression in which every feature may bend: restricted cubic splines, kept as JSON."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.digests import canonical
from attending.models.newton import rounded
from attending.models.penalised import medians, penalised, standard
from attending.models.protocol import Matrix, expit
from attending.models.restricted_cubic import basis, cubes_of, knots_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.models.penalised import Rules
    from attending.types import Floats, Outcomes, Risks

FORMAT = "attending.logistic_splines/1"


@dataclass(frozen=True)
class Curve:
    """What the training rows said of one feature: its knots, and a coefficient for each column.

    Attributes:
        name: the feature.
        median: stands in where it is missing.
        missing_share: share of training rows where it was; 0 means that no mark was fitted.
        missing_coefficient: of the mark.
        knots: none for a straight line.
        means: of the columns of the spline, as many as `coefficients`.
        spreads: their deviations.
        coefficients: on the standardised columns.
    """

    name: str
    median: float
    missing_share: float
    missing_coefficient: float
    knots: tuple[float, ...]
    means: tuple[float, ...]
    spreads: tuple[float, ...]
    coefficients: tuple[float, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in vars(self).items()}


@dataclass(frozen=True)
class _Table:
    """All curves as sums of one line and of cubes that begin at the knots, feature by feature.

    A spline is such a sum, so that one row is read by a few operations on arrays. Shapes are (p,),
    for `knots` and `bends` (p, k); a feature without knots has bends of zero. `beyond` is the slope
    that the bends have beyond the `last` knot.
    """

    median: Floats
    missing_share: Floats
    missing_coefficient: Floats
    slope: Floats
    level: Floats
    knots: Matrix
    bends: Matrix
    last: Floats
    beyond: Floats


def _tabled(curves: Sequence[Curve]) -> _Table:
    most = max([0, *(len(curve.knots) for curve in curves)])
    knots, bends = np.zeros((len(curves), most)), np.zeros((len(curves), most))
    slope, level, beyond = (np.zeros(len(curves)) for _ in range(3))
    last = np.zeros(len(curves))
    for at, curve in enumerate(curves):
        weight = np.array(curve.coefficients) / np.array(curve.spreads)
        slope[at], level[at] = weight[0], float((weight * np.array(curve.means)).sum())
        if curve.knots:
            knots[at] = curve.knots
            bends[at], beyond[at] = cubes_of(curve.knots, weight[1:])
            last[at] = curve.knots[-1]
    return _Table(
        median=np.array([curve.median for curve in curves]),
        missing_share=np.array([curve.missing_share for curve in curves]),
        missing_coefficient=np.array([curve.missing_coefficient for curve in curves]),
        slope=slope,
        level=level,
        knots=knots,
        bends=bends,
        last=last,
        beyond=beyond,
    )


@dataclass(frozen=True)
class SplineLogistic:
    """A fitted logistic regression on splines."""

    curves: tuple[Curve, ...]
    intercept: float
    l1: float
    l2: float

    @property
    def names(self) -> tuple[str, ...]:
        """Return the features in the order of the columns."""
        return tuple(curve.name for curve in self.curves)

    def contributions(self, x: Matrix) -> Matrix:
        """Return each feature's share of the log-odds, shape (n, p + 1); last the intercept."""
        table = self._table
        missing = np.isnan(x)
        value = np.where(missing, table.median, x)
        parts = np.empty((x.shape[0], len(self.curves) + 1))
        parts[:, :-1] = value * table.slope - table.level
        parts[:, :-1] += (missing - table.missing_share) * table.missing_coefficient
        inside = np.minimum(value, table.last)
        for knot, weight in zip(table.knots.T, table.bends.T, strict=True):
            parts[:, :-1] += np.maximum(inside - knot, 0.0) ** 3 * weight
        parts[:, :-1] += np.maximum(value - table.last, 0.0) * table.beyond
        parts[:, -1] = self.intercept
        return parts

    @cached_property
    def _table(self) -> _Table:
        return _tabled(self.curves)

    def margin(self, x: Matrix) -> Floats:
        """Return the log-odds, shape (n,)."""
        return np.asarray(self.contributions(x).sum(axis=1))

    def risk(self, x: Matrix) -> Risks:
        """Return the uncalibrated risk, shape (n,)."""
        return expit(self.margin(x))

    def write(self) -> bytes:
        """Return knots and coefficients as canonical JSON."""
        fields = {"format": FORMAT, "intercept": self.intercept, "l1": self.l1, "l2": self.l2}
        return canonical(fields | {"columns": [curve.as_json() for curve in self.curves]})


def fit_splines(x: Matrix, y: Outcomes, *, names: Sequence[str], rules: Rules) -> SplineLogistic:
    """Return the regression; knots, medians and scales are learnt from these rows alone.

    Args:
        x: shape (n, p), NaN where missing.
        y: shape (n,), 0 or 1.
        names: the features, in the order of the columns.
        rules: number of knots and penalties.
    """
    missing = np.isnan(x)
    median = medians(x)
    share = rounded(missing.mean(axis=0))
    filled = np.where(missing, median, x)
    knots = [knots_of(column, count=rules.knots) for column in x.T]
    columns = [basis(column, at) for column, at in zip(filled.T, knots, strict=True)]
    scales = [standard(part) for part in columns]
    blocks = [(part - mean) / sd for part, (mean, sd) in zip(columns, scales, strict=True)]
    design = np.hstack([np.ones((len(x), 1)), *blocks, missing - share])
    found = penalised(design, y, rules=rules)
    ends = 1 + np.cumsum([0, *(part.shape[1] for part in columns)])
    curves = tuple(
        Curve(
            name=name,
            median=float(median[at]),
            missing_share=float(share[at]),
            missing_coefficient=float(found[ends[-1] + at]),
            knots=knots[at],
            means=tuple(scales[at][0].tolist()),
            spreads=tuple(scales[at][1].tolist()),
            coefficients=tuple(found[ends[at] : ends[at + 1]].tolist()),
        )
        for at, name in enumerate(names)
    )
    return SplineLogistic(curves, float(found[0]), rules.l1, rules.l2)


def from_json(found: Mapping[str, Any]) -> SplineLogistic:
    """Return the regression that plain JSON values say.

    Raises:
        ValueError: knots that do not rise, or columns that do not fit them.
        KeyError: a field is not there.
    """
    curves = tuple(_curve(item) for item in found["columns"])
    return SplineLogistic(curves, float(found["intercept"]), float(found["l1"]), float(found["l2"]))


def _curve(item: Mapping[str, Any]) -> Curve:
    curve = Curve(
        name=str(item["name"]),
        median=float(item["median"]),
        missing_share=float(item["missing_share"]),
        missing_coefficient=float(item["missing_coefficient"]),
        knots=_floats(item["knots"]),
        means=_floats(item["means"]),
        spreads=_floats(item["spreads"]),
        coefficients=_floats(item["coefficients"]),
    )
    columns = max(len(curve.knots) - 1, 1)
    if any(len(part) != columns for part in (curve.means, curve.spreads, curve.coefficients)):
        raise ValueError("columns that do not fit the knots")
    if len(curve.knots) in {1, 2} or any(a >= b for a, b in itertools.pairwise(curve.knots)):
        raise ValueError("knots that do not rise")
    return curve


def _floats(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
