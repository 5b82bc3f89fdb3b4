"""Tables as CSV that a spreadsheet shows as they are: no cell of text is ever a formula.

References:
    OWASP, CSV injection.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What a spreadsheet takes for the start of a formula, in its full width too.
STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\u2212")


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    r"""Return rows as CSV (UTF-8, RFC 4180): numbers as numbers, every text in quotes.

    A text that begins like a formula, spaces apart, gets a quotation mark before it, by which
    every spreadsheet takes it for text. Quotes keep other separators from cutting a cell in two.

    >>> csv_bytes(["n", "says"], [[-1.5, "=1+1"], [2, "plain"]])
    b'"n","says"\r\n-1.5,"\'=1+1"\r\n2,"plain"\r\n'
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([_cell(name) for name in columns])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue().encode("utf-8")


def _cell(value: object) -> object:
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return "" if value is None else value
    text = str(value)
    begins = text.lstrip(" \u00a0\u3000\ufeff\0")[:1] or text[:1]
    return f"'{text}" if begins in STARTS and begins else text
