"""Read Parquet in blocks, after comparing what its footer says with what the file can hold."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from attending.errors import BadInput, did_you_mean
from attending.ingest.files import Truncated
from attending.ingest.first_bytes import require_kind
from attending.ingest.unpack import UnpacksTooFar, most_unpacked, not_the_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BLOCK_ROWS = 1 << 18
_MAGIC = b"PAR1"


@contextmanager
def opened_parquet(path: Path, *, where: str) -> Iterator[pq.ParquetFile]:
    """Give a Parquet file whose footer can be true.

    Raises:
        Truncated: it ends too early, or its pages are altered.
        BadInput: it is another kind of file, has one name twice, or unpacks to far more than its
            size.
    """
    with path.open("rb") as stream:
        head = stream.read(64)
    if not head.startswith(_MAGIC):
        require_kind(head, expected="Parquet", where=where)
        raise Truncated("the file does not begin as Parquet does", where=where)
    with told_of_parquet(where):
        file = pq.ParquetFile(path, thrift_string_size_limit=16 << 20)
        _check(file, path, where=where)
        yield file


@contextmanager
def told_of_parquet(where: str) -> Iterator[None]:
    """Turn what the reader raises into refusals."""
    try:
        yield
    except pa.ArrowNotImplementedError:
        raise BadInput(
            "a column is of a kind that is not read as text",
            code="ingest.column_type",
            hint="Write lists and structures as columns of their own.",
            where=where,
        ) from None
    except (OSError, EOFError, pa.ArrowException, MemoryError) as error:
        not_the_disk(error)
        raise Truncated(
            "the file ends too early, is altered, or is not Parquet", where=where
        ) from error


def parquet_blocks(path: Path, columns: Sequence[str], *, where: str) -> Iterator[pa.Table]:
    """Yield some columns as the types that the file gives them.

    Raises:
        Truncated: it ends too early, or its cells are no text where it says so.
        BadInput: a column is missing, or it is not a Parquet file that can be true.
    """
    with opened_parquet(path, where=where) as file:
        names = file.schema_arrow.names
        for column in columns:
            if column not in names:
                raise BadInput(
                    f"the column '{column}' is missing",
                    code="ingest.missing_column",
                    hint=did_you_mean(column, names[:50]),
                    where=where,
                )
        for batch in file.iter_batches(batch_size=BLOCK_ROWS, columns=list(columns)):
            table = pa.Table.from_batches([batch]).select(list(columns))
            table.validate(full=True)  # text that is not UTF-8 would fall over much later
            yield table


def _check(file: pq.ParquetFile, path: Path, *, where: str) -> None:
    names = file.schema_arrow.names
    if len(set(names)) < len(names):
        raise BadInput(
            "one name stands for more than one column",
            code="ingest.duplicate_column",
            hint="Give every column a name of its own; which one is meant is never guessed.",
            where=where,
        )
    said, groups = file.metadata, range(file.num_row_groups)
    parts = [said.row_group(group) for group in groups]
    columns = [part.column(place) for part in parts for place in range(part.num_columns)]
    size = path.stat().st_size
    if sum(part.num_rows for part in parts) != said.num_rows or said.num_rows < 0:
        raise Truncated("the footer's number of rows is not that of its parts", where=where)
    if any(part.num_rows > most_unpacked(size) for part in parts):
        raise UnpacksTooFar(where)
    whole = sum(column.total_uncompressed_size for column in columns)
    if whole > most_unpacked(size):
        raise UnpacksTooFar(where)
    if any(not 0 <= column.total_compressed_size <= size for column in columns):
        raise Truncated("the footer speaks of more bytes than the file has", where=where)
