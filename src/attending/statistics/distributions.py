"""Frozen bins: how values fall into the reference's own deciles, with a bin for missing ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats


def frozen_edges(reference: Column, *, bins: int = 10) -> Floats:
    """Return inner edges from the reference's quantiles; outer bins are open, so edges never move.

    Raises:
        BadInput: the reference has no value at all.

    >>> frozen_edges([1, 2, 3, 4], bins=2).tolist()
    [2.5]
    """
    values = present(reference)
    if values.size == 0:
        raise BadInput(
            "the reference has no value: it cannot be a reference",
            code="statistics.empty",
            hint="Take a longer reference period.",
        )
    inner = np.arange(1, bins) / bins
    return np.unique(np.quantile(values, inner))


def shares(values: Column, edges: Floats) -> Floats:
    """Return the share of rows in each bin (a, b], and in a last bin of missing values.

    Raises:
        BadInput: no rows.

    >>> shares([1, 2, 3, float("nan")], np.array([2.5])).tolist()
    [0.5, 0.25, 0.25]
    """
    column = np.asarray(values, dtype=np.float64)
    if column.size == 0:
        raise BadInput("got no rows, expected one or more", code="statistics.empty")
    missing = np.isnan(column)
    at = np.searchsorted(edges, column[~missing], side="left")
    counts = np.bincount(at, minlength=edges.size + 1)
    return np.append(counts, np.count_nonzero(missing)) / column.size


def present(values: Column) -> Floats:
    """Return the values that are not missing."""
    column = np.asarray(values, dtype=np.float64)
    return column[~np.isnan(column)]


def both_present(reference: Column, current: Column) -> tuple[Floats, Floats]:
    """Return both sides without missing values.

    Raises:
        BadInput: one side has no value.
    """
    first, second = present(reference), present(current)
    if first.size == 0 or second.size == 0:
        raise BadInput(
            "got a side with no value, expected values on both",
            code="statistics.empty",
            hint="Use the missingness test where all values are gone.",
        )
    return first, second
