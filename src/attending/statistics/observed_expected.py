"""Observed over expected events: whether risks are right on average."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attending.errors import BadInput
from attending.statistics.inputs import TooFewOutcomes, predicted
from attending.statistics.measure import Interval, Measure, register, z_of

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def observed_expected(outcome: Column, risk: Column) -> float:
    """Return the number of events over the sum of risks; above 1 means risks are too low.

    Raises:
        BadInput: every risk is 0.

    References:
        Debray et al., Stat Methods Med Res 2019;28:2768.

    >>> observed_expected([1, 0, 0, 0], [0.2, 0.1, 0.1, 0.1])
    2.0
    """
    y, p = predicted(outcome, risk)
    expected = float(p.sum())
    if expected == 0.0:
        raise BadInput("every risk is 0: nothing is expected", code="statistics.risk")
    return float(y.sum()) / expected


def observed_expected_interval(outcome: Column, risk: Column, *, level: float = 0.95) -> Interval:
    """Return O:E with an interval on the log scale.

    Raises:
        TooFewOutcomes: no event, so that there is no logarithm.

    >>> round(observed_expected_interval([1, 0, 0, 0], [0.2, 0.1, 0.1, 0.1]).se, 4)
    0.866
    """
    y, _ = predicted(outcome, risk)
    value = observed_expected(outcome, risk)
    prevalence = float(y.mean())
    if prevalence == 0.0:
        raise TooFewOutcomes("got no event, expected one or more for an interval of O:E")
    se = math.sqrt((1.0 - prevalence) / (y.size * prevalence))
    factor = math.exp(z_of(level) * se)
    return Interval(value, value / factor, value * factor, se, "log scale; se is of ln(O:E)")


register(
    Measure(
        name="observed_expected",
        label="Observed / expected",
        kind="risk",
        compute=observed_expected,
        direction="target:1",
        reference="Debray et al., Stat Methods Med Res 2019;28:2768",
        high=None,
        unit="{ratio}",
    )
)
