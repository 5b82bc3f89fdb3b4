"""One unit of work: rows and the ledger entries that bind them, all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from attending.errors import IntegrityBroken
from attending.stores.bindings import as_stored, row_hash, rows_digest
from attending.stores.chain import RESERVED, Act, Chain
from attending.stores.merkle import CompactRange
from attending.stores.prepared import ADDED, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select, Table

    from attending.records.ledger import LedgerEntry


class Unit:
    """What one transaction may do: read, insert, append to the ledger, and erase; never update.

    Rows that were inserted are bound by the entry that is appended next; rows after the last
    entry get one of their own. A unit with rows and no entry at all cannot be committed.
    """

    def __init__(self, connection: Connection, chain: Chain) -> None:
        self._connection = connection
        self.chain = chain
        self._hashes: list[bytes] = []
        self._entries: list[dict[str, Any]] = []
        self._last: Act | None = None

    def rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        """Return what a query finds, the unit's own rows included."""
        return self._connection.execute(statement).all()

    def first(self, name: str, **values: str) -> tuple[Any, ...] | None:
        """Return the first row of a prepared statement, the unit's own rows included."""
        return run(self._connection, name, [values])

    def insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that the next ledger entry will bind."""
        if not rows:
            return
        start = len(self._hashes)
        full = [
            as_stored(table, {**row, "seq": self.chain.size, "nth": start + at})
            for at, row in enumerate(rows)
        ]
        if table.name in ADDED:
            run(self._connection, f"add_{table.name}", full)
        else:
            self._connection.execute(table.insert(), full)
        self._hashes += [row_hash(table.name, row) for row in full]

    def erase(self, table: Table, which: ColumnElement[bool]) -> list[tuple[int, bytes]]:
        """Return the entry and the hash of each row that was taken out.

        Args:
            table: about patients; whoever erases keeps the hashes, for the entries bound them.
            which: the rows.
        """
        if self._connection.dialect.name == "sqlite":
            # What is freed is overwritten, not only marked.
            self._connection.exec_driver_sql("PRAGMA secure_delete = ON")
        rows = self._connection.execute(select(table).where(which)).mappings()
        found = [(row["seq"], row_hash(table.name, dict(row))) for row in rows]
        self._connection.execute(table.delete().where(which))
        return found

    def append(self, act: Act, details: Mapping[str, Any] | None = None) -> LedgerEntry:
        """Return the ledger entry for an act, appended; it binds the rows inserted before it.

        Raises:
            ValueError: a name in `details` is one that the store itself fills.
        """
        given = dict(details or {})
        if RESERVED & given.keys():
            raise ValueError(f"'{min(RESERVED & given.keys())}' is filled by the store")
        if self._hashes:
            given |= {"rows": len(self._hashes), "rows_digest": rows_digest(self._hashes)}
        entry, leaf = self.chain.add(act, given)
        self._entries.append(
            {
                "seq": entry.seq,
                "at": act.at_text,
                "actor": act.actor,
                "action": act.action,
                "subject_kind": act.subject.kind,
                "subject": act.subject.digest,
                "content": leaf,
            }
        )
        self._hashes = []
        self._last = act
        return entry

    def finish(self) -> None:
        """Write the entries and the new end of the ledger; called once, before the commit.

        Raises:
            IntegrityBroken: rows were inserted and no ledger entry says so.
        """
        if self._hashes:
            self._bind_the_rest()
        if not self._entries:
            return
        run(self._connection, "add_ledger", self._entries)
        chain = self.chain
        state = {"size": chain.size, "head": chain.head, "peaks": chain.tree.pack()}
        run(self._connection, "move_end", [state])

    def _bind_the_rest(self) -> None:
        if self._last is None:
            raise IntegrityBroken(
                f"{len(self._hashes)} rows were written without a ledger entry",
                code="ledger.missing_entry",
                hint="Append to the ledger in the same unit; nothing was written.",
            )
        last = self._last
        self.append(Act(at=last.at, actor=last.actor, action="store.rows", subject=last.subject))


def read_chain(connection: Connection, ledger_id: str) -> Chain:
    """Return the end of the ledger.

    Raises:
        IntegrityBroken: the ledger's state is not there, or is not what its size says.
    """
    return _chain(run(connection, "read_end"), ledger_id)


def hold_chain(connection: Connection, ledger_id: str) -> Chain:
    """Return the end of the ledger, its row held: nobody else moves it before the commit.

    Raises:
        IntegrityBroken: the ledger's state is not there, or is not what its size says.
    """
    return _chain(run(connection, "read_end_held"), ledger_id)


def _chain(row: tuple[Any, ...] | None, ledger_id: str) -> Chain:
    size, head, peaks = row or (None, "", None)
    sound = isinstance(size, int) and isinstance(peaks, bytes)
    try:
        tree = CompactRange.unpack(size, peaks) if sound else None
    except ValueError:
        tree = None
    if tree is None:
        raise IntegrityBroken(
            "the end of the ledger cannot be read",
            code="ledger.state",
            hint="Run `attending audit verify`.",
        )
    return Chain(ledger_id, str(head), tree)
