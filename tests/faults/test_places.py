"""P07: a home that cannot be written, reached or found whole is refused by name."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from attending.stores.home import Home
from tests.soak.workload import damage, write
from tests.soak.writing import AT


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A home with some keys."""
    root = tmp_path_factory.mktemp("before") / "home"
    home = Home.create(root, at=AT, seed=7)
    for number in range(4):
        write(home, number)
    home.close()
    return root


@pytest.fixture
def root(before, tmp_path):
    made = tmp_path / "home"
    shutil.copytree(before, made)
    yield made
    for path in (made, *made.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.fixture(scope="module")
def told():
    """Runs a verb for which permissions count; gives its exit code and what it said."""
    command, pipe = [sys.executable, "-m", "tests.faults.unprivileged"], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:

        def run(root, *verb):
            process.stdin.write(json.dumps([*verb, "--home", str(root)]) + "\n")
            process.stdin.flush()
            code, said = json.loads(process.stdout.readline())
            assert "Traceback" not in said
            return code, said

        yield run
        process.stdin.close()


def add(told, root):
    """Try to write: add a person."""
    secret = root.parent / "secret.txt"
    secret.write_text("a sentence to remember for ann\n")
    secret.chmod(0o600)
    who = ("ann", "--name", "Ann", "--role", "data_scientist", "--passphrase-file", str(secret))
    return told(root, "user", "add", *who)


def closed(folder, *, rights):
    """Take rights from a folder and all in it, but the keys."""
    for path in (*folder.rglob("*"), folder):
        if "keys" not in path.parts:
            path.chmod(rights if path.is_dir() else rights & 0o444)


@pytest.mark.fault("P07")
def test_p07_a_home_that_may_not_be_written_refuses_and_stays_as_it_was(told, root):
    closed(root, rights=0o555)
    # Control: a check of the files' rights says nothing to root, who writes all the same.
    assert os.access(root / "store.db", os.W_OK) == (os.geteuid() == 0)
    code, said = add(told, root)
    assert code == 5
    assert "refused [storage.read_only]" in said
    closed(root, rights=0o755)
    (root / "store.db").chmod(0o600)
    assert not damage(root, [f"w0-{number}" for number in range(4)])
    assert add(told, root)[0] == 0


@pytest.mark.fault("P07")
@pytest.mark.parametrize("name", ["artifacts", "snapshots", "witness"])
def test_p07_a_folder_that_may_not_be_read_or_is_gone_is_refused(told, root, name):
    (root / name).chmod(0o000)
    code, said = told(root, "fsck")
    assert code in {4, 5}, said
    (root / name).chmod(0o700)
    # Control: an empty folder in its place, as a mount that failed leaves it, hides what is gone.
    (root / name).rename(root.parent / name)
    (root / name).mkdir()
    hidden = damage(root, [])
    (root / name).rmdir()
    assert bool(hidden) == (name == "artifacts")
    code, said = told(root, "fsck")
    assert code == 5
    assert "refused [storage.missing]" in said
    (root.parent / name).rename(root / name)
    assert told(root, "fsck")[0] == 0


@pytest.mark.fault("P07")
@pytest.mark.parametrize("name", ["artifacts", "snapshots", "witness", "store.db"])
def test_p07_a_link_in_the_place_of_a_part_is_refused(told, root, name):
    (root / name).rename(root.parent / name)
    (root / name).symlink_to(root.parent / name)
    # Control: to the system it is as good as the part itself.
    if name == "store.db":
        with sqlite3.connect(root / name) as connection:
            assert connection.execute("SELECT count(*) FROM ledger").fetchone()[0] == 5
        connection.close()
    assert (root / name).exists()
    code, said = told(root, "fsck")
    assert code == 4
    assert "refused [home.link]" in said


@pytest.mark.fault("P07")
def test_p07_a_store_that_is_gone_is_no_empty_home(told, root):
    (root / "store.db").rename(root.parent / "store.db")
    # Control: SQLite makes an empty database where none is.
    sqlite3.connect(root / "store.db").close()
    assert (root / "store.db").stat().st_size == 0
    (root / "store.db").unlink()
    code, said = told(root, "fsck")
    assert code == 4
    assert "refused [store.gone]" in said
    assert not (root / "store.db").exists()
