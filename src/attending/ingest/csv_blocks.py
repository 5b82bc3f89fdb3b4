"""Read text with delimiters in blocks, every cell as text, and lose no row without a word.

After the last byte of a file a row of our own is read. Where it does not come out as it went in, a
quote was opened and never closed, and took the rows behind it with it: the file is refused.
"""

from __future__ import annotations

import csv
import io
import threading
import weakref
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from attending.errors import BadInput, did_you_mean
from attending.ingest.first_bytes import require_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Bytes that the reader takes at a time, and the longest line; it reads many ahead.
BLOCK_BYTES = 1 << 20
#: Bytes of cells that are handed over at a time, or somewhat more.
BATCH_BYTES = 8 << 20
#: As many as the widest spreadsheet has.
MOST_COLUMNS = 16_384
#: Lines with another number of cells than the first; with more, that one is no header.
MOST_ODD_LINES = 250_000
_LONGEST_HEADER = 1 << 20
_LET_GO_SECONDS = 2.0
#: The cells of the row that is read after the last one.
_END = "\x1eattending:end\x1e"
_KIND = "a table of UTF-8 text"


def csv_blocks(
    stream: io.BufferedReader,
    columns: Sequence[str],
    *,
    where: str,
    delimiter: str = ",",
    nulls: Sequence[str] = (),
) -> Iterator[tuple[pa.Table, int]]:
    """Yield some columns as text, and how many lines had another number of cells.

    Args:
        stream: the bytes of the file, unpacked.
        columns: which; each must stand in the first line, once.
        where: the file's name.
        delimiter: between two cells.
        nulls: words for nothing, beside the empty text.

    Raises:
        BadInput: it is a file of another kind, or a column is missing or stands there twice.
        NotATable: it is no table of UTF-8 text.
        OSError: packed bytes end too early.
    """
    head = _head(stream, where=where)
    header = _header(head, delimiter=delimiter, where=where)
    _check(header, columns, where=where)
    odd = _Odd()
    end = delimiter.join([_END] * len(header)).encode()
    source = _WithEnd(head, stream, b"\n" + end + b"\n")
    let_go = source.let_go
    told, reader = 0, None
    try:
        reader = pa_csv.open_csv(
            source,
            read_options=pa_csv.ReadOptions(block_size=BLOCK_BYTES),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=odd.take
            ),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(columns),
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=["", *nulls],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
        waiting: list[pa.RecordBatch] = []
        for batch in reader:
            if sum(one.nbytes for one in waiting) >= BATCH_BYTES:
                yield pa.Table.from_batches(waiting), odd.count - told
                waiting, told = [], odd.count
            waiting.append(batch)
    except pa.ArrowInvalid as error:
        raise NotATable(where, odd_lines=odd.count) from error
    finally:
        del reader, source
        let_go.wait(_LET_GO_SECONDS)
    yield _without_end(waiting, where=where), odd.count - told


class NotATable(BadInput):
    """A file is not a table of text."""

    default_code = "ingest.not_a_table"

    def __init__(self, where: str, *, odd_lines: int = 0) -> None:
        said = f"the file is not {_KIND}, or a line is longer than {BLOCK_BYTES >> 20} MB"
        hint = "Save it again as UTF-8 text, with the names of columns in the first line."
        if odd_lines > MOST_ODD_LINES:
            said = f"more than {MOST_ODD_LINES} lines have another number of cells than the first"
            hint = "Is the first line the names of columns, and the delimiter the right one?"
        super().__init__(said, hint=hint, where=where)


class _Odd:
    """Counts lines with another number of cells, and stops where there are far too many."""

    def __init__(self) -> None:
        self.count = 0

    def take(self, _row: pa_csv.InvalidRow) -> str:
        self.count += 1
        return "skip" if self.count <= MOST_ODD_LINES else "error"


class _WithEnd(io.RawIOBase):
    """The bytes that were looked at, those that follow, and a row of our own."""

    def __init__(self, head: bytes, rest: io.BufferedReader, end: bytes) -> None:
        super().__init__()
        self._parts: list[Any] = [io.BytesIO(head), rest, io.BytesIO(end)]
        #: Set when nobody holds these bytes any longer. The reader's own thread may be the last,
        #: and one that lets go while the program ends takes the whole process down.
        self.let_go = threading.Event()
        self._watch = weakref.finalize(self, self.let_go.set)
        self._watch.atexit = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - a writable buffer has no older type
        room, filled = memoryview(buffer), 0
        while self._parts and filled < len(room):
            count = int(self._parts[0].readinto(room[filled:]))
            filled += count
            if not count:
                del self._parts[0]
        return filled


def _head(stream: io.BufferedReader, *, where: str) -> bytes:
    """Return the first bytes of a file, among them its first line whole."""
    head = stream.read(_LONGEST_HEADER)
    require_kind(head, expected=_KIND, where=where)
    if not head.strip():
        raise BadInput(
            "the file is empty; expected a first line with the names of columns",
            code="ingest.not_a_table",
            hint="Ask the source for the file again; one without rows has a first line, too.",
            where=where,
        )
    return head


def _header(head: bytes, *, delimiter: str, where: str) -> list[str]:
    try:
        text = head.decode("utf-8-sig", errors="replace").lstrip("\r\n")
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:  # a cell of more than 128 KB: no name is that long
        header = []
    whole = len(head) < _LONGEST_HEADER or b"\n" in head
    if not whole or not header or any("\x00" in name for name in header):
        raise NotATable(where)
    if len(header) > MOST_COLUMNS:
        raise BadInput(
            f"the first line has {len(header)} cells; at most {MOST_COLUMNS} columns are read",
            code="ingest.too_wide",
            hint="Take out the columns that are not needed.",
            where=where,
        )
    return header


def _check(header: Sequence[str], columns: Sequence[str], *, where: str) -> None:
    for column in columns:
        if column not in header:
            raise missing(column, header, columns, where=where)
        if header.count(column) > 1:
            raise BadInput(
                f"the column '{column}' stands in the first line more than once",
                code="ingest.duplicate_column",
                hint="Give every column a name of its own; which one is meant is never guessed.",
                where=where,
            )


def missing(column: str, there: Sequence[str], columns: Sequence[str], *, where: str) -> BadInput:
    """Return the refusal of a file without a column.

    Words of the first line are told only where it has another column that is looked for: else it
    may be a row, and its cells a patient's.
    """
    named = any(one in there for one in columns)
    return BadInput(
        f"the column '{column}' is missing",
        code="ingest.missing_column",
        hint=did_you_mean(column, there[:50])
        if named
        else "Is the first line the names of columns? Compare it: `attending mapping check`.",
        where=where,
    )


def _without_end(waiting: list[pa.RecordBatch], *, where: str) -> pa.Table:
    held = pa.Table.from_batches(waiting) if waiting else pa.table({})
    last = held.slice(max(held.num_rows - 1, 0)).to_pylist()
    if not last or set(last[0].values()) != {_END}:
        raise BadInput(
            "a quote is opened and never closed: the rows behind it cannot be told apart",
            code="ingest.open_quote",
            hint="Ask the source to double the quotes within cells, as RFC 4180 says.",
            where=where,
        )
    return held.slice(0, held.num_rows - 1)
