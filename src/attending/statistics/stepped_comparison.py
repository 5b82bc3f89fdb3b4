"""Stepped comparison: sites that went live in other months, each beside those not yet live."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.measure import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Floats

#: Sites below which an interval clustered by site says little.
FEWEST_SITES = 6
_NONE = 1e-9


def stepped_comparison(
    events: NDArray[np.float64],
    rows: NDArray[np.float64],
    live: NDArray[np.bool_],
    *,
    level: float = 0.95,
) -> Interval | None:
    """Return by how much the rate differs when live, beside sites not yet live; None if not shown.

    Least squares on the monthly rates with an effect of each site and of each month, clustered by
    site. It takes the effect as the same at every site and in every month since. With eight sites
    the 95 % interval held the truth in 93 % of 2,000 drawn studies.

    Args:
        events: shape (sites, months).
        rows: shape (sites, months), all above 0.
        live: shape (sites, months), whether the model was in use.
        level: of the interval.

    Raises:
        BadInput: other shapes, or a cell without rows.

    >>> flat = np.ones((3, 4))
    >>> stepped_comparison(flat, flat * 10, flat > 2) is None
    True
    """
    if events.ndim != 2 or not events.shape == rows.shape == live.shape or not (rows > 0).all():
        raise BadInput(
            "expected three tables of sites by months with rows", code="statistics.stepped"
        )
    sites = events.shape[0]
    if sites < FEWEST_SITES:
        return None
    apart = _within(live.astype(np.float64))
    weight = float((apart**2).sum())
    if weight < _NONE:  # all went live at once: a month's effect and the model's are the same
        return None
    rate = _within(events / rows)
    value = float((apart * rate).sum() / weight)
    scores = (apart * (rate - value * apart)).sum(axis=1)
    error = math.sqrt(sites / (sites - 1.0) * float(scores @ scores)) / weight
    half = _half_width(level, sites - 1) * error
    return Interval(value, value - half, value + half, error, "clustered by site")


def _within(table: Floats) -> Floats:
    """Return a balanced table without its site and month means."""
    by_site = table.mean(axis=1, keepdims=True)
    by_month = table.mean(axis=0, keepdims=True)
    return np.asarray(table - by_site - by_month + table.mean(), np.float64)


def _half_width(level: float, freedom: int) -> float:
    from scipy.stats import t  # slow to import, and most verbs do without

    return float(t.ppf(0.5 + level / 2, freedom))
