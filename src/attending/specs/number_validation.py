"""What validation.yaml may ask of a number or a count: its measures, and gates of its own."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Spec

Share: TypeAlias = Annotated[float, Field(gt=0.0, lt=1.0)]

#: The measures of a number or a count that are reported when the spec names none.
NUMBER_MEASURES: tuple[str, ...] = (
    "mae",
    "rmse",
    "r_squared",
    "mean_error",
    "observed_expected_total",
    "number_slope",
    "interval_coverage",
    "interval_width",
    "pinball_loss",
)
#: Measures that only numbers have; `primary` being one says that the outcome is a number.
_PRIMARY = frozenset({*NUMBER_MEASURES, "poisson_deviance"})


class IntervalCoverageWithin(Spec):
    """Met when the interval holds as many outcomes as it promises.

    Attributes:
        low, high: the range in which the share of outcomes inside must lie.
        judged_by: the whole bootstrap interval of that share, or the estimate alone.
    """

    gate: Literal["interval_coverage"]
    low: Share = 0.75
    high: Share = 0.85
    judged_by: Literal["interval", "estimate"] = "estimate"

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"got low {self.low:g}, expected less than high {self.high:g}")
        return self


class MinimumRows(Spec):
    """Met when there are rows, and patients or units, enough to say anything of a number."""

    gate: Literal["minimum_rows"]
    rows: Annotated[int, Field(ge=1)] = 200
    clusters: Annotated[int, Field(ge=1)] = 50


def with_number_measures(said: object) -> object:
    """Return what a validation.yaml says, with the measures of a number where it is about one.

    >>> with_number_measures({"primary": "mae"})["measures"][0]
    'mae'
    >>> with_number_measures({"primary": "auroc"})
    {'primary': 'auroc'}
    """
    if not isinstance(said, dict) or said.get("primary") not in _PRIMARY:
        return said
    more = () if said["primary"] in NUMBER_MEASURES else (said["primary"],)
    return {"measures": (*NUMBER_MEASURES, *more), **said}
