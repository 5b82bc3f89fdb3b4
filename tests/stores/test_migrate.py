"""An older store opens after `migrate`: backed up first, changed whole, by one alone."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from attending.errors import DependencyDown, NotFound
from attending.stores import migrate as migrations
from attending.stores.checkpoints import from_note
from attending.stores.copies import copy_store
from attending.stores.database import Database
from attending.stores.home import Home, read_settings
from attending.stores.revisions import OLDEST, upgrade
from attending.stores.tables import METADATA, SCHEMA_VERSION
from tests.stores.homes import AT, act, address_of, tamper

pytestmark = pytest.mark.usefixtures("store_kind")

#: A store as the version before migrations made it, and the root its checkpoint witnessed.
OLD = Path(__file__).with_name("schema_2")
ROOT = "d022d0ac360cfa497fbcf4380f63c66f945240e13e02cf63a8da478c060637db"


@pytest.fixture
def old_home(tmp_path, store_kind, request) -> Path:
    """A home whose rows and witness are those of the older version."""
    root: Path = tmp_path / "home"
    Home.create(root, at=AT, seed=7).close()
    file = tmp_path / "old.db"
    with sqlite3.connect(file) as store:
        store.executescript((OLD / "store.sql").read_text())
    store.close()
    for note in OLD.glob("*.note"):
        shutil.copy(note, root / "witness")
    if store_kind == "sqlite":
        for path in root.glob("store.db*"):
            path.unlink()
        shutil.copy(file, root / "store.db")
    else:
        _replace_on_server(root, file)
    return root


def _replace_on_server(root: Path, file: Path) -> None:
    engine = create_engine(address_of(root))
    METADATA.drop_all(engine)
    engine.dispose()
    copy_store(f"sqlite:///{file}", address_of(root))
    tamper(root, "DROP TABLE schema_revision")


def test_the_revisions_make_the_tables_that_the_program_knows(tmp_path):
    home = Home.create(tmp_path / "home", at=AT, seed=7)
    home.close()
    engine = create_engine(address_of(tmp_path / "home"))
    METADATA.drop_all(engine)
    with engine.begin() as connection:
        upgrade(connection, to=OLDEST)
        unfinished = compare_metadata(_context(connection), METADATA)
        upgrade(connection, to=SCHEMA_VERSION)
        assert compare_metadata(_context(connection), METADATA) == []
    engine.dispose()
    # Control: a revision that is missing is seen.
    assert unfinished


def _context(connection):
    options = {"version_table": "schema_revision", "compare_type": True}
    return MigrationContext.configure(connection, opts=options)


@pytest.mark.fault("P13")
def test_p13_an_older_store_is_refused_then_migrated_and_verifies(old_home):
    with pytest.raises(DependencyDown) as refusal:
        Home.open(old_home)
    assert refusal.value.code == "store.schema_older"
    done = Home.migrate(old_home, at=AT)
    assert (done.before, done.after) == (2, SCHEMA_VERSION)
    home = Home.open(old_home)
    report = home.ledger.verify()
    assert report.ok
    assert (report.checkpoints, report.witnessed, report.entries) == (1, 22, 23)
    note = home.ledger.witness.paths()[-1].read_text()
    assert from_note(note, trusted=home.public_keys()).root == ROOT
    assert home.check_rows() == ()
    assert home.users.authenticate("ann", "a passphrase of ann").person_id == "ann"
    assert home.predictions.get("r1").score == 0.1
    assert home.deployments.current("readmission").stage == "live"
    assert home.deployments.answering("readmission") == {"*": "v1"}
    last = next(iter(home.ledger.entries(22)))
    assert (last.action, last.details["before"]) == ("store.migrate", 2)
    home.close()
    # What was before is whole in the backup, and a second migration does nothing.
    assert done.backup.stat().st_mode & 0o077 == 0
    with sqlite3.connect(done.backup) as kept:
        assert kept.execute("SELECT count(*) FROM ledger").fetchone() == (22,)
        assert kept.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == ("2",)
    kept.close()
    assert Home.migrate(old_home, at=AT) is None


@pytest.mark.fault("P13")
def test_p13_who_dies_on_the_way_leaves_the_store_as_it_was(old_home, monkeypatch):
    def died(*args, **named):
        raise RuntimeError("power")

    with monkeypatch.context() as off:
        off.setattr(migrations, "_note", died)
        with pytest.raises(RuntimeError):
            Home.migrate(old_home, at=AT)
    with pytest.raises(DependencyDown) as refusal:
        Home.open(old_home)
    assert refusal.value.code == "store.schema_older"
    # Control: the tables were changed before the end; only the transaction took them back.
    assert Home.migrate(old_home, at=AT).before == 2
    home = Home.open(old_home)
    assert home.ledger.verify().ok
    assert len(list((old_home / "backups").glob("*.db"))) == 2
    home.close()


@pytest.mark.fault("P08")
def test_p08_two_who_migrate_at_once_do_it_once(old_home):
    done, errors = [], []

    def run() -> None:
        try:
            done.append(Home.migrate(old_home, at=AT))
        except Exception as error:  # noqa: BLE001 - a thread's error is told below
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(item is not None for item in done) == 1
    home = Home.open(old_home)
    assert len(home.ledger.search(action="store.migrate")) == 1
    assert home.ledger.verify().ok
    home.close()


@pytest.mark.fault("P13")
def test_p13_a_newer_store_is_refused_by_every_door(tmp_path):
    root = tmp_path / "home"
    Home.create(root, at=AT, seed=7).close()
    tamper(root, f"UPDATE meta SET value = '{SCHEMA_VERSION + 1}' WHERE key = 'schema'")  # noqa: S608
    for door in (lambda: Home.open(root), lambda: Home.migrate(root, at=AT)):
        with pytest.raises(DependencyDown) as refusal:
            door()
        assert refusal.value.code == "store.schema"
    tamper(root, f"UPDATE meta SET value = '{SCHEMA_VERSION}' WHERE key = 'schema'")  # noqa: S608
    # Control: nothing but the number was in the way.
    home = Home.open(root)
    assert home.ledger.size == 1
    home.close()


def test_a_store_is_copied_to_another_kind_of_database_and_is_the_same(
    tmp_path, postgres_server, postgres_database
):
    home = Home.create(tmp_path / "home", at=AT, seed=7)
    with home.database.transaction() as unit:
        unit.append(act(), {"word": "naïve"})
    root, before = home.ledger.root, address_of(tmp_path / "home")
    home.close()
    target = postgres_server.address(postgres_database)
    counts = copy_store(before, target)
    assert counts["ledger"] == 2
    copied = Database.open(target)
    assert copied.ledger_id == read_settings(tmp_path / "home").home_id
    copied.close()
    back = f"sqlite:///{tmp_path / 'back.db'}"
    copy_store(target, back)
    again = Home(tmp_path / "home", home.settings, Database.open(back))
    assert again.ledger.root == root
    again.close()
    with pytest.raises(NotFound):
        copy_store(f"sqlite:///{tmp_path / 'none.db'}", f"sqlite:///{tmp_path / 'other.db'}")
