"""Say what a file really is from its first bytes, where it is not what it is named."""

from __future__ import annotations

from attending.errors import BadInput

_AGAIN = "Ask for the file again, and open it before you name it here."
_EXPORT = "Save it as CSV first, as UTF-8 text."
#: How files of other kinds begin -> what they are, and what to do.
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file", "Fetch it: `git lfs pull`."),
    (b"<!doctype", "a web page, perhaps an error that was saved", _AGAIN),
    (b"<html", "a web page, perhaps an error that was saved", _AGAIN),
    (b"<?xml", "XML", _AGAIN),
    (b"pgdmp", "a dump of PostgreSQL", "Restore it, then use `attending source pull`."),
    (b"--\n-- postgresql", "a dump of PostgreSQL", "Restore it, then use `attending source pull`."),
    (b"sqlite format 3", "a SQLite database", "Use `attending source pull`."),
    (b"pk\x03\x04", "a zip archive or a spreadsheet", _EXPORT),
    (b"pk\x05\x06", "an empty zip archive", _AGAIN),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet", _EXPORT),
    (b"par1", "Parquet", "Name it .parquet."),
    (b"\x1f\x8b", "gzip", "Name it .gz."),
    (b"%pdf-", "a PDF", _AGAIN),
    (b"\xff\xfe", "UTF-16 text", _EXPORT),
    (b"\xfe\xff", "UTF-16 text", _EXPORT),
)


def require_kind(head: bytes, *, expected: str, where: str) -> None:
    """Refuse a file that begins as one of another kind does.

    Args:
        head: its first bytes, unpacked.
        expected: the kind that it should be, in words.
        where: its name.

    Raises:
        BadInput: it is of another kind.

    >>> require_kind(b"id,time", expected="a table of text", where="a.csv")
    >>> require_kind(b"<!DOCTYPE html>", expected="a table of text", where="a.csv")
    Traceback (most recent call last):
    ...
    attending.errors.BadInput: a.csv: this is a web page, perhaps an error that was saved; expected a table of text
    Ask for the file again, and open it before you name it here.
    """  # noqa: E501 - a message is one line
    small = head.lstrip()[:64].lower()
    for beginning, kind, hint in _BEGINNINGS:
        if small.startswith(beginning):
            raise BadInput(
                f"this is {kind}; expected {expected}",
                code="ingest.wrong_kind",
                hint=hint,
                where=where,
            )
