"""A generalized additive model: the log-odds are a sum of one smooth curve for each feature.

Every curve can be drawn and read off, its share of a risk is exact, and those for which clinicians
know the sign rise or fall only. The file is JSON: knots and coefficients.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.digests import canonical
from attending.errors import Refused
from attending.models.additive_fit import block_of, fit_smooth
from attending.models.bounded import Bounded
from attending.models.bspline import Knots, knots_of, pieces_of
from attending.models.curves import Curves, stack
from attending.models.monotone import signs
from attending.models.newton import rounded
from attending.models.protocol import (
    Matrix,
    Setting,
    expit,
    known_settings,
    number,
    row_counts,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.types import Floats, Outcomes, Risks

FORMAT = "attending.additive/1"
#: knots: between the ends of each curve. l2: as for the logistic regression, on the line in each
#: curve. smoothing: one weight for all curves; 0 lets the training rows choose one for each.
DEFAULTS: dict[str, Setting] = {
    "knots": 6,
    "l2": 1.0,
    "smoothing": 0.0,
    "monotone_up": "",
    "monotone_down": "",
    "class_weights": "none",
}
_MOST_KNOTS = 20


@dataclass(frozen=True)
class Smooth:
    """One feature's curve.

    Attributes:
        name: the feature.
        sign: 1 when it may only rise, -1 when it may only fall, else 0.
        breaks: where the pieces meet; empty when the feature never varied.
        degree: of the pieces, 1 to 3.
        coefficients: of the steps, see `bspline`.
        smoothing: the weight that held the curve's bends back.
        mean: of the curve over the training rows, which is taken off it.
        missing_share: share of training rows where the feature was missing.
        missing_coefficient: of its missing mark; a missing value has no other share.
    """

    name: str
    sign: int
    breaks: tuple[float, ...]
    degree: int
    coefficients: tuple[float, ...]
    smoothing: float
    mean: float
    missing_share: float
    missing_coefficient: float

    def pieces(self) -> Matrix:
        """Return the cubics between the breaks."""
        if not self.breaks:
            return np.empty((0, 4))
        return pieces_of(Knots(self.breaks, self.degree), np.array(self.coefficients))

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in vars(self).items()}


@dataclass(frozen=True)
class Additive:
    """A fitted additive model."""

    smooths: tuple[Smooth, ...]
    intercept: float

    @property
    def names(self) -> tuple[str, ...]:
        """Return the features in the order of the columns."""
        return tuple(smooth.name for smooth in self.smooths)

    def contributions(self, x: Matrix) -> Matrix:
        """Return each feature's share of the log-odds, shape (n, p + 1); last the intercept."""
        missing = np.isnan(x)
        columns = self._columns
        curve = self._curves.read(np.where(missing, 0.0, x)) - columns["mean"]
        mark = (missing - columns["missing_share"]) * columns["missing_coefficient"]
        parts = np.empty((x.shape[0], len(self.smooths) + 1))
        parts[:, :-1] = np.where(missing, 0.0, curve) + mark
        parts[:, -1] = self.intercept
        return parts

    @cached_property
    def _curves(self) -> Curves:
        breaks = [np.array(smooth.breaks) for smooth in self.smooths]
        return stack(breaks, [smooth.pieces() for smooth in self.smooths])

    @cached_property
    def _columns(self) -> dict[str, Floats]:
        names = ("mean", "missing_share", "missing_coefficient")
        return {name: np.array([getattr(one, name) for one in self.smooths]) for name in names}

    def margin(self, x: Matrix) -> Floats:
        """Return the log-odds, shape (n,)."""
        return np.asarray(self.contributions(x).sum(axis=1))

    def risk(self, x: Matrix) -> Risks:
        """Return the uncalibrated risk, shape (n,)."""
        return expit(self.margin(x))

    def write(self) -> bytes:
        """Return knots and coefficients as canonical JSON."""
        columns = [smooth.as_json() for smooth in self.smooths]
        return canonical({"format": FORMAT, "intercept": self.intercept, "columns": columns})


class AdditiveEstimator:
    """Fits and reads additive models."""

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
    ) -> Additive:
        """Return the model fitted on training rows; knots and smoothing are learnt from them alone.

        Raises:
            BadInput: an unknown parameter, one out of range, or a sign for an unknown feature.
        """
        settings = known_settings(parameters, DEFAULTS, kind="additive")
        inner = whole(settings, "knots", among=range(_MOST_KNOTS + 1))
        l2 = number(settings, "l2", least=1e-6)
        smoothing = number(settings, "smoothing", least=0.0)
        held = signs(settings, names=names)
        columns = [
            _Column.of(values, inner=inner, sign=sign)
            for values, sign in zip(x.T, held, strict=True)
        ]
        return _fitted(
            columns, y, names=names, l2=l2, smoothing=smoothing, counts=row_counts(y, settings)
        )

    def read(self, data: bytes, *, names: Sequence[str]) -> Additive:
        """Return the model that canonical JSON says.

        Raises:
            Refused: not this format, or other features than `names`.
        """
        try:
            model = _parsed(json.loads(data))
            if model.write() == data and model.names == tuple(names):
                return model
        except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
            pass
        raise Refused(
            "got a model file that is not curves of these features in canonical JSON",
            code="model.format",
            hint="Write it with this package and bring the whole bundle.",
        )


@dataclass(frozen=True)
class _Column:
    """What the training rows give of one feature."""

    sign: int
    knots: Knots | None
    steps: Matrix
    means: Floats
    missing: Floats
    missing_share: float

    @classmethod
    def of(cls, values: Floats, *, inner: int, sign: int) -> _Column:
        """Return it; steps are centred on the rows that have a value, and 0 where none is."""
        missing = np.isnan(values)
        knots = knots_of(values, inner=inner)
        share = float(rounded(np.array([missing.mean()]))[0])
        if knots is None:
            empty = np.empty((len(values), 0))
            return cls(sign, None, empty, np.empty(0), missing - share, share)
        raw = knots.steps_of(np.where(missing, knots.breaks[0], values))
        means = raw[~missing].mean(axis=0)
        steps = np.where(missing[:, None], 0.0, raw - means)
        return cls(sign, knots, steps, means, missing - share, share)


def _fitted(
    columns: Sequence[_Column],
    y: Outcomes,
    *,
    names: Sequence[str],
    l2: float,
    smoothing: float,
    counts: Floats,
) -> Additive:
    """Return the model of these columns; a falling curve is fitted as a rising one turned over."""
    turned = [column.steps * (column.sign or 1) for column in columns]
    marks = np.column_stack([column.missing for column in columns])
    design = np.hstack([np.ones((len(y), 1)), *turned, marks])
    ends = 1 + np.cumsum([0, *(part.shape[1] for part in turned)])
    held = np.zeros(design.shape[1], dtype=bool)
    blocks = []
    for at, column in enumerate(columns):
        held[ends[at] : ends[at + 1]] = column.sign != 0
        if column.knots is not None:
            blocks.append(block_of(column.knots, begin=int(ends[at]), l2=l2))
    penalty = np.zeros((design.shape[1], design.shape[1]))
    penalty[ends[-1] :, ends[-1] :] = np.eye(len(columns)) * l2
    asked = Bounded(design, y.astype(np.float64), counts, penalty, np.zeros(design.shape[1]), held)
    fit = fit_smooth(asked, blocks, weights=[smoothing] * len(blocks) if smoothing else None)
    found, weights = rounded(fit.coefficients), iter(fit.weights)
    smooths = tuple(
        _smooth(
            name,
            column,
            found[ends[at] : ends[at + 1]] * (column.sign or 1),
            mark=float(found[ends[-1] + at]),
            smoothing=next(weights) if column.knots is not None else 0.0,
        )
        for at, (name, column) in enumerate(zip(names, columns, strict=True))
    )
    return Additive(smooths, float(found[0]))


def _smooth(
    name: str, column: _Column, coefficients: Floats, *, mark: float, smoothing: float
) -> Smooth:
    return Smooth(
        name=name,
        sign=column.sign,
        breaks=column.knots.breaks if column.knots else (),
        degree=column.knots.degree if column.knots else 1,
        coefficients=tuple((coefficients + 0.0).tolist()),
        smoothing=smoothing,
        mean=float(rounded(np.array([column.means @ coefficients]))[0]),
        missing_share=column.missing_share,
        missing_coefficient=mark,
    )


def _parsed(found: Mapping[str, Any]) -> Additive:
    """Return the model that plain JSON values say.

    Raises:
        ValueError: another format, or parts that do not fit together.
    """
    if found["format"] != FORMAT:
        raise ValueError("another format")
    smooths = tuple(_read_smooth(item) for item in found["columns"])
    return Additive(smooths, float(found["intercept"]))


def _read_smooth(item: Mapping[str, Any]) -> Smooth:
    breaks = tuple(float(value) for value in item["breaks"])
    coefficients = tuple(float(value) for value in item["coefficients"])
    degree, sign = int(item["degree"]), int(item["sign"])
    rising = len(breaks) != 1 and bool((np.diff(breaks) > 0).all())
    steps = Knots(breaks, degree).steps if breaks else 0
    if not rising or len(coefficients) != steps or degree not in {1, 2, 3}:
        raise ValueError("a curve whose parts do not fit together")
    if any(value * sign < 0 for value in coefficients):
        raise ValueError("a curve that turns against its sign")
    return Smooth(
        name=str(item["name"]),
        sign=sign,
        breaks=breaks,
        degree=degree,
        coefficients=coefficients,
        smoothing=float(item["smoothing"]),
        mean=float(item["mean"]),
        missing_share=float(item["missing_share"]),
        missing_coefficient=float(item["missing_coefficient"]),
    )
