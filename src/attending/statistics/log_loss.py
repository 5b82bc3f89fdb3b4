"""Log loss: the mean surprise at the outcomes, in nats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.inputs import predicted
from attending.statistics.measure import Measure, register

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats

#: Risks are kept this far from 0 and 1, so that one sure and wrong risk is not infinite.
LOG_CLIP = 1e-15


def log_loss(outcome: Column, risk: Column) -> float:
    """Return the mean of -ln of the probability given to what happened; risks clipped at 1e-15.

    References:
        Good, J R Stat Soc B 1952;14:107.

    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    return float(np.mean(surprise(outcome, risk)))


def surprise(outcome: Column, risk: Column) -> Floats:
    """Return -ln of the probability given to what happened, row by row."""
    y, p = predicted(outcome, risk)
    kept = np.clip(p, LOG_CLIP, 1.0 - LOG_CLIP)
    return -(y * np.log(kept) + (1.0 - y) * np.log1p(-kept))


register(
    Measure(
        name="log_loss",
        label="Log loss",
        kind="risk",
        compute=log_loss,
        direction="lower",
        reference="Good, J R Stat Soc B 1952;14:107",
        high=None,
        unit="nats",
    )
)
