"""What one message says: versions of records, merges, and what was set aside and why.

The tables of a message are read and settled by the same code as those of a delivery, so that a
fact is the same whether it was pushed or taken in by night.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from attending.digests import digest_of
from attending.ingest.settle import settle
from attending.records.intake import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from attending.ingest.batch import Batch

_INSTANTS = ("time", "known_at", "superseded_at")
_NO_SUBJECT = 0


@dataclass
class Heard:
    """What a message says.

    Attributes:
        versions: of records, each event as columns of `EVENTS` with instants in microseconds.
        withdrawn: versions without an event: their record is to say nothing any longer.
        merges: columns of `MERGES`, instants in microseconds.
        letters: what was not taken: its place, why, and as what it counts.
    """

    versions: list[Version] = field(default_factory=list)
    withdrawn: list[Version] = field(default_factory=list)
    merges: list[dict[str, Any]] = field(default_factory=list)
    letters: list[dict[str, str]] = field(default_factory=list)
    rows_in: int = 0
    quarantined: int = 0
    rejected: int = 0
    duplicate: int = 0

    def set_aside(self, at: str, why: str, *, as_: str, count: int = 1) -> None:
        """Note what was not taken, and count it."""
        self.letters.append({"at": at, "why": why, "as": as_} | _many(count))
        if as_ == "rejected":
            self.rejected += count
        else:
            self.quarantined += count


def _many(count: int) -> dict[str, str]:
    return {"n": str(count)} if count > 1 else {}


@dataclass(frozen=True)
class Naming:
    """How the records of a message are named and told apart.

    Attributes:
        key: 32 bytes; names are kept as keyed hashes, for some hold a patient's id.
        versions: the instant of each record's version, by source and name, in microseconds.
        otherwise: the instant where a record has none of its own.
        places: where in the message each row stands, by its name; the table's name where not.
    """

    key: bytes
    otherwise: int
    versions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def record(self, source: str, name: str) -> str:
        """Return the name under which a record is kept."""
        words = f"record\0{source}\0{name}".encode()
        return hmac.new(self.key, words, hashlib.sha256).hexdigest()

    def version(self, source: str, name: str) -> int:
        """Return the instant of a record's version."""
        return self.versions.get((source, name), self.otherwise)


def heard(batches: Iterable[Batch], naming: Naming) -> Heard:
    """Return what the tables of one message say."""
    found = Heard()
    for batch in batches:
        found.rows_in += batch.rows_in
        found.duplicate += batch.duplicate
        if batch.merges is not None:
            _hear_merges(found, batch)
        else:
            _hear_events(found, batch, naming)
    return found


def _hear_merges(found: Heard, batch: Batch) -> None:
    said = batch.merges.select(["gone", "kept", "at", "undone"]) if batch.merges else None
    found.merges += _plain(said) if said is not None else []
    for reason, count in Counter(batch.aside["reason"].to_pylist()).items():
        found.set_aside(batch.table, reason, as_="quarantined", count=count)
    for reason, count in batch.rejected.items():
        found.set_aside(batch.table, reason, as_="rejected", count=count)


def _hear_events(found: Heard, batch: Batch, naming: Naming) -> None:
    settled = settle(batch, lags={})
    for row in settled.quarantine.to_pylist():
        place = naming.places.get(row["source_row"] or "", batch.table)
        found.set_aside(place, row["reason"], as_="quarantined")
    for reason, count in settled.rejected.items():
        found.set_aside(batch.table, reason, as_="rejected", count=count)
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in _plain(settled.events):
        grouped.setdefault((row["source"], row["source_row"]), []).append(row)
    found.versions += [_version(names, rows, naming) for names, rows in grouped.items()]
    found.withdrawn += [_withdrawn(row, naming) for row in _plain(batch.gone)]


def _version(names: tuple[str, str], rows: Sequence[dict[str, Any]], naming: Naming) -> Version:
    record = naming.record(*names)
    told = sorted(({**row, "source_row": record} for row in rows), key=_order)
    return Version(record, naming.version(*names), _content(told), tuple(told))


def _withdrawn(row: Mapping[str, Any], naming: Naming) -> Version:
    """Return a version that says nothing: never visible, and it ends the one before it."""
    names = (row["source"], row["source_row"])
    at = row["at"] if row["at"] is not None else naming.version(*names)
    nothing = {
        "subject_id": _NO_SUBJECT,
        "code": "",
        "known_at": at,
        "superseded_at": at,
        "source": row["source"],
        "source_row": naming.record(*names),
    }
    return Version(naming.record(*names), naming.version(*names), _content([nothing]), (nothing,))


def _content(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the digest of what a record says; since when it was known is no part of it."""
    said = [
        {
            name: str(value) if isinstance(value, int) else value
            for name, value in row.items()
            if name not in {"known_at", "superseded_at"}
        }
        | {"ended": row.get("superseded_at") is not None}
        for row in rows
    ]
    return digest_of(said)


def _order(row: Mapping[str, Any]) -> tuple[str, int, str, str]:
    return row["code"], row["time"] or 0, str(row["numeric_value"]), str(row["text_value"])


def _plain(table: pa.Table) -> list[dict[str, Any]]:
    """Return rows as plain values, instants as microseconds."""
    for place, item in enumerate(table.schema):
        if pa.types.is_timestamp(item.type):
            micros = table.column(place).cast(pa.timestamp("us")).cast(pa.int64())
            table = table.set_column(place, item.name, micros)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
