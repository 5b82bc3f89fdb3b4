"""Thresholds that make a model comparable with decisions: as many alerts, or as many found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import scored

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


def threshold_at_alerts(risk: Column, *, alerts: int) -> float:
    """Return the lowest risk from which at most `alerts` rows are flagged.

    Equal risks are flagged together, so that there may be fewer; where even the highest risk
    alone is too many, the answer lies just above it.

    Raises:
        BadInput: no rows, or alerts below 0.

    >>> threshold_at_alerts([0.1, 0.2, 0.3, 0.3], alerts=3)
    0.2
    >>> threshold_at_alerts([0.3] * 4, alerts=3) > 0.3
    True
    """
    p = np.sort(np.asarray(risk, np.float64))[::-1]
    if p.size == 0 or alerts < 0:
        raise BadInput(f"got {p.size} rows and {alerts} alerts", code="statistics.capacity")
    if alerts >= p.size:
        return float(p[-1])
    kept = p[:alerts][p[:alerts] > p[alerts]]
    return float(kept[-1]) if kept.size else float(np.nextafter(p[0], np.inf))


def threshold_at_sensitivity(outcome: Column, risk: Column, *, sensitivity: float) -> float:
    """Return the highest risk from which at least that share of events is flagged.

    Raises:
        BadInput: a share that is not above 0 and at most 1.
        TooFewOutcomes: no event, or no non-event.

    >>> threshold_at_sensitivity([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], sensitivity=0.5)
    0.4
    """
    y, p = scored(outcome, risk)
    if not 0.0 < sensitivity <= 1.0:
        raise BadInput(f"got sensitivity {sensitivity:g}", code="statistics.sensitivity")
    events = np.sort(p[y == 1])[::-1]
    needed = int(np.ceil(sensitivity * events.size - 1e-9))
    return float(events[needed - 1])
