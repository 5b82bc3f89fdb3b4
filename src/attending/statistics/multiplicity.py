"""Many tests at once: Holm for gates, Benjamini-Hochberg for dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats


def holm(p_values: Column) -> Floats:
    """Return p-values adjusted by Holm's step-down, in the order given.

    References:
        Holm, Scand J Stat 1979;6:65.

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    steps = (p.size - np.arange(p.size)) * p[order]
    out = np.empty(p.size)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out


def benjamini_hochberg(p_values: Column) -> Floats:
    """Return p-values adjusted for the false discovery rate, in the order given.

    References:
        Benjamini & Hochberg, J R Stat Soc B 1995;57:289.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    steps = p[order] * p.size / np.arange(1, p.size + 1)
    out = np.empty(p.size)
    out[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return out


def _checked(p_values: Column) -> Floats:
    """Return p-values as a column.

    Raises:
        BadInput: none, or one outside 0 to 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.size == 0 or bool(((p < 0) | (p > 1) | np.isnan(p)).any()):
        raise BadInput("expected one or more p-values from 0 to 1", code="statistics.p_value")
    return p
