"""Read a source's table of text whole, every cell as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from attending.ingest.csv_blocks import csv_blocks
from attending.ingest.unpack import MOST_HELD, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

#: Row counts at which other software stops without a word.
SUSPICIOUS_COUNTS = (65_535, 65_536, 1_048_575, 1_048_576)


def text_blocks(path: Path, columns: Sequence[str], *, name: str) -> Iterator[tuple[pa.Table, int]]:
    """Yield the named columns of a table in blocks, and how many lines had other cells.

    Raises:
        BadInput: no such column, or the file is not a table of text.
        Truncated: compressed bytes end before the file does.
    """
    with opened(path, where=name, times=MOST_HELD) as stream:
        yield from csv_blocks(stream, columns, where=name)


def read_text_table(path: Path, columns: Sequence[str], *, name: str) -> tuple[pa.Table, int]:
    """Return the named columns as text, and how many lines had another number of cells.

    Raises:
        BadInput: no such column, or the file is not a table of text.
        Truncated: compressed bytes end before the file does.
    """
    found = list(text_blocks(path, columns, name=name))
    return pa.concat_tables([table for table, _ in found]), sum(odd for _, odd in found)
