"""The catalog of records: canonical bytes by digest, append-only, found again by keys."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import func, select

from attending.digests import digest_bytes
from attending.records.base import Record
from attending.stores.names import check_prefix, only_match
from attending.stores.record_bytes import as_record, checked
from attending.stores.tables import RECORD_KEYS, RECORDS, RECORDS_AGAIN
from attending.times import format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row, Select

    from attending.stores.database import Database
    from attending.stores.unit import Unit
    from attending.types import Instant

R = TypeVar("R", bound=Record)
#: The columns of a line, and those of a record's bytes.
LINE = tuple(RECORDS.c[name] for name in ("digest", "kind", "made_at", "made_by", "seq"))
BYTES = (RECORDS.c.digest, RECORDS.c.content)
#: When a record was made again last; asked by its index for each record that is found, where a join
#: would group all of them first.
_AGAIN = (
    select(func.max(RECORDS_AGAIN.c.seq))
    .where(RECORDS_AGAIN.c.digest == RECORDS.c.digest)
    .scalar_subquery()
)
#: The order in which records were last made.
ORDER = (func.coalesce(_AGAIN, RECORDS.c.seq), RECORDS.c.seq, RECORDS.c.nth)


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
        content: dict[str, Any] = json.loads(self.data(name, kind=kind))
        return content

    def data(self, name: str, *, kind: str = "") -> bytes:
        """Return the bytes of a record by the start of its digest, checked against it.

        Raises:
            BadInput: not the start of a digest, or of more than one.
            NotFound: no such record.
            IntegrityBroken: the stored bytes are not those of the digest.
        """
        return self._sound(*self._bytes(name, kind=kind))

    def _record(self, row: Row[Any], kind: type[R]) -> R:
        """Return the record of a row, checked against its name."""
        return as_record(row.digest, self._sound(row.digest, row.content), kind)

    def _sound(self, digest: str, data: bytes) -> bytes:
        """Return the stored bytes of a record, held against its name."""
        return checked(digest, data)

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
        digest, data = self._bytes(name, kind=kind.kind)
        return as_record(digest, self._sound(digest, data), kind)

    def list(self, kind: str = "", **keys: str) -> tuple[Listed, ...]:
        """Return the lines of all records of a kind that carry the keys.

        They come in the order in which they were last made, the newest at the end.
        """
        rows = self.database.rows(lines(LINE, kind, keys).order_by(*ORDER))
        return tuple(as_line(row) for row in rows)

    def line(self, digest: str) -> Listed:
        """Return the line of one record by its whole digest.

        Raises:
            NotFound: no such record.
        """
        rows = self.database.rows(select(*LINE).where(RECORDS.c.digest == self.find(digest)))
        return as_line(rows[0])

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
        rows = self.database.rows(lines(BYTES, kind.kind, keys).order_by(*ORDER))
        return tuple(self._record(row, kind) for row in rows)

    def latest(self, kind: type[R], **keys: str) -> R | None:
        """Return the record of a kind that was last made with the keys, None when there is none.

        Raises:
            IntegrityBroken: the stored bytes are not those of the digest.
        """
        named = lines((RECORDS.c.digest,), kind.kind, keys)
        newest = named.order_by(*(column.desc() for column in ORDER)).limit(1)
        of = select(*BYTES).where(RECORDS.c.digest == newest.scalar_subquery())
        rows = self.database.rows(of)
        return self._record(rows[0], kind) if rows else None

    def newest(self, kind: type[R], *names: str) -> dict[tuple[str, ...], R]:
        """Return by the values of some keys the record of a kind that was last made with them.

        Raises:
            IntegrityBroken: the stored bytes are not those of a digest.
        """
        found = self.newest_bytes(kind.kind, *names)
        return {of: as_record(digest, data, kind) for of, (digest, data) in found.items()}

    def newest_bytes(self, kind: str, *names: str) -> dict[tuple[str, ...], tuple[str, bytes]]:
        """Return by the values of some keys digest and bytes of what was last made with them.

        Raises:
            IntegrityBroken: the stored bytes are not those of a digest.
        """
        said = [RECORD_KEYS.alias() for _ in names]
        values = [one.c.value.label(f"of_{at}") for at, one in enumerate(said)]
        backwards = [column.desc() for column in ORDER]
        place = func.row_number().over(partition_by=values, order_by=backwards).label("place")
        every = lines((RECORDS.c.digest, *values, place), kind, {})
        for name, one in zip(names, said, strict=True):
            every = every.where(one.c.digest == RECORDS.c.digest, one.c.key == name)
        placed = every.subquery()
        asked = select(*BYTES, *(placed.c[one.name] for one in values))
        of = asked.join(placed, placed.c.digest == RECORDS.c.digest).where(placed.c.place == 1)
        return {
            tuple(row[len(BYTES) :]): (row.digest, self._sound(row.digest, row.content))
            for row in self.database.rows(of)
        }

    def since(
        self, start: int, *, kinds: Collection[str], until: int
    ) -> Iterator[tuple[str, bytes]]:
        """Yield digest and bytes of the records of some kinds that some entries bound, in order.

        Args:
            start: the number of the first entry.
            kinds: of the records.
            until: the number at which to end, not included.

        Raises:
            IntegrityBroken: the stored bytes are not those of a digest.
        """
        here = (RECORDS.c.seq >= start, RECORDS.c.seq < until, RECORDS.c.kind.in_(sorted(kinds)))
        statement = select(*BYTES).where(*here).order_by(RECORDS.c.seq, RECORDS.c.nth)
        with self.database.reading() as connection:
            result = connection.execution_options(yield_per=100).execute(statement)
            with closing(result):
                for row in result:
                    yield row.digest, checked(row.digest, row.content)

    def bound(self, kind: str, *, since: int, until: int) -> bool:
        """Return whether any of some entries bound a record of a kind.

        Args:
            kind: of the record.
            since: the number of the first entry.
            until: the number at which to end, not included.
        """
        here = (RECORDS.c.seq >= since, RECORDS.c.seq < until, RECORDS.c.kind == kind)
        return bool(self.database.rows(select(RECORDS.c.seq).where(*here).limit(1)))

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


def lines(columns: Sequence[ColumnElement[Any]], kind: str, keys: Mapping[str, str]) -> Select[Any]:
    """Return the query of all records of a kind, any when empty, that carry the keys."""
    statement = select(*columns)
    for at, (key, value) in enumerate(keys.items()):
        carrying = select(RECORD_KEYS.c.digest).where(
            RECORD_KEYS.c.key == key, RECORD_KEYS.c.value == value
        )
        # The first key finds the records, such as a model's; the others are asked of each of them,
        # since a version or a stage is carried by those of all models.
        mine = carrying.where(RECORD_KEYS.c.digest == RECORDS.c.digest).exists()
        statement = statement.where(mine if at else RECORDS.c.digest.in_(carrying))
    return statement.where(RECORDS.c.kind == kind) if kind else statement


def as_line(row: Row[Any]) -> Listed:
    """Return a line of the catalog from the columns of `LINE`."""
    return Listed(
        digest=row.digest,
        kind=row.kind,
        made_at=parse_instant(row.made_at),
        made_by=row.made_by,
        seq=row.seq,
    )
