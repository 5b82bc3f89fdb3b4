"""Read a table of any size in blocks, every cell as text, and drop what was said before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from attending.engines.row_hash import Numbers, row_hashes
from attending.ingest.csv_blocks import csv_blocks
from attending.ingest.files import require
from attending.ingest.parquet_blocks import parquet_blocks, told_of_parquet
from attending.ingest.unpack import opened, opened_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from attending.specs.mapping import FileMap
    from attending.types import Mask


class Block(NamedTuple):
    """Rows of a table as text, lines with another number of cells, and the first row's place."""

    cells: pa.Table
    odd_lines: int
    start: int


def blocks(folder: Path, table: FileMap, *, columns: Sequence[str]) -> Iterator[Block]:
    """Yield a table's rows in blocks.

    Args:
        folder: of the source.
        table: which file, and how it is written.
        columns: which columns are read.

    Raises:
        NotFound: there is no such file.
        BadInput: a column is missing, or the file is not a table.
        Truncated: a compressed file or a Parquet file ends too early.
    """
    start = 0
    parts = _parquet if table.file.endswith(".parquet") else _text
    for cells, odd_lines in parts(folder, table, columns):
        yield Block(cells, odd_lines, start)
        start += cells.num_rows


def place_of(folder: Path, table: FileMap) -> Path:
    """Return the file on the disk that a table lies in.

    Raises:
        NotFound: it is not there.
    """
    return require(folder, table.archive or table.file, of=f"table '{table.name}'")


def _text(folder: Path, table: FileMap, columns: Sequence[str]) -> Iterator[tuple[pa.Table, int]]:
    path, where = place_of(folder, table), table.archive or table.file
    door = (
        opened(path, where=where)
        if table.archive is None
        else opened_in(path, table.file, where=where)
    )
    with door as stream:
        yield from csv_blocks(
            stream, columns, where=where, delimiter=table.delimiter, nulls=table.nulls
        )


def _parquet(
    folder: Path, table: FileMap, columns: Sequence[str]
) -> Iterator[tuple[pa.Table, int]]:
    for block in parquet_blocks(place_of(folder, table), columns, where=table.file):
        with told_of_parquet(table.file):
            texts = _as_text(block, nulls=table.nulls)
        yield texts, 0


def _as_text(table: pa.Table, *, nulls: Sequence[str]) -> pa.Table:
    texts = []
    for column in table.columns:
        text = column.cast(pa.string())
        empty = pa.compute.is_in(text, value_set=pa.array(["", *nulls]))
        texts.append(pa.compute.if_else(empty, pa.scalar(None, pa.string()), text))
    return pa.Table.from_arrays(texts, names=table.column_names)


class Seen:
    """Remembers rows over blocks by a number of 64 bits each.

    >>> seen = Seen()
    >>> first, again = pa.table({"a": ["x", "x"]}), pa.table({"a": ["x", "y"]})
    >>> seen.repeated(first).tolist(), seen.repeated(again).tolist()
    ([False, True], [True, False])
    """

    def __init__(self) -> None:
        self._known = Numbers()

    def repeated(self, cells: pa.Table) -> Mask:
        """Return which rows were seen before, in an earlier block or earlier in this one."""
        return self.again(row_hashes(cells, cells.column_names))

    def again(self, numbers: NDArray[np.uint64]) -> Mask:
        """Return which numbers, one a row, were seen before."""
        return self._known.add(numbers) > 0
