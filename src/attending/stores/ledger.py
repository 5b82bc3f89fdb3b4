"""The ledger: append, read, search, export, and sign checkpoints over it."""

from __future__ import annotations

import json
from bisect import bisect_left
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from attending.digests import short
from attending.errors import DependencyDown, IntegrityBroken
from attending.records.base import from_content
from attending.records.ledger import AuditReport, Checkpoint, LedgerEntry
from attending.stores.audit import audit
from attending.stores.chain import Act
from attending.stores.checkpoints import from_note, note_body, origin_of, verifier_key
from attending.stores.files import write_once
from attending.stores.merkle import CompactRange, leaf_hash
from attending.stores.tables import LEDGER
from attending.stores.unit import read_chain
from attending.stores.witnesses import OWN, store_user
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Select

    from attending.records.ledger import Subject
    from attending.stores.chain import Chain
    from attending.stores.database import Database
    from attending.stores.heads import Head
    from attending.stores.unit import Unit
    from attending.stores.witnesses import Witness
    from attending.types import Instant


_MOST_NAMES = 500


class Ledger:
    """The append-only history of a store.

    Args:
        database: where the entries rest.
        witnesses: where signed checkpoints are kept, outside the database; our own folder first.
        trusted: public keys that may have signed them, the present one first.
    """

    def __init__(
        self, database: Database, *, witnesses: Sequence[Witness], trusted: Sequence[bytes]
    ) -> None:
        self.database = database
        self.witnesses = tuple(witnesses)
        self.witness = self.witnesses[0]
        self.trusted = tuple(trusted)

    def append(
        self,
        unit: Unit,
        *,
        at: Instant,
        actor: str,
        action: str,
        subject: Subject,
        details: Mapping[str, Any] | None = None,
    ) -> LedgerEntry:
        """Return the entry for an act, appended in the unit that holds its rows.

        Raises:
            ValueError: a name or value that an entry may not hold.
        """
        return unit.append(Act(at=at, actor=actor, action=action, subject=subject), details)

    def end(self) -> Chain:
        """Return the size, the head and the compact range of the ledger now.

        Raises:
            IntegrityBroken: the end cannot be read.
        """
        with self.database.reading() as connection:
            return read_chain(connection, self.database.ledger_id)

    @property
    def size(self) -> int:
        """Return the number of entries."""
        return self.end().size

    @property
    def head(self) -> str:
        """Return the leaf hash of the last entry."""
        return self.end().head

    @property
    def root(self) -> str:
        """Return the Merkle root of all entries."""
        return self.end().tree.root().hex()

    def goes_on_from(self, size: int, head: str, *, end: Chain) -> bool:
        """Return whether the ledger is, or goes on from, what it was with so many entries.

        Args:
            size: how many entries there were.
            head: the leaf hash of the last of them; any when there were none.
            end: of the ledger now.
        """
        if size >= end.size:
            return size == end.size and head == end.head
        return size == 0 or next(self.entries(size, size + 1)).previous == head

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Iterate over the canonical bytes of entries from `start` up to `stop`, not included."""
        statement = select(LEDGER.c.content).where(LEDGER.c.seq >= start).order_by(LEDGER.c.seq)
        if stop is not None:
            statement = statement.where(LEDGER.c.seq < stop)
        with self.database.reading() as connection:
            result = connection.execution_options(yield_per=10_000).execute(statement)
            with closing(result):
                for row in result:
                    yield row.content

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[LedgerEntry]:
        """Iterate over entries from `start` up to `stop`, not included."""
        for leaf in self.leaves(start, stop):
            yield as_entry(leaf)

    def search(
        self,
        *,
        action: str = "",
        actor: str = "",
        subject: str = "",
        limit: int = 1000,
    ) -> tuple[LedgerEntry, ...]:
        """Return the newest entries that match, oldest of them first.

        Args:
            action: a verb, or the start of verbs, such as `approval.`; any when empty.
            actor: a person's id; any when empty.
            subject: a digest or name; any when empty.
            limit: how many at most.
        """
        statement = _matching(action, actor, subject).order_by(LEDGER.c.seq.desc()).limit(limit)
        rows = self.database.rows(statement)
        return tuple(as_entry(row.content) for row in reversed(rows))

    def newest_first(
        self,
        *,
        action: str = "",
        actor: str = "",
        among: Collection[int] | None = None,
        start: int = 0,
        stop: int,
        limit: int,
    ) -> tuple[LedgerEntry, ...]:
        """Return entries that match, the newest first.

        Args:
            action: a verb, or the start of verbs, such as `approval.`; any when empty.
            actor: a person's id; any when empty.
            among: the numbers of entries; any when None.
            start: the first number that counts.
            stop: the number at which to end, not included.
            limit: how many at most.
        """
        within = _matching(action, actor, "").order_by(LEDGER.c.seq.desc())
        if among is None:
            here = within.where(LEDGER.c.seq >= start, LEDGER.c.seq < stop).limit(limit)
            return tuple(as_entry(row.content) for row in self.database.rows(here))
        wanted = sorted((one for one in among if start <= one < stop), reverse=True)
        found: list[LedgerEntry] = []
        for at in range(0, len(wanted), _MOST_NAMES):
            some = within.where(LEDGER.c.seq.in_(wanted[at : at + _MOST_NAMES]))
            found += [as_entry(row.content) for row in self.database.rows(some.limit(limit))]
            if len(found) >= limit:
                break
        return tuple(found[:limit])

    def number_at(self, at: Instant) -> int:
        """Return the number of the first entry from an instant on; the size when there is none.

        Args:
            at: entries stand in the order of time.
        """
        with self.database.reading() as connection:
            end = read_chain(connection, self.database.ledger_id).size
            wanted = format_instant(at)
            return bisect_left(range(end), wanted, key=lambda seq: _at(connection, seq))

    def about(self, subjects: Iterable[str]) -> set[int]:
        """Return the numbers of all entries about any of some digests or names."""
        wanted, found = sorted(set(subjects)), set()
        for start in range(0, len(wanted), _MOST_NAMES):
            some = LEDGER.c.subject.in_(wanted[start : start + _MOST_NAMES])
            found |= {row.seq for row in self.database.rows(select(LEDGER.c.seq).where(some))}
        return found

    def numbered(self, numbers: Iterable[int]) -> tuple[LedgerEntry, ...]:
        """Return the entries of some numbers, in order; a number that is none has no entry."""
        wanted, found = sorted(set(numbers)), []
        for start in range(0, len(wanted), _MOST_NAMES):
            some = LEDGER.c.seq.in_(wanted[start : start + _MOST_NAMES])
            statement = select(LEDGER.c.content).where(some).order_by(LEDGER.c.seq)
            found += [as_entry(row.content) for row in self.database.rows(statement)]
        return tuple(found)

    def count(self, actor: str, action: str, *, day: str) -> int:
        """Return how many entries of an actor and action there are since a day began.

        Args:
            actor: who acted.
            action: the whole verb.
            day: such as `2026-03-02`, in UTC; entries stand in the order of time.
        """
        counted = select(func.count()).select_from(LEDGER)
        mine = counted.where(LEDGER.c.actor == actor, LEDGER.c.action == action)
        with self.database.reading() as connection:
            end = read_chain(connection, self.database.ledger_id).size
            first = bisect_left(range(end), day, key=lambda seq: _day(connection, seq))
            return int(connection.execute(mine.where(LEDGER.c.seq >= first)).scalar_one())

    def make_checkpoint(
        self, sign: Callable[[bytes], bytes], *, public_key: bytes, at: Instant
    ) -> Checkpoint:
        """Return a signed checkpoint over the ledger as it stands, now kept in our own folder.

        Every entry is hashed again first, against the newest checkpoint of any witness: two
        checkpoints that contradict each other are never signed.

        Raises:
            IntegrityBroken: the ledger is shorter than the newest checkpoint or not its sequel.
            DependencyDown: the witness's folder cannot be written.
        """
        newest = self._newest()
        end = self.end()
        tree = self._rehash(end.size, newest.size if newest else 0, newest)
        if tree.root() != end.tree.root():
            refusal = _contradiction("the entries do not lead to the ledger's own end")
            raise refusal
        if newest is not None and newest.size == end.size:
            self.witness.keep(newest)
            return newest
        origin = origin_of(self.database.ledger_id)
        body = note_body(origin, end.size, root=tree.root(), at=at)
        checkpoint = Checkpoint(
            origin=origin,
            size=end.size,
            root=tree.root().hex(),
            at=at,
            public_key=public_key.hex(),
            signature=sign(body.encode()).hex(),
        )
        self.witness.keep(checkpoint)
        return checkpoint

    def _newest(self) -> Checkpoint | None:
        """Return the checkpoint over the largest ledger that any witness holds."""
        last = [notes[-1] for one in self.witnesses if (notes := one.notes())]
        found = [from_note(note.decode(errors="replace"), trusted=self.trusted) for _, note in last]
        return max(found, key=lambda one: one.size, default=None)

    def deliver(self, checkpoint: Checkpoint) -> dict[str, str]:
        """Return by name what became of a checkpoint at each witness beside our own folder.

        Where we may not write, its own user fetches it: that is what makes it independent. Where
        nothing is there, nothing is made, for it may be a share that is not mounted.
        """
        return {one.name: _deliver(one, checkpoint) for one in self.witnesses[1:]}

    def _rehash(self, size: int, witnessed: int, newest: Checkpoint | None) -> CompactRange:
        if witnessed > size:
            raise _contradiction(f"{witnessed} entries were witnessed, there are {size}")
        tree = CompactRange()
        for leaf in self.leaves(0, size):
            tree.append(leaf_hash(leaf))
            if newest and tree.size == witnessed and tree.root().hex() != newest.root:
                raise _contradiction(f"the first {witnessed} entries were rewritten")
        return tree

    def verify(self, *, brought: Sequence[Witness] = (), heads: Sequence[Head] = ()) -> AuditReport:
        """Return what an audit of the whole ledger found, by all witnesses that there are.

        Args:
            brought: further places of checkpoints, such as a copy that was kept elsewhere.
            heads: what people typed in from paper.

        Raises:
            IntegrityBroken: the database itself cannot be read.
            DependencyDown: a witness is there and cannot be read.
        """
        return audit(
            self.database,
            witnesses=(*self.witnesses, *brought),
            trusted=self.trusted,
            user=store_user(self.witness.place.parent),
            heads=heads,
        )

    def export(self, folder: Path) -> Path:
        """Return the folder of an export that `govern/standalone_verifier.py` reads.

        It holds `ledger.jsonl` (each line the canonical bytes of an entry), `store.jsonl` (what
        the store's columns say of each, then of the end), `checkpoints/` and `keys.txt`.

        Raises:
            DependencyDown: the folder cannot be written.
        """
        lines = b"".join(leaf + b"\n" for leaf in self.leaves())
        write_once(folder / "ledger.jsonl", lines, mode=0o600)
        write_once(folder / "store.jsonl", b"".join(self._columns()), mode=0o600)
        origin = origin_of(self.database.ledger_id)
        text = "".join(f"{verifier_key(origin, key)}\n" for key in self.trusted)
        write_once(folder / "keys.txt", text.encode(), mode=0o600)
        (folder / "checkpoints").mkdir(exist_ok=True)
        for witness in self.witnesses:
            start = "" if witness.name == OWN else f"{witness.name}-"
            for name, note in witness.notes():
                path = folder / "checkpoints" / f"{start}{name.removesuffix('.note')}.note"
                write_once(path, note, mode=0o600)
        return folder

    def _columns(self) -> Iterator[bytes]:
        """Yield what the store says of each entry beside its bytes, then of its end; as JSON."""
        names = ("seq", "at", "actor", "action", "subject_kind", "subject")
        statement = select(*(LEDGER.c[name] for name in names)).order_by(LEDGER.c.seq)
        with self.database.reading() as connection:
            result = connection.execution_options(yield_per=10_000).execute(statement)
            with closing(result):
                for row in result:
                    yield _line(list(row))
            try:
                end = read_chain(connection, self.database.ledger_id)
            except IntegrityBroken as error:
                yield _line({"unreadable": error.code})
            else:
                said = {"head": end.head, "root": end.tree.root().hex(), "size": end.size}
                yield _line(said)


def _line(value: Any) -> bytes:  # noqa: ANN401 - any JSON value, or bytes put where text was
    return json.dumps(value, separators=(",", ":"), default=str).encode() + b"\n"


def _deliver(witness: Witness, checkpoint: Checkpoint) -> str:
    if witness.kind == "absent":
        return "not there"
    try:
        witness.keep(checkpoint)
    except DependencyDown as error:
        if error.code == "storage.read_only":
            return "to be fetched by its own user"
        return f"not written ({error.code})"
    return "written"


def _matching(action: str, actor: str, subject: str) -> Select[Any]:
    statement = select(LEDGER.c.content)
    if action.endswith("."):
        statement = statement.where(LEDGER.c.action.startswith(action, autoescape=True))
    elif action:
        statement = statement.where(LEDGER.c.action == action)
    if actor:
        statement = statement.where(LEDGER.c.actor == actor)
    return statement.where(LEDGER.c.subject == subject) if subject else statement


def as_entry(leaf: bytes) -> LedgerEntry:
    """Return the entry that stored bytes say.

    Raises:
        IntegrityBroken: they say none.
    """
    try:
        entry: LedgerEntry = from_content(LedgerEntry, json.loads(leaf))
    except ValueError:
        raise IntegrityBroken(
            f"a ledger entry cannot be read ({short(leaf_hash(leaf).hex())})",
            code="ledger.content",
            hint="Run `attending audit verify`.",
        ) from None
    return entry


def _contradiction(what: str) -> IntegrityBroken:
    return IntegrityBroken(
        f"no checkpoint is signed: {what}",
        code="ledger.contradiction",
        hint="Run `attending audit verify` and keep the files as they are.",
    )


def _day(connection: Connection, seq: int) -> str:
    """Return the day of an entry, empty where the entry is gone."""
    return _at(connection, seq)[:10]


def _at(connection: Connection, seq: int) -> str:
    """Return the instant of an entry as it is stored, empty where the entry is gone."""
    at = connection.execute(select(LEDGER.c.at).where(LEDGER.c.seq == seq)).scalar()
    return str(at or "")
