"""Lead time: how long before the event its first true alert came."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput

if TYPE_CHECKING:
    from attending.types import Ints, Mask, Outcomes

_HOUR = 3_600_000_000


class LeadTime(NamedTuple):
    """Hours from the first true alert to the event, over events; None where none was alerted.

    Attributes:
        events: how many events there are, each of one patient at one instant.
        alerted: how many of them had an alert before.
    """

    events: int
    alerted: int
    median_hours: float | None
    quarter_hours: float | None
    three_quarter_hours: float | None


def lead_time(
    sent: Mask, outcome: Outcomes, patient: Ints, *, time_us: Ints, event_us: Ints
) -> LeadTime:
    """Return how early events are alerted; an alert counts when its own horizon holds the event.

    Args:
        sent: shape (n,), which rows send an alert.
        outcome: shape (n,), 1 where the event lies in the row's horizon.
        patient: shape (n,).
        time_us: shape (n,), when the prediction was made, microseconds.
        event_us: shape (n,), when the event began; read where the outcome is 1.

    Raises:
        BadInput: an event before its prediction.

    >>> found = lead_time(
    ...     np.array([False, True, True]), np.array([1, 1, 0], np.int8), np.array([1, 1, 2]),
    ...     time_us=np.array([0, 3_600_000_000, 0]), event_us=np.array([10_800_000_000] * 3),
    ... )
    >>> found.events, found.alerted, found.median_hours
    (1, 1, 2.0)
    """
    rows = np.flatnonzero(outcome == 1)
    if bool((event_us[rows] < time_us[rows]).any()):
        raise BadInput(
            f"got {int((event_us[rows] < time_us[rows]).sum())} events before their prediction",
            code="statistics.lead_time",
            hint="Give the instant at which the outcome began, in UTC.",
        )
    if rows.size == 0:
        return LeadTime(0, 0, None, None, None)
    pairs = np.column_stack([patient[rows], event_us[rows]])
    _, event = np.unique(pairs, axis=0, return_inverse=True)
    event = event.ravel()
    first = np.full(int(event.max()) + 1, np.iinfo(np.int64).max)
    hit = sent[rows]
    np.minimum.at(first, event[hit], time_us[rows][hit])
    begun = np.zeros(first.size, np.int64)
    begun[event] = event_us[rows]
    alerted = first < np.iinfo(np.int64).max
    if not alerted.any():
        return LeadTime(first.size, 0, None, None, None)
    hours = (begun[alerted] - first[alerted]) / _HOUR
    low, middle, high = (float(q) for q in np.quantile(hours, [0.25, 0.5, 0.75]))
    return LeadTime(first.size, int(alerted.sum()), middle, low, high)
