"""Performance before any outcome is known: what calibrated risks themselves lead one to expect."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.measure import Interval, z_of

if TYPE_CHECKING:
    from attending.types import Floats


def estimated_auroc(risk: Floats, *, level: float = 0.95) -> Interval:
    """Return the AUROC that outcomes will have if they follow the risks, with its interval.

    Every pair of patients counts with the chance that the one has the event and the other has not.
    The interval is that of an AUROC of as many events as are expected. It cannot see that risks
    no longer mean what they say: check that first.

    Args:
        risk: shape (n,), calibrated probabilities, above 0 and under 1.
        level: of the interval.

    Raises:
        BadInput: fewer than two risks, or one outside.

    References:
        Hanley & McNeil, Radiology 1982;143:29 (the error); NannyML's confidence-based estimation.

    >>> round(estimated_auroc(np.array([0.1, 0.1, 0.9, 0.9])).value, 3)
    0.94
    """
    if risk.size < 2 or not (risk.min() > 0 and risk.max() < 1):
        raise BadInput("expected two risks or more, above 0 and under 1", code="statistics.risks")
    known, place = np.unique(risk, return_inverse=True)
    events = np.bincount(place, weights=risk, minlength=known.size)
    others = np.bincount(place, weights=1 - risk, minlength=known.size)
    below = np.cumsum(others) - others / 2
    alone = float((risk * (1 - risk)).sum())  # nobody is paired with himself
    n1, n0 = float(risk.sum()), float((1 - risk).sum())
    value = (float(events @ below) - alone / 2) / (n1 * n0 - alone)
    error = _error(value, n1, n0)
    half = z_of(level) * error
    low, high = max(value - half, 0.0), min(value + half, 1.0)
    return Interval(value, low, high, error, "confidence-based")


def _error(value: float, events: float, others: float) -> float:
    """Return the standard error of an AUROC by Hanley and McNeil."""
    first, second = value / (2 - value) - value**2, 2 * value**2 / (1 + value) - value**2
    spread = value * (1 - value) + (events - 1) * first + (others - 1) * second
    return math.sqrt(max(spread, 0.0) / (events * others))
