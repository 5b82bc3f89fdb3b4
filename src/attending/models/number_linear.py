"""Linear models of numbers: ridge regression for a number, Poisson regression for a count.

Both keep their preprocessing as data, so that scoring needs numpy alone. The interval of a number
is the normal one of its residuals, that of a count the Poisson's own; calibration widens both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.digests import canonical
from attending.errors import BadInput, Refused
from attending.models.newton import rounded
from attending.models.number_design import Design, from_json, learn
from attending.models.products import column_sums, row_sums, weighted_squares
from attending.models.protocol import known_settings, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.models.number_protocol import Asked
    from attending.models.protocol import Matrix, Setting
    from attending.types import Floats

FORMAT = "attending.number_linear/1"
_FILE = "model.json"
#: l2: weight of half the squared coefficients, on standardised columns, above 0.
DEFAULTS: dict[str, Setting] = {"l2": 1.0}
_MAX_STEPS = 100
#: The largest log of a mean: no unit has more patients.
_MOST = 20.0


@dataclass(frozen=True)
class NumberLinear:
    """A fitted linear model.

    Attributes:
        design: what was learnt of each feature.
        weights: intercept, a weight for each feature, one for each missing mark.
        residual: standard deviation of the training residuals; 0 for a count.
        is_log: whether the line is the log of the mean.
        tails: levels of the two ends of the interval.
    """

    design: Design
    weights: Floats
    residual: float
    is_log: bool
    tails: tuple[float, float]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the features in the order of the columns."""
        return self.design.names

    def value(self, x: Matrix) -> Floats:
        """Return the number that is foretold, shape (n,)."""
        # A sum row by row, so that a row's figure does not depend on the rows beside it.
        line = np.asarray((self.design.matrix(x) * self.weights).sum(axis=1))
        return np.exp(np.minimum(line, _MOST)) if self.is_log else line

    def bounds(self, x: Matrix) -> tuple[Floats, Floats]:
        """Return the ends of the interval, shape (n,) each."""
        from scipy import stats

        value = self.value(x)
        low, high = self.tails
        if self.is_log:
            return stats.poisson.ppf(low, value), stats.poisson.ppf(high, value)
        half = float(stats.norm.ppf(high)) * self.residual
        return value - half, value + half

    def write(self) -> dict[str, bytes]:
        """Return the model as canonical JSON."""
        content = {
            "format": FORMAT,
            "design": self.design.as_json(),
            "weights": self.weights.tolist(),
            "residual": self.residual,
            "link": "log" if self.is_log else "identity",
            "tails": list(self.tails),
        }
        return {_FILE: canonical(content)}


class NumberLinearEstimator:
    """Fits and reads linear models; which link was said when it was registered."""

    file_names: tuple[str, ...] = (_FILE,)

    def __init__(self, *, link: str) -> None:
        self._is_log = link == "log"

    def fit(
        self,
        x: Matrix,
        y: Floats,
        asked: Asked,
        *,
        tuning: tuple[Matrix, Floats] | None = None,  # noqa: ARG002 - nothing stops early
    ) -> NumberLinear:
        """Return the model fitted on training rows.

        Raises:
            BadInput: a parameter out of range, or no optimum.
        """
        kind = "poisson" if self._is_log else "linear"
        l2 = number(known_settings(asked.parameters, DEFAULTS, kind=kind), "l2", least=1e-6)
        design = learn(x, names=asked.names)
        matrix = design.matrix(x)
        penalty = np.full(matrix.shape[1], l2)
        penalty[0] = 1e-9
        fitted = fit_poisson if self._is_log else fit_squares
        weights = fitted(matrix, y, penalty=penalty)
        off = 0.0 if self._is_log else float(np.std(y - row_sums(matrix, weights)))
        residual = float(rounded(np.array([off]))[0])
        low, high = (float(f"{tail:.6g}") for tail in asked.tails)
        return NumberLinear(design, weights, residual, self._is_log, (low, high))

    def read(self, files: Mapping[str, bytes], asked: Asked) -> NumberLinear:
        """Return the model that canonical JSON says.

        Raises:
            Refused: not this format, or other features.
        """
        data = files[_FILE]
        try:
            found = json.loads(data)
            low, high = (float(tail) for tail in found["tails"])
            model = NumberLinear(
                from_json(found["design"]),
                np.array(found["weights"], dtype=np.float64),
                float(found["residual"]),
                found["link"] == "log",
                (low, high),
            )
            same = found["format"] == FORMAT and model.write() == {_FILE: data}
            fits = len(model.weights) == 1 + 2 * len(model.names)
        except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
            same = fits = False
        if not (same and fits) or model.names != tuple(asked.names):
            raise Refused(
                "got a model file that is not a linear model of these features",
                code="model.format",
                hint="Write it with this package and bring the whole bundle.",
            )
        return model


def fit_squares(matrix: Matrix, y: Floats, *, penalty: Floats) -> Floats:
    """Return the weights of the least squares, each penalised by half its square.

    >>> fit_squares(np.ones((2, 1)), np.array([1.0, 3.0]), penalty=np.zeros(1)).tolist()
    [2.0]
    """
    normal = weighted_squares(matrix, np.ones(len(matrix))) + np.diag(penalty)
    return rounded(np.asarray(np.linalg.solve(normal, column_sums(matrix, y))))


def fit_poisson(matrix: Matrix, y: Floats, *, penalty: Floats) -> Floats:
    """Return the weights of a Poisson regression with log link, by Newton's method.

    Raises:
        BadInput: a count below 0, or no optimum.

    References:
        McCullagh & Nelder, Generalized Linear Models, 2nd ed. 1989, section 2.5.

    >>> fit_poisson(np.ones((2, 1)), np.array([1.0, 3.0]), penalty=np.zeros(1)).tolist()
    [0.693147181]
    """
    if bool((y < 0).any()):
        raise BadInput("got a count below 0", code="model.count")
    weights = np.zeros(matrix.shape[1])
    weights[0] = np.log(max(float(y.mean()), 1e-9))
    before = _loss(matrix, y, weights, penalty=penalty)
    for _ in range(_MAX_STEPS):
        step = _newton_step(matrix, y, weights, penalty=penalty)
        scale = 1.0
        while (after := _loss(matrix, y, weights - scale * step, penalty=penalty)) > before:
            scale /= 2.0
            if scale < 1e-9:
                return rounded(weights)
        weights = weights - scale * step
        if float(np.abs(scale * step).max()) < 1e-11 or before - after < 1e-13 * abs(before):
            # The loss is flat before the ninth digit stands: one step more settles it.
            return rounded(weights - _newton_step(matrix, y, weights, penalty=penalty))
        before = after
    raise BadInput(
        f"Poisson regression found no optimum in {_MAX_STEPS} steps",
        code="model.no_optimum",
        hint="Give l2 a larger value.",
    )


def _newton_step(matrix: Matrix, y: Floats, weights: Floats, *, penalty: Floats) -> Floats:
    mean = np.exp(np.minimum(row_sums(matrix, weights), _MOST))
    gradient = column_sums(matrix, mean - y) + penalty * weights
    curve = weighted_squares(matrix, mean) + np.diag(penalty + 1e-10)
    return np.asarray(np.linalg.solve(curve, gradient))


def _loss(matrix: Matrix, y: Floats, weights: Floats, *, penalty: Floats) -> float:
    line = row_sums(matrix, weights)
    if float(line.max()) > _MOST:
        return float("inf")
    return float((np.exp(line) - y * line).sum() + 0.5 * (penalty * weights**2).sum())
