"""Text that is not UTF-8: what a spreadsheet of a Western office writes is read as Windows-1252."""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING

from attending.ingest.csv_blocks import NotATable

if TYPE_CHECKING:
    from typing import BinaryIO

WINDOWS = "cp1252"
_BLOCK = 1 << 20
#: What no table of text holds, and another kind of file does.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def is_utf8(stream: BinaryIO) -> bool:
    """Return whether all bytes of a stream are UTF-8.

    >>> is_utf8(io.BytesIO("größe".encode())), is_utf8(io.BytesIO("größe".encode("cp1252")))
    (True, False)
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := stream.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def from_windows(stream: BinaryIO, *, where: str) -> io.BufferedReader:
    r"""Return a stream of Windows-1252 as UTF-8; the whole of it is held.

    Raises:
        NotATable: bytes that stand for no letter there.

    >>> from_windows(io.BytesIO(b"gr\xf6\xdfe"), where="a.csv").read().decode()
    'größe'
    """
    try:
        text = stream.read().decode(WINDOWS)
    except UnicodeDecodeError:
        raise NotATable(where) from None
    if _CONTROL.search(text):
        raise NotATable(where)
    return io.BufferedReader(io.BytesIO(text.encode()))
