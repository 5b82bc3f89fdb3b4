"""Tables of quarantined rows: find a row again, and take some of them away."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.engines.row_hash import row_hashes
from attending.records.events import QUARANTINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Ints, Mask

#: Rows that no longer wait, with the snapshot in which each was set aside.
CLOSED = pa.schema([pa.field("delivery", pa.string(), nullable=False), *QUARANTINE])


def row_keys(table: pa.Table) -> NDArray[np.uint64]:
    """Return one number a row: which row of which source table it is, within one delivery."""
    return row_hashes(table, ("source", "source_row"))


def matched(rows: pa.Table, gone: pa.Table) -> Mask:
    """Return which quarantined rows are among others; each of those stands for one row only.

    >>> row = {"source": "lab/results", "source_row": "7", "code": None, "reason": "no_time"}
    >>> rows = pa.Table.from_pylist([row, row], schema=QUARANTINE)
    >>> matched(rows, rows.slice(0, 1)).tolist()
    [True, False]
    """
    here, there = (row_hashes(table, QUARANTINE.names) for table in (rows, gone))
    return ranks(here) < counts(here, there)


def ranks(keys: NDArray[np.uint64], last: Mask | None = None) -> Ints:
    """Return the place of each row among those of its key, from 0; those of `last` come last.

    >>> ranks(np.array([5, 7, 5], np.uint64)).tolist()
    [0, 0, 1]
    """
    later = np.zeros(len(keys), np.bool_) if last is None else last
    order = np.lexsort((later, keys))
    ordered = keys[order]
    found = np.empty(len(keys), np.int64)
    found[order] = np.arange(len(keys)) - np.searchsorted(ordered, ordered, side="left")
    return found


def counts(keys: NDArray[np.uint64], among: NDArray[np.uint64]) -> Ints:
    """Return how often each key stands among others.

    >>> counts(np.array([5, 7], np.uint64), np.array([5, 5], np.uint64)).tolist()
    [2, 0]
    """
    ordered = np.sort(among)
    ends = (np.searchsorted(ordered, keys, side=side) for side in ("right", "left"))
    after, before = ends
    return np.asarray(after - before, dtype=np.int64)


def closed(rows: pa.Table, delivery: str) -> pa.Table:
    """Return quarantined rows of a delivery as rows that no longer wait."""
    names = pa.repeat(pa.scalar(delivery), rows.num_rows)
    return pa.table([names, *rows.select(QUARANTINE.names).columns], schema=CLOSED)


def of_delivery(table: pa.Table, *deliveries: str) -> pa.Table:
    """Return closed rows of some deliveries, without saying of which."""
    inside = pc.is_in(table["delivery"], value_set=pa.array(deliveries, pa.string()))
    return table.filter(inside).select(QUARANTINE.names)


def by_reason(rows: pa.Table) -> dict[str, int]:
    """Return how many rows there are of each reason, in order."""
    told = pc.value_counts(rows["reason"].combine_chunks()).to_pylist()
    return dict(sorted((one["values"], one["counts"]) for one in told))


def as_bytes(table: pa.Table) -> bytes:
    """Return closed rows as the bytes of a Parquet file, in order."""
    stream = BytesIO()
    order = [(name, "ascending") for name in CLOSED.names]
    pq.write_table(table.sort_by(order), stream, compression="zstd")
    return stream.getvalue()


def from_bytes(data: bytes) -> pa.Table:
    """Return closed rows from the bytes of a file that `as_bytes` made."""
    return pq.read_table(BytesIO(data), schema=CLOSED)
