"""Read a table of any size in blocks, every cell as text, and drop what was said before."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from attending.engines.row_hash import Numbers, row_hashes
from attending.errors import BadInput, did_you_mean
from attending.ingest.tables import Truncated, require

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import IO

    from attending.specs.mapping import TableMap
    from attending.types import Mask

BLOCK_BYTES = 16 << 20
_BATCH_ROWS = 1 << 18
#: A packed file that grows beyond this many times its size is not opened.
_MOST_UNPACKED = 200


class Block(NamedTuple):
    """Rows of a table as text, lines with another number of cells, and the first row's place."""

    cells: pa.Table
    odd_lines: int
    start: int


def blocks(folder: Path, table: TableMap, *, columns: Sequence[str]) -> Iterator[Block]:
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


def place_of(folder: Path, table: TableMap) -> Path:
    """Return the file on the disk that a table lies in.

    Raises:
        NotFound: it is not there.
    """
    return require(folder, table.archive or table.file, of=f"table '{table.name}'")


def _text(folder: Path, table: TableMap, columns: Sequence[str]) -> Iterator[tuple[pa.Table, int]]:
    odd = [0]

    def skip(_row: pa_csv.InvalidRow) -> str:
        odd[0] += 1
        return "skip"

    options = pa_csv.ConvertOptions(
        include_columns=list(columns),
        column_types=dict.fromkeys(columns, pa.string()),
        null_values=["", *table.nulls],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    parse = pa_csv.ParseOptions(
        delimiter=table.delimiter, newlines_in_values=True, invalid_row_handler=skip
    )
    told = 0
    with _opened(folder, table) as stream, _told(table):
        reader = pa_csv.open_csv(
            stream,
            read_options=pa_csv.ReadOptions(block_size=BLOCK_BYTES),
            parse_options=parse,
            convert_options=options,
        )
        for batch in reader:
            yield pa.Table.from_batches([batch]), odd[0] - told
            told = odd[0]
        if odd[0] > told:
            yield pa.table({name: pa.array([], pa.string()) for name in columns}), odd[0] - told


def _parquet(
    folder: Path, table: TableMap, columns: Sequence[str]
) -> Iterator[tuple[pa.Table, int]]:
    path = place_of(folder, table)
    with _told(table):
        file = pq.ParquetFile(path)
        _has(file.schema_arrow.names, columns, table)
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns)):
            whole = pa.Table.from_batches([batch]).select(list(columns))
            yield _as_text(whole, nulls=table.nulls), 0


def _as_text(table: pa.Table, *, nulls: Sequence[str]) -> pa.Table:
    texts = []
    for column in table.columns:
        text = column.cast(pa.string())
        empty = pa.compute.is_in(text, value_set=pa.array(["", *nulls]))
        texts.append(pa.compute.if_else(empty, pa.scalar(None, pa.string()), text))
    return pa.Table.from_arrays(texts, names=table.column_names)


@contextmanager
def _opened(folder: Path, table: TableMap) -> Iterator[IO[bytes] | str]:
    path = place_of(folder, table)
    if table.archive is None:
        yield str(path)
        return
    with _told(table), zipfile.ZipFile(path) as packed:
        try:
            inside = packed.getinfo(table.file)
        except KeyError:
            raise BadInput(
                f"the archive has no file {table.file}",
                code="ingest.missing_file",
                hint=did_you_mean(table.file, packed.namelist()),
                where=table.archive,
            ) from None
        if inside.file_size > _MOST_UNPACKED * max(path.stat().st_size, 1 << 20):
            raise BadInput(
                "the archive unpacks to far more than its size",
                code="ingest.archive",
                hint="Unpack it yourself and name the file.",
                where=table.archive,
            )
        with packed.open(inside) as stream:
            yield stream


@contextmanager
def _told(table: TableMap) -> Iterator[None]:
    """Turn what readers raise into refusals that say what to do."""
    where = table.archive or table.file
    try:
        yield
    except pa.ArrowKeyError as error:
        raise BadInput(
            f"a column of table '{table.name}' is missing: {str(error).split(';')[0]}",
            code="ingest.missing_column",
            hint="Compare the mapping with the file's first line: `attending mapping check`.",
            where=where,
        ) from None
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise Truncated(
            "the file ends too early or is not what it is named", where=where
        ) from error
    except pa.ArrowInvalid as error:
        raise BadInput(
            "the file is not a table of UTF-8 text", code="ingest.not_a_table", where=where
        ) from error


def _has(names: Sequence[str], columns: Sequence[str], table: TableMap) -> None:
    for column in columns:
        if column not in names:
            raise BadInput(
                f"the column '{column}' is missing",
                code="ingest.missing_column",
                hint=did_you_mean(column, names),
                where=table.file,
            )


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
        return self._known.add(row_hashes(cells, cells.column_names)) > 0
