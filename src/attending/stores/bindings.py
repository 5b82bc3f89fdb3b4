"""The hash of a stored row, and of the rows that one ledger entry binds.

An entry carries the number of its rows and one hash over them, so that a row that is edited,
deleted or put in behind the ledger's back is found by comparing both sides.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Float

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Table

# The C encoder gives the bytes of RFC 8785 for what rows and entries hold (text, whole numbers,
# truth, null; floats are written by repr, alike on every machine) at a sixth of the time.
ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def as_stored(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with every column of the table, whole numbers as floats where it says so."""
    full = {column.name: row.get(column.name) for column in table.columns}
    for column in table.columns:
        value = full[column.name]
        if value is not None and isinstance(column.type, Float):
            full[column.name] = float(value)
    return full


def row_hash(table: str, row: Mapping[str, Any]) -> bytes:
    """Return the hash of one row: its table, its columns by name, and their values.

    >>> row_hash("t", {"a": 1, "b": b"x"}) == row_hash("t", {"b": b"x", "a": 1})
    True
    >>> row_hash("t", {"a": 1}) == row_hash("t", {"a": "1"})
    False
    """
    plain = {
        key: {"bytes": hashlib.sha256(value).hexdigest()} if isinstance(value, bytes) else value
        for key, value in row.items()
    }
    return hashlib.sha256(ENCODER.encode([table, plain]).encode()).digest()


def rows_digest(hashes: Iterable[bytes]) -> str:
    """Return one hash over row hashes, in whatever order they come.

    >>> rows_digest([b"b", b"a"]) == rows_digest([b"a", b"b"])
    True
    """
    return hashlib.sha256(b"".join(sorted(hashes))).hexdigest()
