"""A small home with a filled ledger, for tests that read or harm it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, ClassVar

from attending.records.base import Record
from attending.records.ledger import Subject
from attending.stores.chain import Act
from attending.stores.home import Home
from attending.times import parse_instant

if TYPE_CHECKING:
    from pathlib import Path

AT = parse_instant("2026-03-02T06:00:00Z")


class Note(Record):
    kind: ClassVar[str] = "note"
    number: int


def act(action: str = "run.fit", *, name: str = "readmission", actor: str = "ann") -> Act:
    return Act(at=AT, actor=actor, action=action, subject=Subject(kind="model", digest=name))


def fill(home: Home, entries: int, *, start: int = 0) -> None:
    """Append entries; every third one binds a record."""
    for number in range(start, start + entries):
        with home.database.transaction() as unit:
            if number % 3 == 0:
                home.catalog.put(unit, Note(number=number), at=AT, by="ann", keys={"n": "x"})
            unit.append(act(), {"number": number, "ok": True, "sites": ["N", "S"]})


def filled_home(root: Path, *, entries: int = 30, seed: int = 7) -> Home:
    home = Home.create(root, at=AT, seed=seed)
    fill(home, entries)
    home.make_checkpoint(at=AT)
    fill(home, 5, start=entries)
    home.make_checkpoint(at=AT)
    return home


def tamper(root: Path, *statements: str) -> None:
    """Run SQL behind the ledger's back, as one with the database file can."""
    connection = sqlite3.connect(root / "store.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def naive_check(root: Path) -> bool:
    """Return what an audit without chain, tree and witness says: all rows can be read."""
    import json

    connection = sqlite3.connect(root / "store.db")
    rows = connection.execute("SELECT content FROM ledger").fetchall()
    connection.close()
    return all(isinstance(json.loads(content), dict) for (content,) in rows)
