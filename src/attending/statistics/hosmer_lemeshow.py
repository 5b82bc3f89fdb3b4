"""Hosmer-Lemeshow: a test of calibration in groups. Diagnostic only; it depends on n and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.expected_calibration_error import equal_mass_bins
from attending.statistics.inputs import predicted
from attending.statistics.measure import Measure, register
from attending.statistics.special import chdtrc

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


class ChiSquare(NamedTuple):
    """A chi-square statistic, its degrees of freedom and its p-value."""

    statistic: float
    df: int
    p: float


def hosmer_lemeshow(
    outcome: Column, risk: Column, *, groups: int = 10, external: bool = True
) -> ChiSquare:
    """Return the sum over groups of (O - E)^2 / (n p (1 - p)).

    Args:
        outcome: shape (n,), 0 or 1.
        risk: shape (n,), probabilities.
        groups: how many groups of equal size; equal risks stay together.
        external: data that the model was not fitted on have df = groups, others groups - 2.

    Raises:
        BadInput: a group whose risks are all 0 or all 1, or too few groups.

    References:
        Hosmer & Lemeshow, Commun Stat 1980;9:1043.

    >>> hosmer_lemeshow([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], groups=1).statistic
    0.0
    """
    y, p = predicted(outcome, risk)
    at = equal_mass_bins(p, bins=groups)
    n = np.bincount(at).astype(np.float64)
    full = n > 0
    observed, expected, n = np.bincount(at, y)[full], np.bincount(at, p)[full], n[full]
    df = int(n.size) if external else int(n.size) - 2
    variance = expected * (1.0 - expected / n)
    if df < 1 or bool((variance <= 0.0).any()):
        raise BadInput(
            "a group has only risks of 0 or 1, or there are too few groups",
            code="statistics.no_spread",
            hint="Use fewer groups, or recalibrate.",
        )
    statistic = float(np.sum((observed - expected) ** 2 / variance))
    return ChiSquare(statistic, df, float(chdtrc(df, statistic)))


def _statistic(outcome: Column, risk: Column) -> float:
    return hosmer_lemeshow(outcome, risk).statistic


register(
    Measure(
        name="hosmer_lemeshow",
        label="Hosmer-Lemeshow chi-square (10 groups)",
        kind="risk",
        compute=_statistic,
        direction="lower",
        reference="Hosmer & Lemeshow, Commun Stat 1980;9:1043",
        high=None,
    )
)
