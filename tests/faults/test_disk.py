"""P03, P04, P05: the power fails, the disk is full, the disk answers with an error."""

from __future__ import annotations

import contextlib
import io
import os

import pytest

from attending.cli.app import app
from attending.cli.door import through
from attending.stores import artifacts
from attending.stores.home import Home
from tests.soak.cuts import cut
from tests.soak.disk import watched
from tests.soak.failing import broken, full
from tests.soak.writing import AT

IMAGES = 80


def folder(path):
    path.mkdir()
    return path


def verb(*words):
    """Return the exit code of a verb and what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = through(lambda: app(list(words), standalone_mode=False), argv=list(words))
    assert "Traceback" not in said.getvalue()
    return code, said.getvalue()


@pytest.mark.fault("P03")
def test_p03_whatever_a_power_cut_leaves_of_the_disk_recovers(tmp_path):
    # Control: a database that does not sync loses what it acknowledged, or cannot be read.
    off = cut(folder(tmp_path / "off"), images=IMAGES // 2, seed=3, keys=9, synchronous=0)
    assert off.recovered < off.images
    assert off.bad
    # Guard.
    on = cut(folder(tmp_path / "on"), images=IMAGES, seed=3, keys=9)
    assert on.recovered == on.images == IMAGES, on.bad
    assert on.steps["ack"] == 9
    # Cut at commits, at files put in their place, and while the log was moved into the database.
    assert min(on.steps[kind] for kind in ("sync", "syncdir", "rename", "truncate", "unlink"))


def put_in_place(path, data, **_):
    """Write a file as one writes who does not think of the disk."""
    path.parent.mkdir(exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT), "wb") as stream:
        stream.write(data)


@pytest.mark.fault("P04")
def test_p04_a_full_disk_refuses_writes_serves_reads_and_needs_no_restart(tmp_path, monkeypatch):
    # Control: without the scratch file half an artifact stands under a whole one's name.
    with monkeypatch.context() as off:
        off.setattr(artifacts, "write_once", put_in_place)
        assert any("artifact" in one for one in full(folder(tmp_path / "off"), seed=4).wrong)
    # Guard, for the disk that is full from the n-th operation on, every n until none fails.
    loop = full(folder(tmp_path / "on"), seed=4)
    assert not loop.wrong
    assert loop.tried > 50
    assert set(loop.refused) == {"storage.full"}


@pytest.mark.fault("P04")
def test_p04_a_verb_on_a_full_disk_ends_with_5_and_says_what_to_do(tmp_path):
    root, secret = tmp_path / "home", tmp_path / "secret.txt"
    Home.create(root, at=AT, seed=4).close()
    secret.write_text("a sentence to remember for ann\n")
    who = ("ann", "--name", "Ann", "--role", "data_scientist", "--passphrase-file", str(secret))
    add = ("user", "add", *who, "--home", str(root))
    with watched(root) as disk:
        disk.from_step = 1
        code, said = verb(*add)
        assert code == 5
        assert "refused [storage.full]" in said
        assert "Free some space" in said
        disk.lift()
        assert verb(*add)[0] == 0
    assert verb("fsck", "--home", str(root))[0] == 0


@pytest.mark.fault("P05")
def test_p05_after_an_error_of_the_disk_nothing_is_claimed_that_is_not_there(tmp_path, monkeypatch):
    real = os.fsync

    def again(handle):
        """Sync, and take the second answer for the truth: what waited is lost by then."""
        try:
            os.fsync(handle)
        except OSError:
            real(handle)

    # Control: who tries again and believes it has an artifact that a power cut takes away.
    with monkeypatch.context() as off:
        off.setattr("attending.stores.files.os", Believing(again))
        assert any("artifacts" in one for one in broken(folder(tmp_path / "off"), seed=5).wrong)
    # Guard, for an error of the n-th operation, every n until none fails.
    loop = broken(folder(tmp_path / "on"), seed=5)
    assert not loop.wrong
    assert loop.tried > 80
    assert loop.refused["storage.io"] > 20


class Believing:
    """The system's calls, with a sync that believes the second answer."""

    def __init__(self, sync):
        self.fsync = sync

    def __getattr__(self, name):
        return getattr(os, name)
