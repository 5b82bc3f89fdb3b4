"""The database: durable settings, one writer, typed refusals, versions of its tables."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from sqlalchemy import text

from attending.errors import AttendingError, BadInput, DependencyDown, IntegrityBroken, NotFound
from attending.stores import database as databases
from attending.stores.database import Database
from attending.stores.home import Home
from tests.stores.homes import AT, Note, act, tamper


def test_it_keeps_what_it_is_told_through_a_power_cut(tmp_path):
    home = Home.create(tmp_path / "home", at=AT)
    with home.database.reading() as connection:
        told = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert (tmp_path / "home" / "store.db").stat().st_mode & 0o077 == 0


def test_a_second_creation_and_a_missing_store_are_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    with pytest.raises(NotFound):
        Database.open(url)
    Database.create(url, ledger_id="ward").close()
    with pytest.raises(BadInput) as refusal:
        Database.create(url, ledger_id="ward")
    assert refusal.value.code == "store.exists"
    with pytest.raises(BadInput):
        Database.open("sqlite://")


def test_tables_of_a_newer_version_are_refused(tmp_path):
    root = tmp_path / "home"
    Home.create(root, at=AT).close()
    tamper(root, "UPDATE meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(DependencyDown) as refusal:
        Home.open(root)
    assert refusal.value.code == "store.schema"


def test_a_file_that_is_not_a_database_is_refused(tmp_path):
    root = tmp_path / "home"
    Home.create(root, at=AT).close()
    for path in root.glob("store.db*"):
        path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(IntegrityBroken) as refusal:
        Home.open(root)
    assert refusal.value.code == "store.corrupt"


@pytest.mark.fault("P09")
def test_fifty_writers_and_a_long_reader_lose_nothing_and_a_held_lock_is_a_typed_refusal(
    tmp_path, monkeypatch
):
    # Control: two that read first and then write, in plain transactions, meet a raw error.
    plain = [sqlite3.connect(tmp_path / "plain.db", timeout=0.1) for _ in range(2)]
    plain[0].executescript("PRAGMA journal_mode = wal; CREATE TABLE t (n); ")
    for connection in plain:
        connection.isolation_level = None
        connection.execute("BEGIN").execute("SELECT count(*) FROM t").fetchone()
    plain[0].execute("INSERT INTO t VALUES (1)")
    plain[0].execute("COMMIT")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        plain[1].execute("INSERT INTO t VALUES (2)")

    root = tmp_path / "home"
    home = Home.create(root, at=AT, seed=7)
    with home.database.reading() as reader:
        reader.execute(text("SELECT count(*) FROM ledger")).scalar_one()
        _write_from_fifty_threads(home)
        assert reader.execute(text("SELECT count(*) FROM ledger")).scalar_one() == 1
    assert len(home.catalog.list("note")) == 50
    assert home.ledger.verify().ok

    monkeypatch.setattr(databases, "BUSY_SECONDS", 0.1)
    impatient = Home.open(root)
    holder = sqlite3.connect(root / "store.db")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DependencyDown) as refusal, impatient.database.transaction() as unit:
        unit.append(act())
    assert refusal.value.code == "store.busy"
    holder.close()
    with impatient.database.transaction() as unit:
        unit.append(act())
    for connection in plain:
        connection.close()


def _write_from_fifty_threads(home: Home) -> None:
    errors: list[AttendingError] = []

    def write(number: int) -> None:
        try:
            with home.database.transaction() as unit:
                home.catalog.put(unit, Note(number=number), at=AT, by="ann")
                unit.append(act())
        except AttendingError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("database is locked", "store.busy"),
        ("database or disk is full", "storage.full"),
        ("disk I/O error", "storage.io"),
        ("attempt to write a readonly database", "storage.read_only"),
        ("unable to open database file", "storage.missing"),
        ("database disk image is malformed", "store.corrupt"),
        ("something new", "store.down"),
    ],
)
def test_each_failure_of_the_database_has_its_code(words, code):
    from sqlalchemy.exc import DBAPIError

    from attending.stores.refusals import refusal

    assert refusal(DBAPIError("", {}, sqlite3.OperationalError(words))).code == code
