"""The catalog of records: canonical bytes by digest, append-only, found again by keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import func, select

from attending.digests import digest_bytes, short
from attending.errors import IntegrityBroken, Refused
from attending.records.base import Record, from_content
from attending.stores.names import check_prefix, only_match
from attending.stores.tables import RECORD_KEYS, RECORDS, RECORDS_AGAIN
from attending.times import format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Select

    from attending.stores.database import Database
    from attending.stores.unit import Unit
    from attending.types import Instant

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Listed:
    """One line of the catalog: what a record is, and who made it when.

    Attributes:
        seq: the ledger entry that binds it.
    """

    digest: str
    kind: str
    made_at: Instant
    made_by: str
    seq: int


class Catalog:
    """All records of a store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def put(
        self,
        unit: Unit,
        record: Record,
        *,
        at: Instant,
        by: str,
        keys: Mapping[str, str] | None = None,
    ) -> str:
        """Return the digest of a record, now kept.

        One that is there already is left as it is, and that it was made again is written down:
        it is then the newest, and who made it again is among its makers.

        Args:
            unit: the unit whose ledger entry will bind it.
            record: what a step left.
            at: when it was made.
            by: a person's id, or `system`.
            keys: words to find it by, such as `{"model": "readmission", "run": "..."}`.
        """
        content = record.as_bytes()
        digest = digest_bytes(content)
        row = {"digest": digest, "made_at": format_instant(at), "made_by": by}
        if unit.rows(select(RECORDS.c.digest).where(RECORDS.c.digest == digest)):
            unit.insert(RECORDS_AGAIN, [row])
        else:
            unit.insert(RECORDS, [{**row, "kind": record.kind, "content": content}])
        known = select(RECORD_KEYS.c.key, RECORD_KEYS.c.value).where(RECORD_KEYS.c.digest == digest)
        present = {(row.key, row.value) for row in unit.rows(known)}
        wanted = sorted(set((keys or {}).items()) - present)
        unit.insert(
            RECORD_KEYS, [{"digest": digest, "key": key, "value": value} for key, value in wanted]
        )
        return digest

    def find(self, name: str, *, kind: str = "") -> str:
        """Return the whole digest of a record by the start of it.

        Raises:
            BadInput: not the start of a digest, or of more than one.
            NotFound: no such record.
        """
        prefix = check_prefix(name)
        statement = select(RECORDS.c.digest).where(
            RECORDS.c.digest >= prefix, RECORDS.c.digest < prefix + "g"
        )
        if kind:
            statement = statement.where(RECORDS.c.kind == kind)
        found = (row.digest for row in self.database.rows(statement.limit(3)))
        return only_match(prefix, found, what=kind.replace("_", " ") or "record")

    def content(self, name: str, *, kind: str = "") -> dict[str, Any]:
        """Return the plain content of a record by the start of its digest, checked against it.

        Raises:
            BadInput: not the start of a digest, or of more than one.
            NotFound: no such record.
            IntegrityBroken: the stored bytes are not those of the digest.
        """
        digest, data = self._bytes(name, kind=kind)
        if digest_bytes(data) != digest:
            refusal = _changed(digest)
            raise refusal
        content: dict[str, Any] = json.loads(data)
        return content

    def _bytes(self, name: str, *, kind: str) -> tuple[str, bytes]:
        """Return the digest and the stored bytes of a record; a whole digest is asked for once."""
        of = select(RECORDS.c.content, RECORDS.c.kind)
        found = self.database.rows(of.where(RECORDS.c.digest == check_prefix(name)))
        if found and kind in ("", found[0].kind):
            return name, found[0].content
        digest = self.find(name, kind=kind)
        return digest, self.database.rows(of.where(RECORDS.c.digest == digest))[0].content

    def get(self, name: str, kind: type[R]) -> R:
        """Return a record by the start of its digest, checked against it.

        Raises:
            BadInput: not the start of a digest, or of more than one.
            NotFound: no such record of that kind.
            IntegrityBroken: the stored bytes are not those of the digest.
            Refused: the bytes are sound and another version of attending wrote them.
        """
        content = self.content(name, kind=kind.kind)
        try:
            record: R = from_content(kind, content)
        except ValueError:
            raise Refused(
                f"record {short(name)} is in a form that this version of attending does not know",
                code="record.form",
                hint="Read it with the version that wrote it, or a later one.",
            ) from None
        return record

    def list(self, kind: str = "", **keys: str) -> tuple[Listed, ...]:
        """Return the lines of all records of a kind that carry the keys.

        They come in the order in which they were last made, the newest at the end.
        """
        columns = (RECORDS.c.digest, RECORDS.c.kind, RECORDS.c.made_at, RECORDS.c.made_by)
        # Asked by its index for each record that is found; a join would group all of them first.
        again = (
            select(func.max(RECORDS_AGAIN.c.seq))
            .where(RECORDS_AGAIN.c.digest == RECORDS.c.digest)
            .scalar_subquery()
        )
        statement = _carrying(select(*columns, RECORDS.c.seq), keys)
        if kind:
            statement = statement.where(RECORDS.c.kind == kind)
        last = func.coalesce(again, RECORDS.c.seq)
        rows = self.database.rows(statement.order_by(last, RECORDS.c.seq, RECORDS.c.nth))
        return tuple(
            Listed(
                digest=row.digest,
                kind=row.kind,
                made_at=parse_instant(row.made_at),
                made_by=row.made_by,
                seq=row.seq,
            )
            for row in rows
        )

    def values(self, kind: str, key: str) -> dict[str, str]:
        """Return by digest what every record of a kind carries under a key."""
        both = RECORDS.join(RECORD_KEYS, RECORDS.c.digest == RECORD_KEYS.c.digest)
        statement = select(RECORDS.c.digest, RECORD_KEYS.c.value).select_from(both)
        rows = self.database.rows(statement.where(RECORDS.c.kind == kind, RECORD_KEYS.c.key == key))
        return {row.digest: row.value for row in rows}

    def has(self, kind: str, *, key: str, value: str) -> bool:
        """Return whether there is any record of a kind that carries a key."""
        found = self.database.first("read_carrying", kind=kind, key=key, value=value)
        return found is not None

    def all(self, kind: type[R], **keys: str) -> tuple[R, ...]:
        """Return all records of a kind that carry the keys, the last made at the end.

        Raises:
            IntegrityBroken: the stored bytes are not those of a digest.
        """
        return tuple(self.get(line.digest, kind) for line in self.list(kind.kind, **keys))

    def latest(self, kind: type[R], **keys: str) -> R | None:
        """Return the record of a kind that was last made with the keys, None when there is none.

        Raises:
            IntegrityBroken: the stored bytes are not those of the digest.
        """
        lines = self.list(kind.kind, **keys)
        return self.get(lines[-1].digest, kind) if lines else None

    def makers(self, digest: str) -> frozenset[str]:
        """Return everyone who made a record, first or again."""
        statements = (
            select(table.c.made_by).where(table.c.digest == digest)
            for table in (RECORDS, RECORDS_AGAIN)
        )
        return frozenset(row.made_by for one in statements for row in self.database.rows(one))

    def keys(self, digest: str) -> dict[str, str]:
        """Return the words that a record is found by."""
        statement = select(RECORD_KEYS.c.key, RECORD_KEYS.c.value)
        rows = self.database.rows(statement.where(RECORD_KEYS.c.digest == digest))
        return {row.key: row.value for row in sorted(rows, key=lambda row: (row.key, row.value))}


def _carrying(statement: Select[Any], keys: Mapping[str, str]) -> Select[Any]:
    for key, value in keys.items():
        carrying = select(RECORD_KEYS.c.digest).where(
            RECORD_KEYS.c.key == key, RECORD_KEYS.c.value == value
        )
        statement = statement.where(RECORDS.c.digest.in_(carrying))
    return statement


def _changed(digest: str) -> IntegrityBroken:
    return IntegrityBroken(
        f"record {short(digest)} has other bytes than its name says",
        code="record.changed",
        hint="Run `attending audit verify`; restore it from a backup.",
    )
