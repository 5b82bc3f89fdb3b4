"""Logistic regression in which every feature may bend: restricted cubic splines, kept as JSON."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.digests import canonical
from attending.models.newton import rounded
from attending.models.penalised import medians, penalised, standard
from attending.models.protocol import Matrix, expit
from attending.models.restricted_cubic import basis, knots_of

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

    def share(self, x: Floats) -> Floats:
        """Return this feature's share of the log-odds, shape (n,)."""
        missing = np.isnan(x)
        columns = basis(np.where(missing, self.median, x), self.knots)
        scaled = (columns - np.array(self.means)) / np.array(self.spreads)
        mark = (missing - self.missing_share) * self.missing_coefficient
        # Summed column by column: a product of matrices would round one row otherwise than many.
        return np.asarray(sum((scaled * np.array(self.coefficients)).T) + mark)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in vars(self).items()}


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
        parts = np.empty((x.shape[0], len(self.curves) + 1))
        for at, curve in enumerate(self.curves):
            parts[:, at] = curve.share(x[:, at])
        parts[:, -1] = self.intercept
        return parts

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
