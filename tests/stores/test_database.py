"""The database: durable settings, one writer, typed refusals, versions of its tables."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest
from sqlalchemy import NullPool, create_engine, text

from attending.errors import AttendingError, BadInput, DependencyDown, IntegrityBroken, NotFound
from attending.stores import connections
from attending.stores.database import Database
from attending.stores.home import Home
from tests.stores.homes import AT, Note, act, address_of, tamper

pytestmark = pytest.mark.usefixtures("store_kind")


@pytest.mark.sqlite
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


@pytest.mark.sqlite
def test_a_file_that_is_not_a_database_is_refused(tmp_path):
    root = tmp_path / "home"
    Home.create(root, at=AT).close()
    for path in root.glob("store.db*"):
        path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(IntegrityBroken) as refusal:
        Home.open(root)
    assert refusal.value.code == "store.corrupt"


#: How somebody else holds the store, by kind.
HOLD = {
    "sqlite": ("BEGIN EXCLUSIVE",),
    "postgresql": ("BEGIN", "LOCK TABLE ledger_state IN ACCESS EXCLUSIVE MODE"),
}


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

    monkeypatch.setattr(connections, "BUSY_SECONDS", 1)
    impatient = Home.open(root)
    holder = create_engine(address_of(root), isolation_level="AUTOCOMMIT").connect()
    for statement in HOLD[holder.dialect.name]:
        holder.exec_driver_sql(statement)
    with pytest.raises(DependencyDown) as refusal, impatient.database.transaction() as unit:
        unit.append(act())
    assert refusal.value.code == "store.busy"
    holder.exec_driver_sql("ROLLBACK")
    holder.close()
    holder.engine.dispose()
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
@pytest.mark.sqlite
def test_each_failure_of_the_database_has_its_code(words, code):
    from sqlalchemy.exc import DBAPIError

    from attending.stores.refusals import refusal

    assert refusal(DBAPIError("", {}, sqlite3.OperationalError(words))).code == code


def test_the_server_must_keep_what_it_is_told(postgres_server, postgres_database):
    address = postgres_server.address(postgres_database)
    Database.create(address, ledger_id="ward").close()
    postgres_server.run("ALTER SYSTEM SET full_page_writes = off")
    try:
        _reload(postgres_server, "off")
        with pytest.raises(DependencyDown) as refusal:
            Database.open(address)
        assert refusal.value.code == "store.not_durable"
    finally:
        postgres_server.run("ALTER SYSTEM RESET full_page_writes")
        _reload(postgres_server, "on")
    Database.open(address).close()


def _reload(server, wanted: str) -> None:
    """Have the server read its settings again, and wait until a new connection sees them."""
    server.run("SELECT pg_reload_conf()")
    engine = create_engine(server.address(), poolclass=NullPool)
    for _ in range(200):
        with engine.connect() as connection:
            if connection.exec_driver_sql("SHOW full_page_writes").scalar_one() == wanted:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not read its settings")


def test_an_empty_server_and_one_that_is_not_there_are_refused(postgres_server, postgres_database):
    with pytest.raises(NotFound) as nothing:
        Database.open(postgres_server.address(postgres_database))
    assert nothing.value.code == "store.missing"
    for changed, code in (({"port": 1}, "store.down"), ({"password": "hidden-word"}, "store.down")):
        with pytest.raises(DependencyDown) as refusal:
            Database.open(postgres_server.address(postgres_database, **changed))
        assert refusal.value.code == code
        assert "hidden-word" not in str(refusal.value)
