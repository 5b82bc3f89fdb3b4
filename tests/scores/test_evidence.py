"""Evidence of several choices, looked up at once, is that of each looked up alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from attending.scores.evidence import of_events, of_many

EVENTS = pa.table(
    {
        "time": pa.array([10, 20, 30], pa.timestamp("us", tz="UTC")),
        "known_at": pa.array([11, None, 31], pa.timestamp("us", tz="UTC")),
        "source": ["lab", "lab", None],
        "source_row": pa.array([1, 2, 3], pa.int64()),
    }
)


def told(evidence):
    """Return evidence as plain values."""
    return evidence.time.tolist(), evidence.known_at.tolist(), evidence.row.to_pylist()


def test_many_choices_looked_up_at_once_are_each_what_it_is_alone():
    chosen = [np.array([0, -1]), np.array([2, 1]), np.array([-1, -1]), np.array([], np.int64)]
    alone = [told(of_events(EVENTS, at)) for at in chosen]
    assert [told(one) for one in of_many(EVENTS, chosen)] == alone
    # The control: they differ from each other.
    assert alone[0] != alone[1] != alone[2]
    assert of_many(EVENTS, []) == []


def test_no_event_at_all_is_no_evidence():
    (none,) = of_many(EVENTS.slice(0, 0), [np.array([-1])])
    assert none.row.to_pylist() == [None]
