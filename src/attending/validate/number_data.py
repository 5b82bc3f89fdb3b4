"""What a validation of numbers is made from: observed and foretold, baselines, clusters, groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from attending.errors import BadInput, did_you_mean
from attending.statistics.number_inputs import numbers
from attending.validate.data import MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from attending.specs.validation import ValidationSpec
    from attending.statistics.number_bootstrap import Predicted
    from attending.types import Floats, Ints
    from attending.validate.data import Calendar


@dataclass(frozen=True)
class NumberBaseline:
    """A number that somebody would go by without the model; NaN where it has none."""

    value: Floats
    label: str


@dataclass(frozen=True)
class NumberData:
    """Mature rows only: one prediction a row, its number known.

    Args:
        observed: shape (n,), 0 or more.
        predicted: the model's calibrated number with its interval.
        cluster: shape (n,), the patient, or the unit of a count.
        outcome_type: `number` or `count`.
        unit: of the number, such as `days`.
        baselines: by name.
        others: of other candidate models, by name.
        groups: by attribute, the group of each row, None where it is missing.
        prediction_time: shape (n,), datetime64[us], UTC; None where there is none.
        site: the facility of each row; stands as attribute `site` when groups have none.
        calendar: whether days are real.
    """

    observed: Floats
    predicted: Predicted
    cluster: Ints
    outcome_type: Literal["number", "count"] = "number"
    unit: str = "days"
    baselines: Mapping[str, NumberBaseline] = field(default_factory=dict)
    others: Mapping[str, Predicted] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    prediction_time: npt.NDArray[np.datetime64] | None = None
    site: Sequence[str | None] | None = None
    calendar: Calendar = "real"

    def attribute(self, name: str) -> Sequence[str | None]:
        """Return the group of each row by an attribute.

        Raises:
            BadInput: the data have no such attribute.
        """
        if name in self.groups:
            return self.groups[name]
        if name == "site" and self.site is not None:
            return self.site
        raise BadInput(
            f"got attribute '{name}' under subgroups, which the predictions do not have",
            code="validate.unknown_attribute",
            hint=did_you_mean(name, self.groups) if self.groups else "Add groups to the cohort.",
        )


def check_number_data(spec: ValidationSpec, data: NumberData) -> None:
    """Check that the data can answer the spec.

    Raises:
        BadInput: unequal lengths, numbers that are not, no interval, or a baseline or attribute
            that was asked for and is not there.
    """
    numbers(data.observed, data.predicted.value)
    if data.predicted.low is None or data.predicted.high is None:
        raise BadInput("got a model without intervals", code="validate.no_interval")
    if bool((data.observed < 0).any()):
        raise BadInput("got observed numbers below 0", code="validate.number")
    columns = {"cluster": data.cluster.size, "low": data.predicted.low.size}
    columns |= {name: found.value.size for name, found in data.baselines.items()}
    columns |= {name: found.value.size for name, found in data.others.items()}
    columns |= {name: len(values) for name, values in data.groups.items()}
    wrong = [name for name, size in columns.items() if size != data.observed.size]
    if wrong:
        raise BadInput(
            f"got another number of rows than the {data.observed.size} observed in: "
            f"{', '.join(wrong)}",
            code="validate.lengths",
            hint="Give every column for the same rows in the same order.",
        )
    if MODEL in {*data.baselines, *data.others} or set(data.baselines) & set(data.others):
        raise BadInput("two models have the same name", code="validate.names")
    for wanted in spec.baselines:
        if wanted.name not in data.baselines:
            raise BadInput(
                f"got no numbers of baseline '{wanted.name}', which the spec compares with",
                code="validate.no_baseline",
                hint="Name it under baselines in model.yaml, or take it out and say why.",
            )
    for attribute in spec.subgroups:
        data.attribute(attribute)
