"""`run-due` holds the rollback criteria against what happened, and takes back what breaches one."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from attending.errors import Refused
from attending.lifecycle import due, due_jobs, incidents, rolling_back, scoring, watching
from attending.lifecycle.answering import answering
from attending.stores.home import Home
from tests.lifecycle.test_answering import later
from tests.lifecycle.test_rolling_back import _question, _signed
from tests.lifecycle.ward import SECOND, enter, make_ward


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A live version that keeps its criteria."""
    made = make_ward(tmp_path_factory.mktemp("criteria"))
    scoring.score(made.desk, made.project)
    scoring.join_outcomes(made.desk, made.project)
    watching.monitor(made.desk, made.project)
    watching.give_verdict(made.desk, made.project)
    plan = made.project.release.digest
    limited = enter(made.desk, made.run, stage="limited", plan=plan, previous=made.entered)
    enter(made.desk, made.run, stage="live", plan=plan, previous=limited)
    made.desk.home.close()
    return made


@pytest.fixture
def ward(made, tmp_path, monkeypatch):
    """A copy of it, of which only what is due at every run is done."""
    monkeypatch.setattr(due_jobs, "VERSION_JOBS", ())
    home = Home.open(shutil.copytree(made.desk.home.root, tmp_path / "home"))
    desk = replace(made.desk, home=home, actor="system")
    yield SimpleNamespace(**{**vars(made), "desk": desk})
    home.close()


def run(ward, desk=None):
    found = due.run_due(desk or ward.desk, [ward.project])
    return {one.job: (one.state, one.says) for one in found.outcomes}


def acts(ward):
    found = ward.desk.home.ledger.entries()
    return [one.action for one in found if one.action in {"release.rollback", "incident.open"}]


@pytest.mark.requirement("G5", "G10")
def test_a_run_takes_back_what_breaches_a_criterion_once_and_the_fallback_answers(
    ward, monkeypatch
):
    said = run(ward)["criteria"]
    assert said[0] == "done"
    assert "none breached" in said[1]
    assert acts(ward) == []  # the control: what holds is left alone
    monkeypatch.setattr(rolling_back, "signed_plan", _signed(above=0.01))
    state, words = run(ward)["criteria"]
    assert (state, words[:21]) == ("done", "taken back: alert_rat")
    stands = ward.desk.home.deployments.current(ward.run.model)
    assert (stands.stage, stands.serves, stands.by) == ("validated", "fallback", "system")
    assert acts(ward) == ["incident.open", "release.rollback"]
    (opened,) = incidents.incidents(ward.desk, model=ward.run.model)
    assert opened.incident.opened_by == "system"
    # Again, and a minute later: nothing more is done.
    for minutes in (0, 1):
        again = replace(ward.desk, at=SECOND + timedelta(minutes=minutes))
        assert "criteria" not in run(ward, again)
    assert len(acts(ward)) == 2
    service = answering(ward.desk.home.root, [ward.project], clock=lambda: SECOND)
    rows = scoring.predictions_of(ward.desk, ward.project, "v1").to_pylist()
    asked = later(_question(ward, ward.desk, rows[0]), 3)
    assert service.answer(asked, by="omar").content["kind"] == "fallback"
    service.home.close()


def test_of_two_runs_that_find_a_breach_at_once_one_acts(ward, monkeypatch):
    monkeypatch.setattr(rolling_back, "signed_plan", _signed(above=0.01))
    both, whole = threading.Barrier(2), rolling_back.criteria

    def judged_together(*said, **more):
        found = whole(*said, **more)
        both.wait(timeout=60)
        return found

    monkeypatch.setattr(rolling_back, "criteria", judged_together)
    found: list[str] = []

    def one():
        home = Home.open(ward.desk.home.root)
        try:
            found.append(rolling_back.watch(replace(ward.desk, home=home), ward.project))
        finally:
            home.close()

    workers = [threading.Thread(target=one) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert sorted(words.split(":")[0] for words in found) == [
        "another act came first; judged again at the next run",
        "taken back",
    ]
    assert acts(ward) == ["incident.open", "release.rollback"]


def test_what_a_version_was_taken_back_for_does_not_count_when_it_is_put_back(ward, monkeypatch):
    monkeypatch.setattr(rolling_back, "signed_plan", _signed(above=0.01))
    rolling_back.watch(ward.desk, ward.project)
    plan, at = ward.project.release.digest, SECOND + timedelta(hours=1)
    back = replace(ward.desk, at=at)
    down = back.home.deployments.current(ward.run.model)
    enter(back, ward.run, stage="live", plan=plan, previous=down.digest)
    (judged,) = rolling_back.criteria(back, ward.project)
    assert judged.state == "not_shown"
    assert not rolling_back.enforce(back, ward.project).stands


def test_a_criterion_that_cannot_be_judged_is_a_failure_of_the_run(ward, monkeypatch):
    def unsigned(*_):
        raise Refused("nobody has signed the plan", code="serve.plan")

    monkeypatch.setattr(rolling_back, "signed_plan", unsigned)
    found = due.run_due(ward.desk, [ward.project])
    (failed,) = [one for one in found.failed if one.job == "criteria"]
    assert failed.code == "serve.plan"
    with pytest.raises(Refused, match="criteria"):
        due.require_done(found)
