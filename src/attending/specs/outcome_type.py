"""What kind of thing an outcome is: yes or no, a number, or a count, and what suits each."""

from __future__ import annotations

from typing import Literal, TypeAlias

#: `number` is a length such as days of a stay; `count` is how many, such as patients of a unit.
OutcomeType: TypeAlias = Literal["yes_no", "number", "count"]

#: The baseline of a number or a count that is no bedside score:
#: `{score: unit_mean, parameters: {by: ...}}`.
UNIT_MEAN = "unit_mean"

#: What each type may be fitted with, and how it may be calibrated; the first is the default.
_ESTIMATORS: dict[str, tuple[str, ...]] = {
    "number": ("lightgbm", "linear"),
    "count": ("lightgbm", "poisson"),
}
_CALIBRATIONS: dict[str, tuple[str, ...]] = {
    "number": ("linear", "none"),
    "count": ("ratio", "none"),
}
_METRICS: dict[str, tuple[str, ...]] = {
    "number": ("mae", "rmse", "number_slope"),
    "count": ("mae", "poisson_deviance", "observed_expected_total"),
}
#: What only numbers and counts have.
_OF_NUMBERS = frozenset({"linear", "poisson", "ratio"})


def with_defaults(said: object) -> object:
    """Return what a model.yaml says, with the calibration and measures of its outcome's type.

    >>> with_defaults({"outcome_type": "count"})["calibration"]
    'ratio'
    >>> with_defaults({"estimator": "logistic"})
    {'estimator': 'logistic'}
    """
    if not isinstance(said, dict) or said.get("outcome_type") not in _METRICS:
        return said
    kind = said["outcome_type"]
    return {"calibration": _CALIBRATIONS[kind][0], "metrics": _METRICS[kind], **said}


def check_suits(
    outcome_type: OutcomeType, *, estimators: tuple[str, ...], calibration: str
) -> None:
    """Check that estimators and calibration are for outcomes of this type.

    Raises:
        ValueError: one is for another type.

    >>> check_suits("number", estimators=("logistic",), calibration="linear")
    Traceback (most recent call last):
    ...
    ValueError: got estimator 'logistic' for outcome_type 'number', expected lightgbm or linear
    """
    for name in estimators:
        _check("estimator", name, outcome_type=outcome_type, suits=_ESTIMATORS)
    _check("calibration", calibration, outcome_type=outcome_type, suits=_CALIBRATIONS)


def _check(
    what: str, name: str, *, outcome_type: OutcomeType, suits: dict[str, tuple[str, ...]]
) -> None:
    if outcome_type == "yes_no":
        if name in _OF_NUMBERS:
            raise ValueError(f"got {what} '{name}', which is for outcome_type number or count")
    elif name not in suits[outcome_type]:
        wanted = " or ".join(suits[outcome_type])
        raise ValueError(
            f"got {what} '{name}' for outcome_type '{outcome_type}', expected {wanted}"
        )
