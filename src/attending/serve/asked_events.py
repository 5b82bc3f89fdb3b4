"""The events that come with a request, as rows that the kernel reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import digest_bytes
from attending.engines.tables import digest_table, in_order
from attending.errors import BadInput
from attending.records.events import EVENTS, ORDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

#: One patient does not have more at once; a longer history belongs into the store.
MOST_EVENTS = 20_000
#: The columns of the order, those first in which neighbours differ most.
_TELLING = ("code", "time", *(name for name in ORDER if name not in {"code", "time"}))
#: What stands as the source of every row that a request brings.
SOURCE = "request"


def as_events(rows: Sequence[Mapping[str, Any]], *, subject_id: int) -> pa.Table:
    """Return rows of one patient in canonical order, each different row once.

    Args:
        rows: columns of `EVENTS` by name, instants without a zone; source and subject are filled.
        subject_id: whose they are.

    Raises:
        BadInput: too many rows, or a value that its column cannot hold.

    >>> as_events([], subject_id=7).num_rows
    0
    """
    if len(rows) > MOST_EVENTS:
        raise BadInput(
            f"got {len(rows)} events, expected {MOST_EVENTS} at most",
            code="request.events",
            hint="Send what the model's features look back to.",
        )
    whole = [{"source": SOURCE, **row, "subject_id": subject_id} for row in rows]
    try:
        table = pa.Table.from_pylist(whole, schema=EVENTS)
    except (pa.ArrowException, OverflowError, TypeError):
        raise BadInput(
            "an event has a value that its column cannot hold", code="request.event"
        ) from None
    nan = pc.is_nan(table["numeric_value"])
    value = pc.if_else(nan, pa.scalar(None, pa.float32()), table["numeric_value"])
    table = table.set_column(
        EVENTS.names.index("numeric_value"), EVENTS.field("numeric_value"), value
    )
    return distinct_in_order(table)


def as_asked(events: pa.Table) -> pa.Table:
    """Return a patient's stored events as a request would have brought them.

    The same facts then have the same digest, whoever brings them. Two records that say the same
    stay two, as they are in a snapshot.
    """
    plain = {
        "source": pa.array([SOURCE] * events.num_rows, pa.string()),
        "source_row": pa.nulls(events.num_rows, pa.string()),
    }
    for name, column in plain.items():
        events = events.set_column(EVENTS.get_field_index(name), EVENTS.field(name), column)
    return in_order(events)


def distinct_in_order(events: pa.Table) -> pa.Table:
    """Return each different row once, in canonical order.

    Rows that are equal stand beside each other then; where no neighbours may be equal all stay.
    """
    ordered = in_order(events)
    last = max(0, ordered.num_rows - 1)
    tied = pa.array(np.ones(last, np.bool_))
    for name in _TELLING:
        column = ordered[name].combine_chunks()
        same = pc.equal(column.slice(0, last), column.slice(1))
        tied = pc.and_(tied, pc.fill_null(same, fill_value=True))
        if not pc.any(tied).as_py():
            return ordered
    return in_order(distinct(events))


def distinct(events: pa.Table) -> pa.Table:
    """Return each different row once, in no order."""
    # On this thread: others of the process are at work on other patients.
    groups = events.group_by(EVENTS.names, use_threads=False)
    return groups.aggregate([]).select(EVENTS.names).cast(EVENTS)


def digest_events(events: pa.Table) -> str:
    """Return the digest of what a score was made from; how the rows came does not matter.

    >>> digest_events(EVENTS.empty_table()) == digest_events(EVENTS.empty_table())
    True
    """
    return digest_bytes(digest_table(events).encode())
