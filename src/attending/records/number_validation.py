"""What a validation of a number or a count leaves beside its measures, comparisons and gates."""

from __future__ import annotations

from typing import Literal

from attending.records.base import Part
from attending.records.range import Range


class NumberBin(Part):
    """Observed against foretold in rows of similar foretold numbers."""

    predicted: float
    observed: Range
    n: int


class NumberGroupRow(Part):
    """The model in one group.

    Attributes:
        n, clusters: rows, and patients or units; null when hidden.
        suppressed: whether a count was hidden to protect patients.
        status: `insufficient` when there are too few; figures are null.
    """

    attribute: str
    group: str
    n: int | None
    clusters: int | None
    suppressed: bool
    status: Literal["ok", "insufficient"]
    mae: Range = Range()
    mean_error: Range = Range()
    observed_expected: Range = Range()
    coverage: Range = Range()


class NumberFigures(Part):
    """What only a number or a count has.

    Attributes:
        outcome_type: `number` or `count`.
        unit: of the number, such as `days` or `patients`.
        cluster: what the bootstrap draws, `patients` or `units`.
        level: the share of outcomes that the interval is to hold.
        mean, quartiles: of the observed numbers; the quartiles are null with few rows.
        bins: the model, in groups of equal size by what was foretold.
        groups: the model in each subgroup.
    """

    outcome_type: Literal["number", "count"]
    unit: str
    cluster: Literal["patients", "units"]
    level: float
    mean: float | None
    quartiles: tuple[float, float, float] | None
    bins: tuple[NumberBin, ...]
    groups: tuple[NumberGroupRow, ...]
