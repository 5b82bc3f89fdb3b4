"""Work that is due: once a day, leased, in whatever order processes come; missed days are told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta

import pytest

from attending.errors import AttendingError, BadInput, DependencyDown, IntegrityBroken
from attending.lifecycle import due, due_jobs, scoring, watching
from attending.lifecycle.due_days import begins, newest_day
from attending.lifecycle.missed import due_policy
from attending.lifecycle.projects import open_project
from attending.records.monitoring import MonitorReport, Verdict
from attending.records.prediction import PredictionBatch
from attending.records.run import Run
from attending.stores.home import Home
from attending.times import parse_instant
from tests.lifecycle.ward import SECOND, make_ward

JOBS = ["files", "canaries", "score", "outcomes", "monitor"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with a version in silent that nobody has scored yet."""
    found = make_ward(tmp_path_factory.mktemp("due"))
    found.desk.home.close()
    return found


@pytest.fixture
def desk(made, tmp_path):
    root = shutil.copytree(made.desk.home.root, tmp_path / "home")
    home = Home.open(root)
    yield replace(made.desk, home=home, actor="system")
    home.close()


def later(desk, **by):
    return replace(desk, at=desk.at + timedelta(**by))


def run(desk, made):
    """Return what became of each job, by name."""
    found = due.run_due(desk, [made.project])
    return {one.job: one.state for one in found.outcomes if one.job != "deliver"}


def done(desk):
    """Return how often each job and day was done, by the ledger."""
    entries = desk.home.ledger.search(action="job.done", limit=1000)
    return sorted((str(one.details["job"]), str(one.details["day"])) for one in entries)


@pytest.fixture
def only_monitor(monkeypatch):
    """Jobs that cost nothing: what is tried here is who does them, and when."""
    calls = []

    def act(here, *_):
        calls.append(here.at)
        return "done"

    cheap = due_jobs.VersionJob("monitor", "A job.", act, lambda *_: True)
    monkeypatch.setattr(due_jobs, "VERSION_JOBS", (cheap,))
    return calls


@pytest.mark.requirement("H11")
def test_a_night_is_done_once_and_gives_a_verdict(desk, made):
    listed = due.work(desk, [made.project])
    assert [one.job for one in listed] == JOBS
    assert {one.state(desk.at, due_policy(desk.home.root)) for one in listed} == {"due"}
    assert run(desk, made) == dict.fromkeys(JOBS, "done")
    verdict = desk.home.catalog.latest(Verdict, model=made.project.name)
    assert verdict.at == desk.at
    before = desk.home.ledger.size
    assert run(later(desk, hours=2), made) == {}
    assert desk.home.ledger.size == before
    told = [one.told(desk.at, due_policy(desk.home.root)) for one in due.work(desk, [made.project])]
    assert {one["state"] for one in told} == {"done"}
    assert {one["last_done"] for one in told} == {"2024-12-15"}
    with pytest.raises(BadInput, match="two projects"):
        due.work(desk, [made.project, made.project])


def test_a_missed_night_is_a_finding_with_an_owner_in_the_verdict(desk, made):
    run(desk, made)
    quiet = desk.home.catalog.latest(MonitorReport, model=made.project.name)
    assert not [one for one in quiet.findings if one.name == "missed_night"]
    held = scoring.served_version(later(desk, hours=24), made.project)
    assert held.answer == desk.home.catalog.latest(Verdict, model=made.project.name).answer
    # Nobody comes for two nights: the verdict has ended, and that is never "continue".
    for hours in (37, 72, 1000):
        silent = scoring.served_version(later(desk, hours=hours), made.project)
        assert silent.expired
        assert silent.answer in {"restrict", "fallback"}
    again = later(desk, days=3)
    found = due.run_due(again, [made.project])
    assert found.missed == 2 * len(JOBS)
    report = desk.home.catalog.latest(MonitorReport, model=made.project.name)
    (finding,) = [one for one in report.findings if one.name == "missed_night"]
    assert finding.figure == 2
    assert "2024-12-16 to 2024-12-17" in finding.meaning
    assert finding.owner
    verdict = desk.home.catalog.latest(Verdict, model=made.project.name)
    assert any("missed night" in line for line in verdict.findings)
    assert verdict.answer != "continue"
    assert due.run_due(again, [made.project]).missed == 0
    assert len(set(done(desk))) == len(done(desk)) == 2 * len(JOBS)
    # A week later it is history.
    watching.monitor(later(desk, days=20), made.project)
    report = desk.home.catalog.latest(MonitorReport, model=made.project.name)
    assert not [one for one in report.findings if one.name == "missed_night"]


@pytest.mark.fault("G12")
def test_g12_where_nobody_looks_any_more_the_old_evidence_lets_nothing_be_live(desk, made):
    # Control: a policy whose verdicts all but never end lets six weeks go by, and still says yes.
    week = 7 * 24 * 3600 * 1_000_000
    careless = made.project.monitoring.model_copy(update={"expires": 52 * week})
    careless_project = replace(made.project, said={"monitoring": careless})
    due.run_due(desk, [careless_project])
    weeks = later(desk, days=42)
    old = scoring.served_version(weeks, made.project)
    assert not old.expired
    assert old.answer in {"continue", "watch"}
    # Guard: under the policy as it is shipped the same verdict has ended, and says so.
    watching.give_verdict(desk, made.project)
    for hours in (24, 37, 42 * 24):
        served = scoring.served_version(later(desk, hours=hours), made.project)
        assert served.expired == (hours > 36)
        wanted = {"restrict", "fallback"} if served.expired else {"continue", "watch"}
        assert served.answer in wanted
    lines = watching.today(weeks, made.project)[1]
    assert "out of date" in lines[0]


def test_a_version_is_watched_by_its_own_specs_while_a_newer_one_is_made(desk, made, tmp_path):
    folder = shutil.copytree(made.project.folder.root, tmp_path / "project")
    shutil.rmtree(folder / ".git")
    features = folder / "features.yaml"
    text = features.read_text()
    features.write_text(text[: text.rindex("  - {name:")])  # the next version does without the last
    edited = open_project(folder)
    assert len(edited.features.features) == len(made.project.features.features) - 1
    # Control: by the specs of the folder the version that is in service has an input too few.
    with pytest.raises(AttendingError):
        scoring.score(desk, edited)
    found = due.run_due(desk, [edited])
    assert {one.job: one.state for one in found.outcomes if one.job in JOBS} == dict.fromkeys(
        JOBS, "done"
    )
    assert desk.home.catalog.latest(PredictionBatch, model=edited.name).n_live > 0
    assert desk.home.catalog.latest(Verdict, model=edited.name).at == desk.at
    # Where what it was made from is nowhere, the jobs say so and do nothing.
    stands = desk.home.deployments.current(edited.name)
    run = desk.home.catalog.get(stands.run, Run)
    desk.home.artifacts.path(run.specs["features"]).unlink()
    found = due.run_due(later(desk, days=1), [edited])
    assert {one.code for one in found.failed} == {"run.other_specs"}


def test_a_process_that_dies_leaves_a_lease_that_ends(desk, made, monkeypatch):
    calls = []

    def dies(_desk, _project, _version):
        calls.append("began")
        if len(calls) == 1:
            raise SystemExit(9)
        return "done by the next"

    job = due_jobs.VersionJob("monitor", "A job.", dies, lambda *_: True)
    after = due_jobs.VersionJob(
        "outcomes", "Another.", lambda *_: "", lambda *_: True, ("monitor",)
    )
    monkeypatch.setattr(due_jobs, "VERSION_JOBS", (job, after))
    with pytest.raises(SystemExit):
        run(desk, made)
    # The lease still runs: nobody else does it, nor what needs it.
    assert run(later(desk, minutes=59), made) == {"monitor": "waits", "outcomes": "waits"}
    assert calls == ["began"]
    assert run(later(desk, minutes=61), made) == {"monitor": "done", "outcomes": "done"}
    assert len(calls) == 2
    assert [name for name, _ in done(desk)] == ["monitor", "outcomes"]


def test_two_at_once_do_the_work_once(desk, made, monkeypatch):
    calls, inner = [], []

    def meets_another(here, _project, _version):
        calls.append("first")
        if len(calls) == 1:
            inner.append(run(later(desk, minutes=1), made))
        return "done"

    job = due_jobs.VersionJob("monitor", "A job.", meets_another, lambda *_: True)
    monkeypatch.setattr(due_jobs, "VERSION_JOBS", (job,))
    assert run(desk, made) == {"monitor": "done"}
    assert inner == [{"monitor": "waits"}]
    assert calls == ["first"]


def test_one_that_was_only_slow_does_not_count_twice(desk, made, monkeypatch):
    calls = []

    def slow(here, _project, _version):
        calls.append(here.at)
        if len(calls) == 1:
            assert run(later(desk, hours=2), made) == {"monitor": "done"}
        return "done"

    job = due_jobs.VersionJob("monitor", "A job.", slow, lambda *_: True)
    monkeypatch.setattr(due_jobs, "VERSION_JOBS", (job,))
    assert run(desk, made) == {"monitor": "waits"}
    assert len(calls) == 2
    assert len(done(desk)) == 1


def test_a_failed_job_stops_no_other_and_is_tried_again(desk, made, monkeypatch):
    def down(*_):
        raise DependencyDown("the share is not there", code="share.down", hint="Mount the share.")

    def broken(*_):
        raise KeyError("8841")

    jobs = [
        due_jobs.VersionJob(name, "A job.", act, lambda *_: True)
        for name, act in (("files", down), ("score", broken), ("monitor", lambda *_: "fine"))
    ]
    monkeypatch.setattr(due_jobs, "VERSION_JOBS", tuple(jobs))
    found = due.run_due(desk, [made.project])
    assert [one.state for one in found.outcomes[:3]] == ["failed", "failed", "done"]
    with pytest.raises(DependencyDown, match="2 of 4 jobs failed") as refused:
        due.require_done(found)
    assert "Mount the share." in refused.value.hint
    assert "8841" not in str(refused.value)
    assert run(later(desk, minutes=5), made) == {}
    assert run(later(desk, minutes=16), made) == {"files": "failed", "score": "failed"}
    entries = desk.home.ledger.search(action="job.failed", limit=10)
    assert len(entries) == 4


def test_exit_codes_are_those_of_the_worst_failure(desk, made, monkeypatch):
    def broken(*_):
        raise IntegrityBroken("a file was changed", code="artifact.changed")

    def down(*_):
        raise BadInput("no snapshot", code="snapshot.none")

    jobs = [
        due_jobs.VersionJob(name, "A job.", act, lambda *_: True)
        for name, act in (("files", broken), ("score", down))
    ]
    monkeypatch.setattr(due_jobs, "VERSION_JOBS", tuple(jobs))
    with pytest.raises(AttendingError) as refused:
        due.require_done(due.run_due(desk, [made.project]))
    assert refused.value.exit_code == 4


def test_the_nights_of_clock_changes_have_one_run_each(desk, made, only_monitor):
    zone = "Europe/Oslo"
    path = desk.home.folder("policy") / "due.yaml"
    path.write_text(f"time_zone: {zone}\nnight: '02:30'\nlease: 10min\n")
    assert begins(date(2025, 3, 30), "02:30", zone) == parse_instant("2025-03-30T01:30:00Z")
    assert newest_day(parse_instant("2025-10-26T01:10:00Z"), "02:30", zone) == date(2025, 10, 26)
    for night in ("2025-03-29T22:00:00Z", "2025-10-25T22:00:00Z"):
        start = parse_instant(night)
        for step in range(0, 8 * 60, 20):  # through the hour that comes twice, or not at all
            due.run_due(replace(desk, at=start + timedelta(minutes=step)), [made.project])
    days = [day for _, day in done(desk)]
    assert days == ["2025-03-29", "2025-03-30", "2025-10-25", "2025-10-26"]
    assert len(only_monitor) == 4


def test_a_policy_that_cannot_be_is_refused(desk, made):
    path = desk.home.folder("policy") / "due.yaml"
    for text in ("time_zone: Europe/Olso\n", "night: '25:00'\n", "lease: 1s\n", "of: [score]\n"):
        path.write_text(text)
        with pytest.raises(BadInput):
            due.work(desk, [made.project])
    path.write_text("off: [score, outcomes, canaries]\nat: {monitor: '05:30'}\n")
    assert [one.job for one in due.work(desk, [made.project])] == ["files", "monitor"]
    assert due.work(desk, [made.project])[1].due == parse_instant("2024-12-15T05:30:00Z")
    assert parse_instant("2024-12-15T06:00:00Z") == SECOND
