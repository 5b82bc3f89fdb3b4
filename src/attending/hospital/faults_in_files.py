"""Faults in files: cut short, of another system, with other columns or bytes."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from attending.digests import canonical, digest_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LABS = "labs.csv"
_MANIFEST = "manifest.json"
_PAGE = 1000


def _manifest(folder: Path) -> Any:  # noqa: ANN401 - JSON
    return json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))


def _cut_mid_row(folder: Path) -> int:
    path = folder / _LABS
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    return data.count(b"\n") - path.read_bytes().count(b"\n")


def _last_page(folder: Path) -> int:
    path = folder / _LABS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-_PAGE]))
    return _PAGE


def _row_limit(folder: Path) -> int:
    """Stop at the row at which a spreadsheet stops, with a digest that fits what is left."""
    path = folder / _LABS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:65_536]))
    manifest = _manifest(folder)
    manifest["files"][_LABS]["sha256"] = digest_file(path)
    (folder / _MANIFEST).write_bytes(canonical(manifest))
    return max(len(lines) - 65_536, 0)


def _new_system(folder: Path) -> int:
    manifest = _manifest(folder)
    manifest["source_system"] = "new-record-system"
    manifest["source_version"] = "2"
    (folder / _MANIFEST).write_bytes(canonical(manifest))
    return 1


def _schema(folder: Path, *, change: Callable[[bytes], bytes]) -> int:
    path = folder / _LABS
    path.write_bytes(change(path.read_bytes()))
    manifest = _manifest(folder)
    manifest["files"][_LABS]["sha256"] = digest_file(path)
    (folder / _MANIFEST).write_bytes(canonical(manifest))
    return 1


def _renamed(data: bytes) -> bytes:
    return data.replace(b"resulted_at", b"result_date", 1)


def _reordered(data: bytes) -> bytes:
    rows = [line.split(b",") for line in data.splitlines()]
    return b"".join(b",".join([*row[1:], row[0]]) + b"\n" for row in rows)


def _extra(data: bytes) -> bytes:
    head, *rows = data.splitlines()
    return b"".join([head + b",analyser\n", *(row + b",\n" for row in rows)])


def _marked(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def _latin(data: bytes) -> bytes:
    head, first, *rows = data.splitlines(keepends=True)
    return b"".join([head, first.replace(b"final", b"fin\xe4l"), *rows])


def _nul(data: bytes) -> bytes:
    head, first, *rows = data.splitlines(keepends=True)
    return b"".join([head, first.replace(b"final", b"fi\x00al"), *rows])


FAULTS: tuple[tuple[str, str, str, Callable[[Path], int]], ...] = (
    ("D12", "new_system", "another record system under the same name of file", _new_system),
    ("D23", "mid_row", "labs.csv cut in the middle of a row", _cut_mid_row),
    ("D23", "last_page", "the last thousand results missing", _last_page),
    ("D23", "row_limit", "labs.csv ends where a spreadsheet does", _row_limit),
    ("D29", "renamed", "a column renamed", partial(_schema, change=_renamed)),
    ("D29", "reordered", "columns in another order", partial(_schema, change=_reordered)),
    ("D29", "extra", "a column more, empty", partial(_schema, change=_extra)),
    ("D29", "bom", "a byte-order mark at the start", partial(_schema, change=_marked)),
    ("D29", "latin_1", "one cell in Latin-1", partial(_schema, change=_latin)),
    ("D29", "nul", "one cell with a NUL byte", partial(_schema, change=_nul)),
)
