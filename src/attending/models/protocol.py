"""What every estimator can do: fit, give risks, share them out over features, be written and read.

A fitted estimator is data. Its bytes are LightGBM text or canonical JSON; nothing runs when read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from attending.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.types import Floats, Outcomes, Risks

#: Shape (rows, features), float64, NaN where missing.
Matrix: TypeAlias = NDArray[np.float64]
#: A number, a truth value or a text, as a spec writes it.
Setting: TypeAlias = bool | int | float | str


class Fitted(Protocol):
    """An estimator that has been fitted; risks are not yet calibrated."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the features in the order of the columns."""
        ...

    def margin(self, x: Matrix) -> Floats:
        """Return the log-odds, shape (n,)."""
        ...

    def risk(self, x: Matrix) -> Risks:
        """Return the uncalibrated risk, shape (n,)."""
        ...

    def contributions(self, x: Matrix) -> Matrix:
        """Return shape (n, p + 1) in log-odds: each feature's share, last the base."""
        ...

    def write(self) -> bytes:
        """Return the bytes that `Estimator.read` takes."""
        ...


class Estimator(Protocol):
    """One kind of estimator."""

    #: The name of its file in a bundle, which also says its format.
    file_name: str

    def fit(
        self,
        x: Matrix,
        y: Outcomes,
        *,
        names: Sequence[str],
        parameters: Mapping[str, Setting],
        seed: int,
        tuning: tuple[Matrix, Outcomes] | None = None,
    ) -> Fitted:
        """Return the estimator fitted on `x` and `y`; `tuning` rows may only stop it early."""
        ...

    def read(self, data: bytes, *, names: Sequence[str]) -> Fitted:
        """Return what `Fitted.write` wrote."""
        ...


def expit(margin: Floats) -> Risks:
    """Return the risk of log-odds.

    >>> expit(np.array([0.0, -800.0])).tolist()
    [0.5, 0.0]
    """
    bounded = np.clip(margin, -700.0, 700.0)
    risk = 1.0 / (1.0 + np.exp(-bounded))
    return np.where(margin < -700.0, 0.0, risk)


def logit(risk: Risks, *, floor: float = 1e-12) -> Floats:
    """Return the log-odds of risks, held `floor` away from 0 and 1.

    >>> logit(np.array([0.5])).tolist()
    [0.0]
    """
    held = np.clip(risk, floor, 1.0 - floor)
    return np.log(held) - np.log1p(-held)


def known_settings(
    parameters: Mapping[str, Setting], defaults: Mapping[str, Setting], *, kind: str
) -> dict[str, Setting]:
    """Return the defaults with the given parameters over them.

    Raises:
        BadInput: a parameter that this estimator does not have.

    >>> known_settings({"l2": 2.0}, {"l2": 1.0}, kind="logistic")
    {'l2': 2.0}
    """
    for name in parameters:
        if name not in defaults:
            raise BadInput(
                f"got parameter '{name}', which {kind} does not have",
                code="model.parameter",
                hint=did_you_mean(name, defaults),
                where="model.yaml: parameters",
            )
    return {**defaults, **parameters}


def row_counts(y: Outcomes, settings: Mapping[str, Setting]) -> Floats:
    """Return what each row counts: 1, or with balanced class weights as much for either outcome.

    Raises:
        BadInput: other weights.

    >>> y = np.array([0, 0, 0, 1], dtype=np.int8)
    >>> row_counts(y, {"class_weights": "balanced"}).round(2).tolist()
    [0.67, 0.67, 0.67, 2.0]
    """
    asked = settings["class_weights"]
    if asked == "none":
        return np.ones(len(y))
    if asked != "balanced":
        raise BadInput(
            f"got class_weights {asked!r}, expected none or balanced",
            code="model.parameter",
            hint="Write class_weights: none; balanced needs a calibration.",
            where="model.yaml: class_weights",
        )
    events = int(y.sum())
    return np.where(y == 1, len(y) / (2.0 * events), len(y) / (2.0 * (len(y) - events)))


def whole(settings: Mapping[str, Setting], name: str, *, among: Sequence[int]) -> int:
    """Return a setting as one of the whole numbers that it may be.

    Raises:
        BadInput: another value.

    >>> whole({"knots": 4}, "knots", among=(0, 3, 4))
    4
    """
    value = settings[name]
    if isinstance(value, (str, bool)) or value not in among:
        allowed = ", ".join(map(str, among))
        raise BadInput(
            f"got {name} {value!r}, expected one of {allowed}",
            code="model.parameter",
            hint=f"Write {name}: {among[-1]} or another of them.",
            where="model.yaml: parameters",
        )
    return int(value)


def number(settings: Mapping[str, Setting], name: str, *, least: float) -> float:
    """Return a setting as a number of at least `least`.

    Raises:
        BadInput: not a number, or less.

    >>> number({"l2": 1}, "l2", least=0.0)
    1.0
    """
    value = settings[name]
    if isinstance(value, (str, bool)) or not value >= least:
        raise BadInput(
            f"got {name} {value!r}, expected a number of at least {least:g}",
            code="model.parameter",
            hint=f"Write {name}: {max(least, 1):g} or another number.",
            where="model.yaml: parameters",
        )
    return float(value)
