"""Interrupted time series: the change in level and in slope of a monthly rate at an instant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.measure import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.statistics.inputs import Column
    from attending.types import Floats

#: Months on each side below which no line is told from chance.
SHORTEST = 8
#: Events on each side below which a rate has no useful error.
FEWEST_EVENTS = 20
#: Months in all from which a season is fitted: two years.
SEASON_FROM = 24
_YEAR = 12
_STEPS = 100
_RESTED = 1e-10


@dataclass(frozen=True)
class SeriesChange:
    """What changed at the interruption, as ratios of rates; None and the reason if not shown.

    Attributes:
        level: the rate just after over the rate that the line before had led to.
        slope: the yearly growth after over the yearly growth before.
        dispersion: Pearson's chi-squared over its degrees of freedom; at least 1 is used.
        seasonal: whether a yearly wave was fitted.
        not_shown: why there is nothing to show; empty when there is.
    """

    level: Interval | None = None
    slope: Interval | None = None
    dispersion: float | None = None
    seasonal: bool = False
    not_shown: str = ""


def interrupted_series(
    events: Column, rows: Column, *, first_after: int, level: float = 0.95
) -> SeriesChange:
    """Return the change of a rate at an interruption, by segmented quasi-Poisson regression.

    The log of the rate has a line before and one after; from two years on also a yearly wave. The
    intervals widen by the dispersion. Months that depend on the month before are not modelled.

    Args:
        events: shape (n,), events of each month, in order and without a gap.
        rows: shape (n,), how many could have had one; a month without any is left out.
        first_after: the place of the first month after.
        level: of the intervals.

    Raises:
        BadInput: columns of other lengths, negative counts, or a place outside.

    References:
        Bernal, Cummins, Gasparrini, Int J Epidemiol 2017;46:348.

    >>> interrupted_series([5] * 10, [50] * 10, first_after=5).not_shown
    'fewer than 8 months before or after'
    """
    found, asked = np.asarray(events, np.float64), np.asarray(rows, np.float64)
    _require(found, asked, first_after)
    month = np.arange(found.size)
    there = asked > 0
    found, asked, month = found[there], asked[there], month[there]
    after = month >= first_after
    if min(int(after.sum()), int((~after).sum())) < SHORTEST:
        return SeriesChange(not_shown=f"fewer than {SHORTEST} months before or after")
    if min(found[after].sum(), found[~after].sum()) < FEWEST_EVENTS:
        return SeriesChange(not_shown=f"fewer than {FEWEST_EVENTS} events before or after")
    seasonal = month.size >= SEASON_FROM
    columns = _columns(month, after, first_after, seasonal=seasonal)
    fitted = _fit(columns, found, asked)
    if fitted is None:
        return SeriesChange(not_shown="the regression did not come to rest")
    return _change(columns, found, asked, fitted=fitted, level=level, seasonal=seasonal)


def _change(
    columns: NDArray[np.float64],
    events: Floats,
    rows: Floats,
    *,
    fitted: tuple[Floats, NDArray[np.float64]],
    level: float,
    seasonal: bool,
) -> SeriesChange:
    beta, bread = fitted
    mean = rows * np.exp(columns @ beta)
    freedom = events.size - columns.shape[1]
    dispersion = float(((events - mean) ** 2 / mean).sum() / freedom)
    errors = np.sqrt(np.diag(bread) * max(dispersion, 1.0))
    half = _half_width(level, freedom)
    step, growth = (_ratio(float(beta[at]), float(errors[at]), half) for at in (2, 3))
    return SeriesChange(step, growth, dispersion, seasonal)


def _half_width(level: float, freedom: int) -> float:
    from scipy.stats import t  # slow to import, and most verbs do without

    return float(t.ppf(0.5 + level / 2, freedom))


def _require(events: Floats, rows: Floats, first_after: int) -> None:
    if events.ndim != 1 or events.shape != rows.shape or not 0 <= first_after <= events.size:
        raise BadInput(
            f"got {events.size} months of events, {rows.size} of rows, interrupted at "
            f"{first_after}; expected columns of one length and a place within",
            code="statistics.series",
        )
    if not (np.isfinite(events).all() and np.isfinite(rows).all()):
        raise BadInput("a month has no count", code="statistics.series")
    if (events < 0).any() or (rows < 0).any() or (events[rows == 0] > 0).any():
        raise BadInput("a count is negative, or has no rows", code="statistics.series")


def _columns(
    month: NDArray[np.int64], after: NDArray[np.bool_], first_after: int, *, seasonal: bool
) -> NDArray[np.float64]:
    since = (month - first_after) / _YEAR
    columns = [np.ones(month.size), since, after.astype(np.float64), since * after]
    if seasonal:
        turn = 2.0 * math.pi * month / _YEAR
        columns += [np.sin(turn), np.cos(turn)]
    return np.column_stack(columns)


def _fit(
    columns: NDArray[np.float64], events: Floats, rows: Floats
) -> tuple[Floats, NDArray[np.float64]] | None:
    """Return the Poisson fit with a log link and its covariance; None when it does not rest."""
    beta = np.zeros(columns.shape[1])
    beta[0] = math.log(events.sum() / rows.sum())
    for _ in range(_STEPS):
        mean = rows * np.exp(np.clip(columns @ beta, -30.0, 30.0))
        weighted = columns * mean[:, None]
        try:
            bread = np.linalg.inv(columns.T @ weighted)
        except np.linalg.LinAlgError:
            return None
        step = bread @ (columns.T @ (events - mean))
        beta = beta + step
        if float(np.abs(step).max()) < _RESTED:
            return beta, np.asarray(bread, np.float64)
    return None


def _ratio(log: float, error: float, half: float) -> Interval:
    low, high = math.exp(log - half * error), math.exp(log + half * error)
    return Interval(math.exp(log), low, high, error, "quasi-Poisson")
