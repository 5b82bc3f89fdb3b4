"""Rows about patients taken out of the database, with the hashes that stay in their place.

A ledger entry binds its rows by one hash over theirs. Of a row that is erased the hash stays, so
that what is left is still held against the entry, and nothing of what the row said is left.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import select

from attending.stores.tables import FEEDBACK, OUTCOMES, PREDICTIONS
from attending.times import to_micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attending.stores.unit import Unit
    from attending.types import Instant

_ROW = struct.Struct(">Q32s")


def erase_patients(unit: Unit, subjects: Sequence[int]) -> dict[str, list[tuple[int, bytes]]]:
    """Return what went of some patients, by table: the entry and the hash of each row."""
    mine = PREDICTIONS.c.subject_id.in_(subjects)
    asked = FEEDBACK.c.request_id.in_(select(PREDICTIONS.c.request_id).where(mine))
    return {
        FEEDBACK.name: unit.erase(FEEDBACK, asked),
        OUTCOMES.name: unit.erase(OUTCOMES, OUTCOMES.c.subject_id.in_(subjects)),
        PREDICTIONS.name: unit.erase(PREDICTIONS, mine),
    }


def erase_before(unit: Unit, before: Instant) -> dict[str, list[tuple[int, bytes]]]:
    """Return what went of all that was predicted before an instant, by table."""
    at = to_micros(before)
    old = PREDICTIONS.c.prediction_time < at
    asked = FEEDBACK.c.request_id.in_(select(PREDICTIONS.c.request_id).where(old))
    return {
        FEEDBACK.name: unit.erase(FEEDBACK, asked),
        OUTCOMES.name: unit.erase(OUTCOMES, OUTCOMES.c.prediction_time < at),
        PREDICTIONS.name: unit.erase(PREDICTIONS, old),
    }


def as_bytes(rows: Iterable[tuple[int, bytes]]) -> bytes:
    """Return entries and hashes as the bytes of an artifact, in order.

    >>> from_bytes(as_bytes([(7, bytes(32))]))[7] == [bytes(32)]
    True
    """
    return b"".join(_ROW.pack(*row) for row in sorted(rows))


def from_bytes(data: bytes) -> dict[int, list[bytes]]:
    """Return the hashes of erased rows by the entry that bound them."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for seq, hashed in _ROW.iter_unpack(data):
        found[seq].append(hashed)
    return found
