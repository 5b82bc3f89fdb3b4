"""Tables as artifacts: the same table gives the same bytes, and its digest names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path


def table_bytes(table: pa.Table) -> bytes:
    """Return a table as Parquet bytes without metadata that varies."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(None).combine_chunks(),
        sink,
        compression="zstd",
        store_schema=False,
    )
    data: bytes = sink.getvalue().to_pybytes()
    return data


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table of numbers as a file with the same bytes for the same table."""
    plain = table.replace_schema_metadata(None)
    pq.write_table(plain, path, compression="zstd", store_schema=False, use_dictionary=False)


def table_from(data: bytes) -> pa.Table:
    """Return the table that was stored.

    >>> table_from(table_bytes(pa.table({"a": [1, None]}))).to_pylist()
    [{'a': 1}, {'a': None}]
    """
    return pq.read_table(pa.BufferReader(data))
