"""Columns of events and of prediction rows as whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.records.in_memory import filled, in_memory

if TYPE_CHECKING:
    from attending.types import Ints


#: Columns of the event table that scores read.
READ = (
    "subject_id",
    "time",
    "code",
    "numeric_value",
    "text_value",
    "unit",
    "known_at",
    "superseded_at",
    "encounter_id",
    "source",
    "source_row",
)


def micros(column: pa.ChunkedArray | pa.Array, *, null: int) -> Ints:
    """Return a timestamp column in microseconds with `null` where it is null."""
    held = in_memory(column)
    if held is not None and held[0].dtype == np.int64:
        return filled(*held, null)
    return np.asarray(pc.fill_null(column.cast(pa.int64()), null).to_numpy())


def whole(column: pa.ChunkedArray | pa.Array) -> Ints:
    """Return an id column with -1 where it is null."""
    return micros(column, null=-1)
