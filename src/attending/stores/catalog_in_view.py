"""The catalog as one page reads it: the lines of a kind are asked for once, whoever is asked about.

A page over all models asks the same of each of them. Here the first question about a kind reads the
lines of all its records, and the others are answered from them. The bytes of every record that is
given out are read from the store and held against their name, as the catalog does.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import func, select

from attending.records.base import Record
from attending.stores.record_bytes import checked
from attending.stores.records import BYTES, LINE, ORDER, Catalog, as_line, lines
from attending.stores.tables import RECORD_KEYS, RECORDS, RECORDS_AGAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row

    from attending.stores.database import Database
    from attending.stores.records import Listed
    from attending.stores.unit import Unit
    from attending.types import Instant

R = TypeVar("R", bound=Record)
#: So many bytes of one kind are read at once; of a larger kind each record when it is asked for.
MOST_BYTES = 4 << 20


class Kind:
    """The lines of all records of one kind, and what they are found by.

    Attributes:
        rows: by digest, the last made at the end.
        keys: by digest the words that a record is found by.
        bytes: of all of them together.
    """

    def __init__(self, rows: Sequence[Row[Any]], keys: Iterable[Row[Any]]) -> None:
        self.rows = {row.digest: row for row in rows}
        self.bytes = sum(row.size for row in rows)
        self.keys: dict[str, dict[str, str]] = defaultdict(dict)
        self._carrying: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._place = {digest: at for at, digest in enumerate(self.rows)}
        for row in keys:
            self.keys[row.digest][row.key] = row.value
            self._carrying[row.key, row.value].add(row.digest)

    def carrying(self, keys: Mapping[str, str]) -> list[str]:
        """Return the records that carry the keys, the last made at the end."""
        if not keys:
            return list(self.rows)
        found = [self._carrying.get(one, set()) for one in keys.items()]
        return sorted(set.intersection(*found), key=self._place.__getitem__)


class CatalogInView(Catalog):
    """All records of a store as they are when a page is made of them; to be read only."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._forget()

    def _forget(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self._kind_of: dict[str, str] = {}
        self._held: dict[str, bytes] = {}
        self._proven: set[str] = set()
        self._makers: dict[str, dict[str, set[str]]] = {}

    def find(self, name: str, *, kind: str = "") -> str:
        """Return the whole digest of a record by the start of it, as the catalog does.

        Raises:
            BadInput: not the start of a digest, or of more than one.
            NotFound: no such record.
        """
        known = self._kind_of.get(name)
        return name if known and kind in ("", known) else super().find(name, kind=kind)

    def put(
        self,
        unit: Unit,
        record: Record,
        *,
        at: Instant,
        by: str,
        keys: Mapping[str, str] | None = None,
    ) -> str:
        """Return the digest of a record, now kept; what was read before is read anew."""
        self._forget()
        return super().put(unit, record, at=at, by=by, keys=keys)

    def list(self, kind: str = "", **keys: str) -> tuple[Listed, ...]:
        """Return the lines of all records of a kind that carry the keys, as the catalog does."""
        if not kind:
            return super().list(kind, **keys)
        held = self._kind(kind)
        return tuple(as_line(held.rows[digest]) for digest in held.carrying(keys))

    def line(self, digest: str) -> Listed:
        """Return the line of one record by its whole digest.

        Raises:
            NotFound: no such record.
        """
        kind = self._kind_named(digest)
        return as_line(self._kinds[kind].rows[digest]) if kind else super().line(digest)

    def all(self, kind: type[R], **keys: str) -> tuple[R, ...]:
        """Return all records of a kind that carry the keys, the last made at the end.

        Raises:
            IntegrityBroken: the stored bytes are not those of a digest.
        """
        found = self._kind(kind.kind).carrying(keys)
        return tuple(self.get(digest, kind) for digest in found)

    def latest(self, kind: type[R], **keys: str) -> R | None:
        """Return the record of a kind that was last made with the keys, None when there is none.

        Raises:
            IntegrityBroken: the stored bytes are not those of the digest.
        """
        found = self._kind(kind.kind).carrying(keys)
        return self.get(found[-1], kind) if found else None

    def makers(self, digest: str) -> frozenset[str]:
        """Return everyone who made a record, first or again."""
        kind = self._kind_named(digest)
        if not kind:
            return frozenset()
        if kind not in self._makers:
            self._makers[kind] = self._made_again(kind)
        first = self._kinds[kind].rows[digest].made_by
        return frozenset({first, *self._makers[kind].get(digest, ())})

    def keys(self, digest: str) -> dict[str, str]:
        """Return the words that a record is found by."""
        kind = self._kind_named(digest)
        if not kind:
            return {}
        return dict(sorted(self._kinds[kind].keys[digest].items()))

    def _kind(self, kind: str) -> Kind:
        """Return the lines of a kind, read when they are first asked for."""
        held = self._kinds.get(kind)
        if held is None:
            size = func.length(RECORDS.c.content).label("size")
            rows = self.database.rows(lines((*LINE, size), kind, {}).order_by(*ORDER))
            said = (RECORD_KEYS.c.digest, RECORD_KEYS.c.key, RECORD_KEYS.c.value)
            of = lines(said, kind, {}).where(RECORD_KEYS.c.digest == RECORDS.c.digest)
            held = self._kinds[kind] = Kind(rows, self.database.rows(of))
            self._kind_of |= dict.fromkeys(held.rows, kind)
        return held

    def _kind_named(self, digest: str) -> str:
        """Return the kind of a record by its whole digest, its lines read; empty where none is."""
        if digest not in self._kind_of:
            of = select(RECORDS.c.kind).where(RECORDS.c.digest == digest)
            for row in self.database.rows(of):
                self._kind(row.kind)
        return self._kind_of.get(digest, "")

    def _made_again(self, kind: str) -> dict[str, set[str]]:
        again = (RECORDS_AGAIN.c.digest, RECORDS_AGAIN.c.made_by)
        found: dict[str, set[str]] = defaultdict(set)
        of = lines(again, kind, {}).where(RECORDS_AGAIN.c.digest == RECORDS.c.digest)
        for row in self.database.rows(of):
            found[row.digest].add(row.made_by)
        return found

    def _bytes(self, name: str, *, kind: str) -> tuple[str, bytes]:
        """Return the digest and the stored bytes of a record, from those that were read already."""
        mine = self._kind_named(name)
        if not mine or kind not in ("", mine):
            return super()._bytes(name, kind=kind)
        if name not in self._held:
            self._hold(name, self._kinds[mine], mine)
        return name, self._held[name]

    def _hold(self, name: str, held: Kind, kind: str) -> None:
        """Read a record, with all of its kind where they are small."""
        if held.bytes > MOST_BYTES:
            digest, data = super()._bytes(name, kind=kind)
            self._held[digest] = data
            return
        self._held |= {
            row.digest: row.content for row in self.database.rows(lines(BYTES, kind, {}))
        }

    def _sound(self, digest: str, data: bytes) -> bytes:
        """Return the stored bytes of a record, held against its name when they are first given."""
        if digest not in self._proven or self._held.get(digest) is not data:
            checked(digest, data)
            self._proven.add(digest)
        return data
