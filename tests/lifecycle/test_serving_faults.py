"""A service and a batch that are hurt half way: nothing is told as whole that is not."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest

from attending.errors import DependencyDown
from attending.lifecycle import answering as module
from attending.lifecycle import scoring
from attending.lifecycle.answering import answering
from attending.times import format_instant
from attending.web.front_desk import FrontDesk
from tests.lifecycle.ward import SECOND, make_ward
from tests.web.visitor import visitor_of

#: Scores in a process of its own that is killed when half of the shards are done.
KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from attending.lifecycle import scoring
from attending.lifecycle.desk import open_desk
from attending.lifecycle.projects import open_project
from attending.times import parse_instant

rows = Path(sys.argv[4])
with open_desk(Path(sys.argv[1]), at=parse_instant(sys.argv[3])) as desk:
    def half():
        rows.write_text("a shard is done")
        os.kill(os.getpid(), signal.SIGKILL)
    scoring.score(desk, open_project(Path(sys.argv[2])), each=half)
"""


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("hurt"))
    yield made
    made.desk.home.close()


@pytest.mark.fault("S25")
def test_s25_a_batch_killed_half_way_leaves_nothing_and_made_again_is_whole(ward, tmp_path):
    home, project = ward.desk.home, ward.project
    mark = tmp_path / "mark"
    words = (str(home.root), str(home.root.parent / "project"), format_instant(SECOND), str(mark))
    done = subprocess.run([sys.executable, "-c", KILLED, *words], check=False, capture_output=True)
    # The control: it was killed with a shard scored; a list written as it went would be half.
    assert done.returncode == -9, done.stderr
    assert mark.exists()
    assert home.predictions.count(ward.run.model) == 0
    made = scoring.score(ward.desk, project)
    assert made.record.n == made.table.num_rows == home.predictions.count(ward.run.model) > 100
    entities = Counter(
        (row["subject_id"], row["encounter_id"], row["prediction_time"])
        for row in home.predictions.table(ward.run.model).to_pylist()
    )
    assert set(entities.values()) == {1}
    again = scoring.score(ward.desk, project)
    assert (again.record.n, home.predictions.count(ward.run.model)) == (made.record.n,) * 2
    entry = [one for one in home.ledger.entries() if one.action == "score.batch"]
    assert [one.details["new"] for one in entry] == [made.record.n, 0]


@pytest.fixture
def front(ward, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    now = {"at": SECOND}
    clock = lambda: now["at"]  # noqa: E731
    desk = FrontDesk(root=ward.desk.home.root, clock=clock)
    desk.answering = answering(ward.desk.home.root, [ward.project], clock=clock)
    yield desk, now
    desk.answering.home.close()


def asked(visitor):
    """Return the status of readiness and what is amiss; that the process runs is no readiness."""
    assert visitor.get("/livez").status_code == 200  # the control, which knows of nothing
    answer = visitor.get("/readyz")
    amiss = {one["name"]: one["says"] for one in answer.json()["checks"] if not one["ok"]}
    assert (answer.status_code == 200) == (not amiss)
    return answer.status_code, amiss


@pytest.mark.fault("S24")
def test_s24_readiness_says_which_of_keys_clock_model_and_store_is_not_there(
    ward, front, monkeypatch
):
    desk, now = front
    visitor = visitor_of(desk)
    assert asked(visitor) == (200, {})
    key = ward.desk.home.root / "keys" / "pseudonym.key"
    whole = key.read_text()
    key.write_text("not a key")
    assert asked(visitor) == (503, {"keys": "home.key"})
    key.write_text(whole)
    now["at"] = SECOND - timedelta(days=400)
    assert asked(visitor)[1]["store"] == "clock.backwards"
    now["at"] = SECOND
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.0)
    path = ward.desk.home.artifacts.path(next(item.digest for item in ward.run.artifacts))
    bits = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(b"another model")
    assert set(asked(visitor)[1]) == {ward.run.model}
    path.write_bytes(bits)

    def full(*_):
        raise DependencyDown("the disk is full", code="storage.full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.answering._commit, "run", full)
        assert asked(visitor) == (503, {"writes": "storage.full"})
    assert asked(visitor) == (200, {})
