"""Brier score, plain and scaled by what the prevalence alone would reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.inputs import predicted
from attending.statistics.measure import Measure, register

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def brier(outcome: Column, risk: Column) -> float:
    """Return the mean squared distance between risk and outcome.

    References:
        Brier, Mon Weather Rev 1950;78:1.

    >>> round(brier([1, 0], [0.8, 0.4]), 3)
    0.1
    """
    y, p = predicted(outcome, risk)
    return float(np.mean((p - y) ** 2))


def scaled_brier(outcome: Column, risk: Column) -> float:
    """Return 1 - Brier / (prevalence x (1 - prevalence)): 0 is no better than the prevalence.

    References:
        Kattan & Gerds, Diagn Progn Res 2018;2:7 (index of prediction accuracy).

    >>> scaled_brier([1, 0], [0.5, 0.5])
    0.0
    """
    y, _ = predicted(outcome, risk, both=True)
    prevalence = float(y.mean())
    return 1.0 - brier(outcome, risk) / (prevalence * (1.0 - prevalence))


register(
    Measure(
        name="brier",
        label="Brier score",
        kind="risk",
        compute=brier,
        direction="lower",
        reference="Brier, Mon Weather Rev 1950;78:1",
    )
)
register(
    Measure(
        name="scaled_brier",
        label="Scaled Brier score",
        kind="risk",
        compute=scaled_brier,
        direction="higher",
        reference="Kattan & Gerds, Diagn Progn Res 2018;2:7",
        low=None,
    )
)
