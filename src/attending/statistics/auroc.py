"""Area under the ROC curve: how often an event is scored above a non-event."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.statistics.inputs import scored
from attending.statistics.measure import Interval, Measure, register, z_of
from attending.statistics.special import ndtr

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats


class Difference(NamedTuple):
    """First minus second on the same rows, with its Wald interval and two-sided p-value."""

    value: float
    low: float | None
    high: float | None
    se: float
    p: float | None


def auroc(outcome: Column, score: Column) -> float:
    """Return P(event's score > non-event's score) + P(tie) / 2.

    Args:
        outcome: shape (n,), 0 or 1.
        score: shape (n,), any number; higher means more likely.

    References:
        DeLong et al., Biometrics 1988;44:837; midranks after Sun & Xu, IEEE SPL 2014;21:1389.

    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    >>> auroc([0, 1], [0.3, 0.3])
    0.5
    """
    y, x = scored(outcome, score)
    events = y == 1
    n1 = int(events.sum())
    above = float(midranks(x)[events].sum()) - n1 * (n1 + 1) / 2.0
    return above / (n1 * (y.size - n1))


def midranks(values: Floats) -> Floats:
    """Return ranks from 1, ties sharing their mean.

    >>> midranks(np.array([5.0, 1.0, 5.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, at, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2.0)[at], dtype=np.float64)


def placements(outcome: Column, score: Column) -> tuple[Floats, Floats]:
    """Return, for each event and each non-event, the share of the other side it is ahead of."""
    y, x = scored(outcome, score)
    events = y == 1
    ranks = midranks(x)
    n1, n0 = int(events.sum()), int((~events).sum())
    of_events = (ranks[events] - midranks(x[events])) / n0
    of_others = 1.0 - (ranks[~events] - midranks(x[~events])) / n1
    return of_events, of_others


def auroc_interval(
    outcome: Column, score: Column, *, level: float = 0.95, scale: str = "logit"
) -> Interval:
    """Return the AUROC with DeLong's standard error and interval.

    Repeated predictions per patient make it too narrow: use the bootstrap there.

    Args:
        outcome: shape (n,), 0 or 1.
        score: shape (n,), any number.
        level: confidence, 0 to 1.
        scale: `logit` stays inside 0 to 1; `wald` does not. At an AUROC of 0 or 1, or with one
            event or one non-event, there is no interval.

    >>> found = auroc_interval([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> round(found.value, 3), round(found.se, 4)
    (0.75, 0.3536)
    """
    v10, v01 = placements(outcome, score)
    value = float(v10.mean())
    if v10.size < 2 or v01.size < 2:
        return Interval(value, None, None, None, "too few for DeLong")
    se = math.sqrt(float(v10.var(ddof=1)) / v10.size + float(v01.var(ddof=1)) / v01.size)
    if se == 0.0 or not 0.0 < value < 1.0:
        return Interval(value, None, None, None, "no spread for DeLong")
    z = z_of(level)
    if scale == "wald":
        return Interval(value, value - z * se, value + z * se, se, "DeLong, Wald")
    centre = math.log(value / (1.0 - value))
    half = z * se / (value * (1.0 - value))
    low, high = (1.0 / (1.0 + math.exp(-edge)) for edge in (centre - half, centre + half))
    return Interval(value, low, high, se, "DeLong, logit scale")


def delong_difference(
    outcome: Column, score: Column, *, other: Column, level: float = 0.95
) -> Difference:
    """Return the difference of two AUROCs on the same rows with its correlated standard error.

    >>> delong_difference([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.8], other=[1, 4, 3, 8]).value
    0.0
    """
    a10, a01 = placements(outcome, score)
    b10, b01 = placements(outcome, other)
    value = float(a10.mean() - b10.mean())
    if a10.size < 2 or a01.size < 2:
        return Difference(value, None, None, 0.0, None)
    d10, d01 = a10 - b10, a01 - b01
    se = math.sqrt(float(d10.var(ddof=1)) / d10.size + float(d01.var(ddof=1)) / d01.size)
    if se == 0.0:
        return Difference(value, value, value, 0.0, None)
    half = z_of(level) * se
    p = 2.0 * float(ndtr(-abs(value) / se))
    return Difference(value, value - half, value + half, se, p)


register(
    Measure(
        name="auroc",
        label="AUROC",
        kind="ranking",
        compute=auroc,
        direction="higher",
        reference="DeLong et al., Biometrics 1988;44:837",
    )
)
