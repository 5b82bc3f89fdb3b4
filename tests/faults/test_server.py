"""P15: PostgreSQL goes away, rolls back, or has no connection left; nothing is written twice."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from attending.errors import DependencyDown
from attending.stores import connections
from attending.stores.group_commit import GroupCommit
from attending.stores.home import Home
from tests.soak.kills import held
from tests.soak.workload import damage
from tests.soak.writing import AT, Writer, act
from tests.stores.homes import write_address


@pytest.fixture
def home(tmp_path, postgres_server, postgres_database):
    address = write_address(tmp_path / "url", postgres_server.address(postgres_database))
    made = Home.create(tmp_path / "home", at=AT, seed=15, database_file=address)
    yield made
    made.close()


def keyed(home, key):
    """Return the write of a key that looks the key up first."""
    writer = Writer(home.root, "w0", home.root)
    return lambda unit: writer.work(home, unit, key, int(key.partition("-")[2]))


def unkeyed(_home, key):
    """Return the write of a key that does not look."""
    return lambda unit: unit.append(act(key, by="w0"), {"number": 1})


@pytest.fixture
def lost_answers(home, postgres_server, monkeypatch):
    """Kill the server's process of the connections that commit, so many times, after or before."""
    dialect, left = home.database._engine.dialect, Counter[str]()
    commit = dialect.do_commit

    def committed(connection):
        for when in ("before", "after"):
            if when == "after":
                commit(connection)
            if left[when]:
                left[when] -= 1
                postgres_server.kill(connection.dbapi_connection.info.backend_pid)
                while True:  # until the driver finds out that nobody answers
                    connection.execute("SELECT 1")

    monkeypatch.setattr(dialect, "do_commit", committed)
    return left


def entries(home):
    """Return how often each key stands in the ledger."""
    subjects = [one.subject for one in home.ledger.entries() if one.action == "soak.write"]
    return Counter(subjects)


@pytest.mark.fault("P15")
@pytest.mark.parametrize("when", ["before", "after"])
def test_p15_a_commit_whose_answer_is_lost_is_settled_by_its_key(home, lost_answers, when):
    door = GroupCommit(home.database)
    # Control: tried again without a look at its key, what had been committed stands twice.
    lost_answers[when] = 1
    door.run(unkeyed(home, "w0-1"), keyed=True)
    assert entries(home) == {"w0-1": 2 if when == "after" else 1}
    # Guard: with its key it stands once, and whoever asked is told nothing of all this.
    lost_answers[when] = 1
    assert door.run(keyed(home, "w0-2"), keyed=True) is (when == "before")
    assert entries(home)["w0-2"] == 1
    # Guard: what has no key is never tried again; whoever asked is told.
    lost_answers[when] = 1
    with pytest.raises(DependencyDown) as told:
        door.run(unkeyed(home, "w0-3"))
    assert (told.value.code, told.value.exit_code) == ("store.down", 5)
    assert "same key" in told.value.hint
    assert entries(home)["w0-3"] == (1 if when == "after" else 0)
    assert not lost_answers.total()


@pytest.mark.fault("P15")
def test_p15_what_was_rolled_back_is_tried_again_if_it_has_a_key(home):
    door, tries = GroupCommit(home.database), Counter[str]()
    fails = "DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$"

    def work(unit, key):
        tries[key] += 1
        done = keyed(home, key)(unit)
        if tries[key] == 1:
            unit._connection.execute(text(fails))
        return done

    # Control: without a key it is told, and not tried again.
    with pytest.raises(DependencyDown) as told:
        door.run(lambda unit: work(unit, "w0-1"))
    assert told.value.code == "store.rolled_back"
    assert door.run(lambda unit: work(unit, "w0-2"), keyed=True)
    assert tries == {"w0-1": 1, "w0-2": 2}
    assert entries(home) == {"w0-2": 1}


@pytest.mark.fault("P15")
def test_p15_clients_whose_server_is_killed_again_and_again_write_each_key_once(
    home, postgres_server
):
    door, failed = GroupCommit(home.database), []
    keys = [f"w0-{number}" for number in range(60)]

    def client(mine):
        for key in mine:
            while True:
                try:
                    door.run(keyed(home, key), keyed=True)
                    break
                except DependencyDown as down:  # and a client asks again
                    failed.append(down.code)

    threads = [threading.Thread(target=client, args=(keys[at::6],)) for at in range(6)]
    for thread in threads:
        thread.start()
    killed = 0
    while any(thread.is_alive() for thread in threads) and killed < 3:
        try:
            clients = postgres_server.clients()
        except OperationalError:  # it is coming back
            continue
        for pid in clients[:1]:
            postgres_server.kill(pid)
            killed += 1
    for thread in threads:
        thread.join(60)
    assert killed
    assert set(failed) <= {"store.down"}
    assert held(home) == dict.fromkeys(keys, 1)
    assert not damage(home.root, keys)


@pytest.mark.fault("P15")
def test_p15_with_no_connection_left_one_waits_then_is_told_and_then_goes_on(home, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 1)
    crowded = Home.open(home.root)
    pool: Any = crowded.database._engine.pool
    with ExitStack() as readers:
        for _ in range(pool.size() + pool._max_overflow):
            readers.enter_context(crowded.database.reading())
        with pytest.raises(DependencyDown) as told:
            GroupCommit(crowded.database).run(keyed(crowded, "w0-1"), keyed=True)
        assert (told.value.code, told.value.exit_code) == ("store.busy", 5)
        # Control: with a connection of its own the same write is taken at once.
        assert GroupCommit(home.database).run(keyed(home, "w0-1"), keyed=True)
    assert not GroupCommit(crowded.database).run(keyed(crowded, "w0-1"), keyed=True)
    assert entries(home) == {"w0-1": 1}
    crowded.close()
