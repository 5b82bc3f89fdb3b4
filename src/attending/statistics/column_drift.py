"""All univariate drift measures of a column at once: each side is sorted once and read once.

The same figures as `psi`, `jensen_shannon`, `ks_distance`, `wasserstein` and `missingness_change`
give one by one. Sorting and reading let other threads work, so columns are taken two at a time.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.jensen_shannon import jensen_shannon_of_shares
from attending.statistics.merged_cdf import gaps
from attending.statistics.psi import psi_of_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.statistics.inputs import Column
    from attending.types import Floats

_DECILES = np.arange(1, 10) / 10


class ColumnDrift(NamedTuple):
    """How far a column moved.

    Attributes:
        psi: population stability index in the reference's deciles, missing in a bin of its own.
        jensen_shannon: distance in the same bins, 0 to 1.
        ks: largest gap between the distribution functions, 0 to 1.
        wasserstein: area between them, in standard deviations of the reference; NaN where the
            reference does not vary.
        missing: share missing now, less the share in the reference.
        ratio: the middle of the ratios of deciles, now over then; NaN where a side has a decile
            that is not above 0, or has no value.
        apart: how far the farthest of these ratios lies from the middle, on the log scale: near 0
            when one factor moved all, as a change of unit does.
    """

    psi: float
    jensen_shannon: float
    ks: float
    wasserstein: float
    missing: float
    ratio: float
    apart: float


def column_drift(reference: Column, current: Column) -> ColumnDrift:
    """Return all univariate drift measures of one column.

    Args:
        reference: shape (n,), NaN where missing.
        current: shape (m,), NaN where missing.

    Raises:
        BadInput: a side without rows, or a reference without a value.

    >>> found = column_drift([1, 2, 3, 4], [88, 176, 264, 352])
    >>> found.ks, found.ratio, round(found.apart, 6), found.missing
    (1.0, 88.0, 0.0, 0.0)
    """
    then, missing_then = _ordered(reference)
    now, missing_now = _ordered(current)
    if then.size == 0:
        raise BadInput("the reference has no value", code="statistics.empty")
    deciles = _quantiles(then)
    edges = np.unique(deciles)
    before, after = _shares(then, edges, missing_then), _shares(now, edges, missing_now)
    ks, area = gaps(then, now) if now.size else (math.nan, math.nan)
    spread = float(then.std())
    ratio, apart = _factor(deciles, _quantiles(now)) if now.size else (math.nan, math.nan)
    return ColumnDrift(
        psi=psi_of_shares(before, after),
        jensen_shannon=jensen_shannon_of_shares(before, after),
        ks=ks,
        wasserstein=area / spread if spread > 0 else math.nan,
        missing=missing_now / (missing_now + now.size) - missing_then / (missing_then + then.size),
        ratio=ratio,
        apart=apart,
    )


def table_drift(
    reference: Sequence[Floats], current: Sequence[Floats], *, threads: int = 2
) -> tuple[ColumnDrift, ...]:
    """Return the drift measures of each column of a table.

    Args:
        reference: one array a column, NaN where missing.
        current: the same columns in the same order.
        threads: columns that are worked on at once.

    Raises:
        BadInput: other numbers of columns, or a column that `column_drift` refuses.
    """
    if len(reference) != len(current):
        raise BadInput(
            f"got {len(reference)} and {len(current)} columns, expected the same",
            code="statistics.columns",
        )
    with ThreadPoolExecutor(threads) as pool:
        return tuple(pool.map(column_drift, reference, current))


def _ordered(column: Column) -> tuple[Floats, int]:
    """Return the values in order, and how many are missing."""
    values = np.sort(np.asarray(column, dtype=np.float64))
    if values.size == 0:
        raise BadInput("got no rows, expected one or more", code="statistics.empty")
    known = int(np.searchsorted(values, np.nan, side="left"))  # missing ones are sorted last
    return values[:known], values.size - known


def _quantiles(ordered: Floats) -> Floats:
    """Return the deciles of ordered values, as `numpy.quantile` has them."""
    place = _DECILES * (ordered.size - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, ordered.size - 1)
    part = place - low
    below, above = ordered[low], ordered[high]
    # numpy's own interpolation: from the nearer end, so that the last bit is the same.
    step = above - below
    made: Floats = np.where(part < 0.5, below + step * part, above - step * (1 - part))
    return made


def _shares(ordered: Floats, edges: Floats, missing: int) -> Floats:
    """Return the share in each bin (a, b], and of missing values last."""
    ends = np.searchsorted(ordered, edges, side="right")
    counts = np.diff(ends, prepend=0, append=ordered.size)
    made: Floats = np.append(counts, missing) / (ordered.size + missing)
    return made


def _factor(then: Floats, now: Floats) -> tuple[float, float]:
    if min(then[0], now[0]) <= 0:
        return math.nan, math.nan
    logs = np.log(now / then)
    middle = float(np.median(logs))
    return round(math.exp(middle), 12), float(np.abs(logs - middle).max())
