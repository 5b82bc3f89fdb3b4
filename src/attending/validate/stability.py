"""Whether the model keeps its quality from quarter to quarter: a line through the periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.range import Range
from attending.records.validation_parts import Trend
from attending.statistics.bootstrap_draws import spread
from attending.statistics.trend import change
from attending.validate.data import MODEL
from attending.validate.evidence import QUARTER

if TYPE_CHECKING:
    from typing import Literal

    from attending.validate.evidence import Evidence

#: Fewer periods than these make no trend.
FEWEST = 3


def trends(evidence: Evidence) -> tuple[Trend, ...]:
    """Return the change of AUROC and O:E along the quarters; none without a real calendar."""
    if QUARTER not in evidence.attributes:
        return ()
    return tuple(trend(evidence, measure) for measure in _MEASURES)


_MEASURES: tuple[Literal["auroc", "observed_expected"], ...] = ("auroc", "observed_expected")


def trend(evidence: Evidence, measure: Literal["auroc", "observed_expected"]) -> Trend:
    """Return how much one measure changes from the first to the last quarter with events enough.

    O:E is followed on the logarithmic scale, so that its change is a factor.
    """
    column = evidence.attributes[QUARTER]
    # Quarters stand on one scale, so that a quarter without events leaves a gap.
    at = [
        (4 * int(label[:4]) + int(label[-1]), f"{QUARTER}={label}")
        for label in column.labels
        if (f"{QUARTER}={label}", MODEL) in evidence.draws.names
    ]
    if len(at) < FEWEST:
        return Trend(measure=measure, periods=len(at), change=Range())
    values = np.column_stack(
        [evidence.draws.values(measure, MODEL, group=group) for _, group in at]
    )
    if measure == "observed_expected":
        with np.errstate(divide="ignore"):
            values = np.log(values)
    found = change(np.where(np.isfinite(values), values, np.nan), [place for place, _ in at])
    if measure == "observed_expected":
        found = np.exp(found)
    ends = spread(found[1:])
    return Trend(
        measure=measure,
        periods=len(at),
        change=Range(value=float(found[0]), low=ends.low, high=ends.high),
    )
