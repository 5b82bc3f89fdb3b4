"""Read a file of recorded predictions whole: CSV with any usual delimiter, packed or not, Parquet.

It comes from anywhere, so it passes the same guards as the files of a source.
"""

from __future__ import annotations

import csv
import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from attending.errors import BadInput, NotFound
from attending.ingest.csv_blocks import NotATable, csv_blocks
from attending.ingest.first_bytes import require_kind
from attending.ingest.parquet_blocks import opened_parquet, parquet_blocks
from attending.ingest.predictions_encoding import from_windows, is_utf8
from attending.ingest.unpack import MOST_HELD, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DELIMITERS = (",", ";", "\t", "|")
_PARQUET = b"PAR1"
_FIRST = 1 << 16
_KIND = "a table of UTF-8 text, or Parquet"
_WINDOWS_NOTE = (
    "The file is not UTF-8: it was read as Windows-1252, which concerns letters such as ä and é."
)


def read_table(path: Path, *, delimiter: str = "") -> tuple[pa.Table, list[str]]:
    """Return every column that has a name of its own, and what is to be told of the file.

    Cells of text files are text.

    Args:
        path: a CSV file, plain or packed (.gz, .bz2, .zst), or Parquet.
        delimiter: between two cells; found in the first line when empty.

    Raises:
        NotFound: there is no such file.
        BadInput: it is no table, has no first line of names, or lines of other lengths.
        Truncated: it ends too early.
    """
    name = path.name
    if not path.is_file():
        raise NotFound(
            f"there is no file {name}",
            code="predictions.missing_file",
            hint="Name a CSV or Parquet file with one prediction a row.",
        )
    with path.open("rb") as stream:
        head = stream.read(len(_PARQUET))
    if head == _PARQUET:
        with opened_parquet(path, where=name) as file:
            columns = file.schema_arrow.names
        return pa.concat_tables(list(parquet_blocks(path, columns, where=name))), []
    with opened(path, where=name, times=MOST_HELD) as stream:
        require_kind(stream.read(_FIRST), expected=_KIND, where=name)
    with opened(path, where=name, times=MOST_HELD) as stream:
        windows = not is_utf8(stream)
    table = _read_text(path, name, delimiter, windows=windows)
    return table, [_WINDOWS_NOTE] if windows else []


@contextmanager
def _text(path: Path, name: str, *, windows: bool) -> Iterator[io.BufferedReader]:
    with opened(path, where=name, times=MOST_HELD) as stream:
        yield from_windows(stream, where=name) if windows else stream


def _read_text(path: Path, name: str, delimiter: str, *, windows: bool) -> pa.Table:
    with _text(path, name, windows=windows) as stream:
        line = _first_line(stream.read(_FIRST), name)
    mark = delimiter or likely_delimiter(line)
    header = next(csv.reader(io.StringIO(line, newline=""), delimiter=mark), [])
    _require_names(header, name)
    columns = [one for one in header if one.strip() and header.count(one) == 1]
    with _text(path, name, windows=windows) as stream:
        blocks = list(csv_blocks(stream, columns, where=name, delimiter=mark))
    odd = sum(count for _, count in blocks)
    if odd:
        raise BadInput(
            f"{odd} lines have another number of cells than the first",
            code="predictions.odd_lines",
            hint="Put cells that hold the delimiter into double quotes, or use another delimiter; "
            "with decimal commas, write ';' between cells. `--delimiter ';'` says which it is.",
            where=name,
        )
    return pa.concat_tables([table for table, _ in blocks])


def _first_line(head: bytes, name: str) -> str:
    require_kind(head, expected=_KIND, where=name)
    if not head.strip():
        raise BadInput(
            "the file is empty; expected a first line with the names of columns",
            code="predictions.empty",
            hint="Write one line of names, then one line a prediction.",
            where=name,
        )
    text = head.decode("utf-8-sig", errors="replace").lstrip("\r\n")
    if "\x00" in text:
        raise NotATable(name)
    return text.splitlines()[0]


def likely_delimiter(line: str) -> str:
    r"""Return the delimiter of which a line of names has most outside quotes; a comma if none.

    >>> likely_delimiter('id;"risk, in %";outcome'), likely_delimiter("a\tb"), likely_delimiter("a")
    (';', '\t', ',')
    """
    bare = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _require_names(header: list[str], name: str) -> None:
    """Refuse a first line that is a row: its cells are a patient's, and are not told."""
    if sum(map(_is_number, header)) * 2 >= max(len([one for one in header if one.strip()]), 1):
        raise BadInput(
            "the first line holds numbers where the names of columns are expected",
            code="predictions.no_names",
            hint="Write a first line such as: patient_id,outcome,risk",
            where=name,
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip().replace(",", "."))
    except ValueError:
        return False
    return True
