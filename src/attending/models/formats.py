"""Refuse what is not one of our formats, by its bytes and never by its name.

Nothing here opens what it refuses: a pickle is told by its first bytes and left alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attending.digests import canonical
from attending.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_JSON_BYTES = 32 << 20
BUNDLE_FILE = "bundle.json"
_HINT = "A bundle is bundle.json with model.txt (LightGBM text), model.json or model.onnx."
#: First bytes of what people bring instead, and what it is called.
_FOREIGN = (
    (b"\x80\x02", "a pickle"),
    (b"\x80\x03", "a pickle"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x93NUMPY", "a numpy file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"ZF", "a joblib file"),
    (b"\x78\x9c", "a compressed pickle"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\x7fELF", "a program"),
)


def sniff(data: bytes) -> str:
    r"""Return what the bytes look like.

    >>> sniff(b"\x80\x04\x95"), sniff(b"tree\nversion=v4\n"), sniff(b"(lp0\n.")
    ('a pickle', 'LightGBM text', 'something else')
    """
    for head, name in _FOREIGN:
        if data.startswith(head):
            return name
    if data.startswith(b"tree\n"):
        return "LightGBM text"
    if data.startswith(b"\x08") and data[1:2] < b"\x20":
        return "ONNX"
    return "JSON" if data.startswith(b"{") else "something else"


def check_files(files: Mapping[str, bytes]) -> str:
    """Return the name of the estimator's file, once the files are those of a bundle.

    Raises:
        Refused: other files, or bytes of another format.

    >>> check_files({"bundle.json": b"{}", "model.json": b"{}"})
    'model.json'
    """
    expected = {"model.txt": "LightGBM text", "model.json": "JSON", "model.onnx": "ONNX"}
    for name, data in sorted(files.items()):
        wanted = "JSON" if name == BUNDLE_FILE else expected.get(name, "no such file")
        if sniff(data) != wanted:
            raise Refused(
                f"got {sniff(data)} as a file of a model bundle",
                code="model.format",
                hint=_HINT,
                where=name if name in {BUNDLE_FILE, *expected} else "a file of another name",
            )
    models = sorted(set(files) & set(expected))
    if BUNDLE_FILE not in files or len(models) != 1:
        raise Refused(
            f"got {len(files)} files, expected bundle.json and one model file",
            code="model.format",
            hint=_HINT,
        )
    return models[0]


def parse_canonical(data: bytes, *, where: str) -> dict[str, Any]:
    """Return the object that canonical JSON says.

    Raises:
        Refused: not JSON, not canonical, or larger than 32 MiB.

    >>> parse_canonical(b'{"a":1}', where="bundle.json")
    {'a': 1}
    """
    try:
        found = json.loads(data) if len(data) <= MAX_JSON_BYTES else None
        if isinstance(found, dict) and canonical(found) == data:
            return found
    except (ValueError, RecursionError):
        pass
    raise Refused(
        "got bytes that are not canonical JSON",
        code="model.format",
        hint="Bring the file as this package wrote it.",
        where=where,
    )
