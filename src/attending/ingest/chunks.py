"""Read a table of any size piece by piece, every cell as text: CSV, gzip, zip member or Parquet."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from attending.errors import BadInput, NotFound, did_you_mean
from attending.ingest.tables import Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

#: Bytes of text that are parsed at once; a row must fit into one piece.
PIECE_BYTES = 8 << 20
PIECE_ROWS = 65_536
_ENDINGS = ("", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".parquet")


@dataclass(frozen=True)
class Found:
    """A table's file: where it lies, and the member of the archive if it is in one."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """Return what errors and manifests call it."""
        return f"{self.path.name}:{self.member}" if self.member else self.path.name


@dataclass(frozen=True)
class Piece:
    """Some rows of a table, as text; `first` is the place of the first in its file."""

    table: pa.Table
    first: int
    odd_lines: int = 0

    def first_rows(self, count: int) -> Piece:
        """Return the piece without the rows past a count."""
        return replace(self, table=self.table.slice(0, count))


def find(folder: Path, name: str, *, inside: str = "") -> Found | None:
    """Return a table's file in a folder, whatever its case and ending, None when it is not there.

    A path to one file stands for a folder that holds only it, under any name.

    Raises:
        BadInput: two files could be the table.
        NotFound: there is no such folder.
    """
    if folder.is_file() and not inside and folder.suffix != ".zip":
        return Found(folder)
    if inside or folder.suffix == ".zip":
        return _member(folder, name, inside=inside)
    if not folder.is_dir():
        raise NotFound(
            f"there is no file or folder {folder.name}",
            code="ingest.missing_folder",
            hint="Name the folder of the source's files, or its one file.",
        )
    wanted = [f"{name}{ending}".lower() for ending in _ENDINGS]
    here = sorted(path for path in folder.iterdir() if path.name.lower() in wanted)
    here = [path for path in here if path.is_file()]
    if len(here) > 1:
        raise BadInput(
            f"{len(here)} files could be the table '{name}'",
            code="ingest.two_files",
            hint="Write the whole name of the file in the mapping.",
            where=name,
        )
    return Found(here[0]) if here else None


def _member(folder: Path, name: str, *, inside: str) -> Found | None:
    path = folder if folder.is_file() else folder / inside
    if not path.is_file():
        return None
    with _archive(path) as archive:
        members = [one for one in archive.namelist() if one.rsplit("/", 1)[-1] == name]
    members = [one for one in members if not one.startswith("__MACOSX/")]
    return Found(path, members[0]) if members else None


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise Truncated("the zip archive is cut short or damaged", where=path.name) from error


def pieces(
    found: Found,
    columns: Sequence[str] | None = None,
    *,
    delimiter: str = ",",
    empty: Sequence[str] = ("",),
) -> Iterator[Piece]:
    """Iterate over the pieces of a table.

    Args:
        found: its file.
        columns: those that must be there.
        delimiter: between cells of a CSV file.
        empty: texts that mean that there is nothing.

    Raises:
        BadInput: a column is missing or named twice, or the file is not a table.
        Truncated: the file ends too early.
    """
    name = found.name
    try:
        yield from _read(found, columns or (), delimiter=delimiter, empty=empty)
    except pa.ArrowInvalid as error:
        if found.path.suffix == ".parquet":
            raise Truncated("the Parquet file has no footer or is damaged", where=name) from error
        raise BadInput(
            "the file is not a table of UTF-8 text with one row a line",
            code="ingest.not_a_table",
            hint="Check its delimiter, its encoding and its quotes.",
            where=name,
        ) from error
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise Truncated("the file ends too early or is damaged", where=name) from error


def delimiter_of(found: Found) -> str:
    """Return what most likely stands between the cells of a file's first line."""
    if found.path.suffix == ".parquet":
        return ","
    try:
        with pa.input_stream(str(found.path), compression="detect") as stream:
            line = stream.read(1 << 16).split(b"\n", 1)[0]
    except OSError as error:
        raise Truncated("the file ends too early or is damaged", where=found.name) from error
    return max(",\t;|", key=lambda one: line.count(one.encode()))


def _read(
    found: Found, columns: Sequence[str], *, delimiter: str, empty: Sequence[str]
) -> Iterator[Piece]:
    if found.path.suffix == ".parquet":
        yield from _parquet(found, columns, empty=empty)
    elif found.member:
        with _archive(found.path) as archive, archive.open(found.member) as stream:
            yield from _csv(stream, found.name, columns, delimiter=delimiter, empty=empty)
    else:
        stream = pa.input_stream(str(found.path), compression="detect")
        with stream:
            yield from _csv(stream, found.name, columns, delimiter=delimiter, empty=empty)


def _csv(
    stream: IO[bytes] | Any,  # noqa: ANN401 - arrow's own stream
    name: str,
    columns: Sequence[str],
    *,
    delimiter: str,
    empty: Sequence[str],
) -> Iterator[Piece]:
    odd: list[int] = []

    def skip(_row: pa_csv.InvalidRow) -> str:
        odd.append(1)
        return "skip"

    reader = pa_csv.open_csv(
        stream,
        read_options=pa_csv.ReadOptions(block_size=PIECE_BYTES, use_threads=False),
        parse_options=pa_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=pa_csv.ConvertOptions(
            default_column_type=pa.string(),
            null_values=list(empty),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    header = _checked(reader.schema.names, columns, name=name)
    first = 0
    for batch in reader:
        count = len(odd)
        del odd[:count]
        yield Piece(pa.Table.from_batches([batch]).rename_columns(header), first, count)
        first += batch.num_rows + count
    if odd:
        nothing = pa.table({column: pa.array([], pa.string()) for column in header})
        yield Piece(nothing, first, len(odd))


def _parquet(found: Found, columns: Sequence[str], *, empty: Sequence[str]) -> Iterator[Piece]:
    with pq.ParquetFile(found.path) as file:
        header = _checked(file.schema_arrow.names, columns, name=found.name)
        first = 0
        for batch in file.iter_batches(batch_size=PIECE_ROWS):
            cells = [_text(column, empty, name=found.name) for column in batch.columns]
            yield Piece(pa.Table.from_arrays(cells, names=header), first)
            first += batch.num_rows


def _text(column: pa.Array, empty: Sequence[str], *, name: str) -> pa.Array:
    if pa.types.is_nested(column.type):
        raise BadInput(
            "a column holds lists or records, expected one value a cell",
            code="ingest.nested",
            hint="Write such columns out into rows of their own, or leave them out of the file.",
            where=name,
        )
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    text = column.cast(pa.string())
    return pc.if_else(pc.is_in(text, value_set=pa.array(list(empty))), None, text)


def _checked(header: Sequence[str], columns: Sequence[str], *, name: str) -> list[str]:
    stripped = [column.strip() for column in header]
    if len(set(stripped)) != len(stripped):
        raise BadInput(
            "two columns have one name",
            code="ingest.repeated_column",
            hint="Give each column of the file a name of its own.",
            where=name,
        )
    for column in columns:
        if column not in stripped:
            raise BadInput(
                f"the column '{column}' is missing",
                code="ingest.missing_column",
                hint=did_you_mean(column, stripped),
                where=name,
            )
    return stripped
