"""run-due, the page of the day and messages by the command line, as cron and people use them."""

from __future__ import annotations

import contextlib
import io
import json

import pytest

from attending.cli.app import app
from attending.cli.door import through
from tests.lifecycle.ward import FIRST, create_home

DAY = "2024-08-02T07:00:00Z"


@pytest.fixture
def run(tmp_path):
    desk = create_home(tmp_path / "home", at=FIRST, seed=5)
    desk.home.close()

    told = []

    def call(*args, code=0, at=DAY):
        out, err = io.StringIO(), io.StringIO()
        said = [*args, "--home", str(tmp_path / "home"), "--at", at, "--json"]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            got = through(lambda: app(said, standalone_mode=False), argv=said)
        assert got == code, out.getvalue() + err.getvalue()
        # A run that failed prints what it did as one object, and the problem beside it.
        told.append(err.getvalue())
        return [json.loads(out.getvalue())]

    return tmp_path / "home" / "policy", call, told


def test_what_is_due_is_listed_done_and_told_with_an_honest_exit_code(run):
    policy, call, told = run
    assert call("run-due", "--list") == [[]]
    assert call("run-due") == [{"jobs": [], "missed": 0}]
    (policy / "notify.yaml").write_text("digest_to: [all@h.example]\n")
    (policy / "due.yaml").write_text("seal: {source: feeds}\nbackup_every: 1d\n")
    ((first, second),) = call("run-due", "--list")
    assert (first["job"], first["state"], second["job"]) == ("seal", "due", "digest")
    (done,) = call("run-due", code=5)
    states = {one["job"]: one["state"] for one in done["jobs"]}
    assert states == {"seal": "done", "digest": "failed", "notify": "done"}
    assert "refused [due.failed]" in told[-1]
    assert "policy/delivery.yaml" in told[-1]
    ((first, second),) = call("run-due", "--list", at="2024-08-02T07:05:00Z")
    assert (first["state"], second["state"]) == ("done", "waits")
    assert first["last_done"] == "2024-08-02"
    (page,) = call("monitor", "digest")
    assert sorted(one["severity"] for one in page["needs"]) == ["watch", "watch"]
    (messages,) = call("deliver", "messages")
    (backup,) = [one for one in messages if one["cause"] == "backup"]
    said = ("deliver", "acknowledge", backup["id"], "--by", "omar", "--says", "it runs tonight")
    assert call(*said)[0]["state"] == "acknowledged"
    assert call(*said, code=3)[0]["code"] == "notification.acknowledged"
    (policy / "due.yaml").write_text("night: never\n")
    assert "due.yaml" in call("run-due", code=2)[0]["where"]
