"""Logistic regression with its preprocessing kept as data: median, missing mark, mean, spread.

Everything that the training rows taught it stands in one JSON document, so that scoring needs
numpy alone and nothing is learnt from the rows that are scored. With `knots` the features bend:
`logistic_splines`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.digests import canonical
from attending.errors import Refused
from attending.models.logistic_splines import FORMAT as SPLINES
from attending.models.logistic_splines import SplineLogistic, fit_splines
from attending.models.logistic_splines import from_json as splines_from_json
from attending.models.newton import rounded
from attending.models.penalised import Rules, medians, penalised, standard
from attending.models.protocol import (
    Matrix,
    Setting,
    expit,
    known_settings,
    number,
    row_counts,
    whole,
)
from attending.models.restricted_cubic import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.types import Floats, Outcomes, Risks

FORMAT = "attending.logistic/1"
#: l2: weight of half the squared coefficients, on standardised columns; above 0, so that an
#: optimum exists whatever the rows. l1: weight of their absolute values, which draws those that
#: carry little to exactly zero; with both it is the elastic net. knots: of a restricted cubic
#: spline in every feature, 0 for straight lines.
DEFAULTS: dict[str, Setting] = {"l2": 1.0, "l1": 0.0, "knots": 0, "class_weights": "none"}


@dataclass(frozen=True)
class Column:
    """What the training rows said of one feature, and its two coefficients."""

    name: str
    median: float
    mean: float
    spread: float
    coefficient: float
    #: Share of training rows where it was missing; 0 means that no missing mark was fitted.
    missing_share: float
    missing_coefficient: float


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic regression."""

    columns: tuple[Column, ...]
    intercept: float
    l2: float

    @property
    def names(self) -> tuple[str, ...]:
        """Return the features in the order of the columns."""
        return tuple(column.name for column in self.columns)

    def contributions(self, x: Matrix) -> Matrix:
        """Return each feature's share of the log-odds, shape (n, p + 1); last the intercept."""
        parts = np.empty((x.shape[0], len(self.columns) + 1))
        for at, column in enumerate(self.columns):
            missing = np.isnan(x[:, at])
            value = np.where(missing, column.median, x[:, at])
            mark = (missing - column.missing_share) * column.missing_coefficient
            parts[:, at] = column.coefficient * (value - column.mean) / column.spread + mark
        parts[:, -1] = self.intercept
        return parts

    def margin(self, x: Matrix) -> Floats:
        """Return the log-odds, shape (n,)."""
        return np.asarray(self.contributions(x).sum(axis=1))

    def risk(self, x: Matrix) -> Risks:
        """Return the uncalibrated risk, shape (n,)."""
        return expit(self.margin(x))

    def write(self) -> bytes:
        """Return the coefficients as canonical JSON."""
        columns = [vars(column) for column in self.columns]
        return canonical(
            {"format": FORMAT, "intercept": self.intercept, "l2": self.l2, "columns": columns}
        )


class LogisticEstimator:
    """Fits and reads logistic regressions."""

    file_name = "model.json"

    def fit(
        self,
        x: Matrix,
        y: Outcomes,
        *,
        names: Sequence[str],
        parameters: Mapping[str, Setting],
        seed: int,  # noqa: ARG002 - the optimum is unique; nothing is drawn
        tuning: tuple[Matrix, Outcomes] | None = None,  # noqa: ARG002 - nothing stops early
    ) -> Logistic | SplineLogistic:
        """Return the regression fitted on training rows; imputation is learnt from them alone.

        Raises:
            BadInput: an unknown parameter or one out of range.
        """
        settings = known_settings(parameters, DEFAULTS, kind="logistic")
        l2 = number(settings, "l2", least=1e-6)
        rules = Rules(
            l1=number(settings, "l1", least=0.0),
            l2=l2,
            knots=whole(settings, "knots", among=(0, *QUANTILES)),
            counts=row_counts(y, settings),
        )
        if rules.knots:
            return fit_splines(x, y, names=names, rules=rules)
        missing = np.isnan(x)
        median = medians(x)
        filled = np.where(missing, median, x)
        mean, spread = standard(filled)
        share = rounded(missing.mean(axis=0))
        design = np.hstack([np.ones((len(x), 1)), (filled - mean) / spread, missing - share])
        found = penalised(design, y, rules=rules)
        value_part, mark_part = found[1 : len(names) + 1], found[len(names) + 1 :]
        rows = zip(names, median, mean, spread, value_part, share, mark_part, strict=True)
        columns = tuple(Column(name, *map(float, numbers)) for name, *numbers in rows)
        return Logistic(columns, float(found[0]), l2)

    def read(self, data: bytes, *, names: Sequence[str]) -> Logistic | SplineLogistic:
        """Return the regression that canonical JSON says.

        Raises:
            Refused: not this format, or other features than `names`.
        """
        try:
            model = _parsed(json.loads(data))
            if model.write() == data and model.names == tuple(names):
                return model
        except (ValueError, TypeError, KeyError, IndexError, RecursionError, AttributeError):
            pass
        raise Refused(
            "got a model file that is not coefficients of these features in canonical JSON",
            code="model.format",
            hint="Write it with this package and bring the whole bundle.",
        )


def _parsed(found: Mapping[str, Any]) -> Logistic | SplineLogistic:
    """Return the regression of either format.

    Raises:
        ValueError: another format.
    """
    if found["format"] == SPLINES:
        return splines_from_json(found)
    if found["format"] != FORMAT:
        raise ValueError("another format")
    columns = tuple(_column(item) for item in found["columns"])
    return Logistic(columns, float(found["intercept"]), float(found["l2"]))


def _column(item: Mapping[str, Any]) -> Column:
    numbers = {key: float(value) for key, value in item.items() if key != "name"}
    return Column(name=str(item["name"]), **numbers)
