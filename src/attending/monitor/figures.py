"""The figures of mature outcomes, as measures with an interval or the reason for none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput
from attending.records.monitoring import Measure
from attending.statistics.auroc import auroc_interval
from attending.statistics.observed_expected import observed_expected_interval
from attending.statistics.recalibration import calibration_in_the_large_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.statistics.measure import Interval
    from attending.types import Floats, Outcomes


def ratio(outcome: Outcomes, risk: Floats) -> Measure:
    """Return events observed over events predicted.

    With no event at all the interval ends at three over the predicted (rule of three).

    >>> import numpy as np
    >>> found = ratio(np.array([1, 0, 0, 1], np.int8), np.array([0.5, 0.5, 0.5, 0.5]))
    >>> found.value, found.n
    (1.0, 4)
    """
    if outcome.sum() == 0 and risk.sum() > 0:
        high = 3 / float(risk.sum())
        return Measure(name="oe", value=0.0, low=0.0, high=high, bound=1.0, n=len(outcome))
    return _shown("oe", observed_expected_interval, outcome, risk=risk, bound=1.0)


def intercept(outcome: Outcomes, risk: Floats) -> Measure:
    """Return calibration in the large: the shift of the log-odds that would mend the mean."""
    return _shown(
        "calibration_in_the_large",
        calibration_in_the_large_interval,
        outcome,
        risk=risk,
        bound=0.0,
    )


def area(outcome: Outcomes, risk: Floats) -> Measure:
    """Return AUROC with DeLong's interval.

    >>> import numpy as np
    >>> area(np.array([0, 1, 0, 1], np.int8), np.array([0.1, 0.2, 0.3, 0.4])).value
    0.75
    """
    return _shown("auroc", auroc_interval, outcome, risk=risk, bound=None)


def _shown(
    name: str,
    interval: Callable[[Outcomes, Floats], Interval],
    outcome: Outcomes,
    *,
    risk: Floats,
    bound: float | None,
) -> Measure:
    try:
        found = interval(outcome, risk)
    except BadInput as error:
        return Measure(name=name, n=len(outcome), state="not_shown", why=error.message)
    return Measure(
        name=name, value=found.value, low=found.low, high=found.high, bound=bound, n=len(outcome)
    )
