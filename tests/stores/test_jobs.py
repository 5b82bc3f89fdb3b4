"""Jobs of a day are done once, however many processes come at the same instant."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from attending.lifecycle import due, due_jobs
from attending.lifecycle.desk import Desk
from attending.stores.home import Home
from attending.times import parse_instant

AT = parse_instant("2026-03-02T06:00:00Z")
MANY = 4


@pytest.mark.usefixtures("store_kind")
def test_many_at_once_do_a_job_once_and_every_day_again(tmp_path, monkeypatch):
    Home.create(tmp_path / "home", at=AT).close()
    done, together = [], threading.Barrier(MANY)

    def act(desk):
        done.append(desk.at)
        return "done"

    job = due_jobs.HomeJob("witness", "A job.", act, lambda _: True)
    monkeypatch.setattr(due_jobs, "LAST", (job,))
    states: list[str] = []

    def work(day):
        home = Home.open(tmp_path / "home")
        try:
            desk = Desk(home=home, at=AT + timedelta(days=day))
            together.wait(60)
            states.extend(one.state for one in due.run_due(desk, []).outcomes)
        finally:
            home.close()

    for day in range(3):
        threads = [threading.Thread(target=work, args=(day,)) for _ in range(MANY)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(60)
    assert done == [AT + timedelta(days=day) for day in range(3)]
    assert states.count("done") == 3
    assert set(states) <= {"done", "waits"}
    home = Home.open(tmp_path / "home")
    steps = [[step.state for step in one] for one in home.deliveries.jobs(since=0).values()]
    home.close()
    assert steps == [["claimed", "done"]] * 3


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from attending.lifecycle import due, due_jobs
from attending.lifecycle.desk import Desk
from attending.stores.home import Home

def act(desk):
    os.kill(os.getpid(), signal.SIGKILL)

due_jobs.LAST = (due_jobs.HomeJob("witness", "A job.", act, lambda _: True),)
home = Home.open(Path(sys.argv[1]))
due.run_due(Desk(home=home, at=datetime.fromisoformat(sys.argv[2])), [])
"""


def test_a_process_that_is_killed_leaves_a_lease_that_runs_out(tmp_path, monkeypatch):
    root = tmp_path / "home"
    Home.create(root, at=AT).close()
    ended = subprocess.run([sys.executable, "-c", KILLED, root, AT.isoformat()], check=False)
    assert ended.returncode == -signal.SIGKILL
    done = []

    def act(desk):
        done.append(desk.at)
        return "done"

    job = due_jobs.HomeJob("witness", "A job.", act, lambda _: True)
    monkeypatch.setattr(due_jobs, "LAST", (job,))
    home = Home.open(root)
    try:
        for minutes, count in ((30, 0), (59, 0), (60, 1), (90, 1)):
            due.run_due(Desk(home=home, at=AT + timedelta(minutes=minutes)), [])
            assert len(done) == count
        (steps,) = home.deliveries.jobs(since=0).values()
        assert [one.state for one in steps] == ["claimed", "claimed", "done"]
        assert not home.ledger.verify().findings
    finally:
        home.close()
