"""A small home with a filled ledger, for tests that read or harm it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import create_engine

from attending.records.base import Record
from attending.records.ledger import Subject
from attending.stores.addresses import database_address
from attending.stores.chain import Act
from attending.stores.home import Home, read_settings
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


def write_address(path: Path, address: str) -> Path:
    """Write the file that a home's settings name, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{address}\n")
    path.chmod(0o600)
    return path


def address_of(root: Path) -> str:
    """Return the address of a home's database."""
    return database_address(root, read_settings(root).database_file)


def tamper(root: Path, *statements: str) -> None:
    """Run SQL behind the ledger's back, as one with the database can."""
    engine = create_engine(address_of(root))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def replace_bytes(root: Path, table: str, where: str, *, old: bytes, new: bytes) -> None:
    """Replace bytes in the contents of rows behind the ledger's back."""
    engine = create_engine(address_of(root))
    place = "?" if engine.dialect.name == "sqlite" else "%s"
    with engine.begin() as connection:
        asked = f"SELECT content FROM {table} WHERE {where}"  # noqa: S608 - our own words
        for (content,) in connection.exec_driver_sql(asked).fetchall():
            change = f"UPDATE {table} SET content = {place} WHERE content = {place}"  # noqa: S608
            changed = bytes(content).replace(old, new)
            assert changed != bytes(content)
            connection.exec_driver_sql(change, (changed, bytes(content)))
    engine.dispose()


def naive_check(root: Path) -> bool:
    """Return what an audit without chain, tree and witness says: all rows can be read."""
    engine = create_engine(address_of(root))
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT content FROM ledger").fetchall()
    engine.dispose()
    return all(isinstance(json.loads(content), dict) for (content,) in rows)
