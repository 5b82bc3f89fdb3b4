"""The review calendar after go-live: its clock, its owners, and what an overdue task does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from attending.cli.app import app
from attending.errors import AttendingError
from attending.lifecycle import calendar, gating, scoring, signing, watching
from attending.records.task_review import TaskReview
from attending.times import format_instant
from tests.lifecycle.ward import SECOND, enter, make_ward, sign


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("calendar"))
    scoring.score(made.desk, made.project)
    yield made
    made.desk.home.close()


def on_day(ward, days, *, actor="omar"):
    return replace(ward.desk, at=SECOND + timedelta(days=days), actor=actor)


def limited(ward):
    """Put the version before people, once."""
    if scoring.deployed(ward.desk, ward.project).stage == "silent":
        plan = ward.project.release.digest
        enter(on_day(ward, 0), ward.run, stage="limited", plan=plan, previous=ward.entered)


def policy_signed(ward, desk):
    """Let the clinical lead sign the policy of change as it stands, once."""
    policy = signing.propose_specs(replace(desk, actor="dana"), ward.project)["retraining"]
    if not calendar.approved(desk, policy):
        sign(desk, policy, ward.secrets, person="clara", role="clinical_lead")


def code_of(act):
    with pytest.raises(AttendingError) as refused:
        act()
    return refused.value.code


def verb(*said):
    """Return what a verb of the command line prints as JSON."""
    ran = CliRunner().invoke(app, [*said, "--json"])
    if ran.exception is not None:
        raise ran.exception
    return json.loads(ran.stdout)


def record(desk, ward, name, *, person, finding="Alerts and answers are as agreed.", ok=True):
    return calendar.record_review(
        desk,
        scoring.deployed(desk, ward.project),
        name,
        asked=ward.project.monitoring,
        person=person,
        passphrase=ward.secrets[person],
        finding=finding,
        in_order=ok,
    )


@pytest.mark.requirement("J17")
def test_an_overdue_task_shows_in_the_verdict_until_its_owner_has_recorded_it(ward):
    policy = ward.project.monitoring
    silent = scoring.deployed(ward.desk, ward.project)
    # The clock has not begun: nobody sees a score in silent, so nothing is owed there.
    assert calendar.tasks(ward.desk, silent, asked=policy) == ()
    assert watching.monitor(ward.desk, ward.project).overdue == ()
    limited(ward)
    owed = calendar.tasks(on_day(ward, 1), scoring.deployed(ward.desk, ward.project), asked=policy)
    assert [(one.name, one.person, one.due - SECOND) for one in owed] == [
        ("operation today", "omar", timedelta(days=1)),
        ("drift and feedback", "dana", timedelta(days=7)),
        ("calibration review", "clara", timedelta(days=90)),
        ("quarterly review", "clara", timedelta(days=90)),
    ]
    late = on_day(ward, 2)
    report = watching.monitor(late, ward.project)
    assert report.overdue == ("operation today",)
    (found,) = [one for one in report.findings if one.name == "review_overdue"]
    assert (found.severity, found.owner) == ("watch", "operational owner")
    verdict = watching.give_verdict(late, ward.project)
    assert "review overdue: operation today (workflow, watch)" in verdict.findings
    assert verdict.answer != "continue"
    # Refusals: another's task, words that say nothing, a task that is not owed.
    assert code_of(lambda: record(late, ward, "operation today", person="clara")) == "task.owner"
    said = {"person": "omar", "finding": "TBD"}
    assert code_of(lambda: record(late, ward, "operation today", **said)) == "task.finding"
    assert code_of(lambda: record(late, ward, "operation", person="omar")) == "task.unknown"
    assert ward.desk.home.catalog.all(TaskReview) == ()
    said = {"person": "omar", "finding": "Half of the alerts were not answered."}
    assert not record(late, ward, "operation today", ok=False, **said).in_order
    assert watching.monitor(late, ward.project).overdue == ("operation today",)  # still owed
    made = record(late, ward, "operation today", person="omar")
    assert (made.role, made.due_at) == ("operator", SECOND + timedelta(days=1))
    assert verdict.digest in made.looked_at
    again = watching.monitor(on_day(ward, 2.5), ward.project)
    assert again.overdue == ()
    assert watching.monitor(on_day(ward, 3.5), ward.project).overdue == ("operation today",)


@pytest.mark.requirement("I6")
def test_due_tasks_are_listed_by_owner_against_stated_capacity(ward, tmp_path):
    limited(ward)
    place = ward.project.folder.root
    where = ("--project", str(place), "--home", str(ward.desk.home.root))
    at = ("--at", format_instant(SECOND + timedelta(days=8)))
    told = verb("review", "due", *where, *at)
    assert {one["task"]: one["state"] for one in told["tasks"]} == {
        "operation today": "OVERDUE",
        "drift and feedback": "OVERDUE",
        "calibration review": "owed",
        "quarterly review": "owed",
    }
    taken = {one["owner"]: (one["minutes_a_week"], one["over"]) for one in told["owners"]}
    assert taken["operational owner"] == (35, False)
    mine = verb("review", "due", "--owner", "technical owner", *where, *at)
    assert [one["task"] for one in mine["tasks"]] == ["drift and feedback"]
    assert taken["clinical owner"] == (14, False)
    crowded = place / "monitoring.yaml"
    said = crowded.read_text()
    crowded.write_text(said.replace("operational owner: 60", "operational owner: 20"))
    over = verb("review", "due", *where, *at)
    crowded.write_text(said)
    assert [one["owner"] for one in over["owners"] if one["over"]] == ["operational owner"]
    secret = tmp_path / "dana"
    secret.write_text(ward.secrets["dana"])
    done = ("review", "record", "drift and feedback", "--as", "dana", *where, *at)
    finding = ("--finding", "No input moved; two comments answered.")
    made = verb(*done, *finding, "--passphrase-file", str(secret))
    assert (made["task"], made["role"], made["in_order"]) == (
        "drift and feedback",
        "data_scientist",
        True,
    )
    left = verb("review", "due", *where, *at)["tasks"]
    assert [one["task"] for one in left if one["state"] == "OVERDUE"] == ["operation today"]
    assert (
        code_of(lambda: verb("review", "due", "--version", "v9", *where, *at))
        == "release.not_serving"
    )


def test_an_edit_of_monitoring_yaml_removes_no_task_of_the_signed_policy(ward):
    limited(ward)
    desk, stands = on_day(ward, 19), scoring.deployed(ward.desk, ward.project)
    nothing = ward.project.monitoring.model_copy(update={"reviews": ()})
    # The control: without a signature the file alone counts, and the tasks are gone.
    assert calendar.overdue(desk, stands, asked=nothing) == ()
    policy = signing.propose_specs(replace(desk, actor="omar"), ward.project)["retraining"]
    if not calendar.approved(desk, policy):
        sign(desk, policy, ward.secrets, person="caro", role="compliance_officer")
        assert calendar.overdue(desk, stands, asked=nothing) == ()  # not theirs to approve
    policy_signed(ward, desk)
    assert "drift and feedback" in calendar.overdue(desk, stands, asked=nothing)


@pytest.mark.requirement("J17")
@pytest.mark.requirement("I1")
def test_no_gate_to_the_wards_without_a_covered_calendar_and_a_signed_policy_of_change(ward):
    desk = on_day(ward, 20)
    facts = gating._FACTS["limited"]
    policy = ward.project.monitoring

    def told(name, **changed):
        asked = replace(ward.project, said={"monitoring": policy.model_copy(update=changed)})
        fact = facts[name](desk, asked, ward.run)
        return fact.status, fact.note

    def change(**changed):
        return {"retraining": policy.retraining.model_copy(update=changed)}

    assert told("reviews.planned") == ("met", "")
    thin = told("reviews.planned", reviews=policy.reviews[1:])
    assert thin == ("missing", "no review covers operation every 1d")
    stranger = policy.reviews[0].model_copy(update={"owner": "the night porter"})
    nobody = told("reviews.planned", reviews=(stranger, *policy.reviews[1:]))
    assert nobody == ("failed", "nobody is the night porter")
    assert told("change.agreed", **change(latency=None)) == ("missing", "latency is not written")
    unsigned = told("change.agreed", **change(minimum_events=200))
    assert unsigned == ("missing", "monitoring.yaml as it stands is not signed")
    policy_signed(ward, desk)
    assert told("change.agreed")[0] == "met"


def test_the_last_gate_asks_for_a_fresh_monitor_report_and_takes_signatures_on_it(ward):
    limited(ward)
    desk = on_day(ward, 30)
    report = watching.monitor(desk, ward.project)
    running = gating._FACTS["live"]["monitors.running"]
    assert running(desk, ward.project, ward.run).status == "met"
    late = on_day(ward, 32)
    stale = running(late, ward.project, ward.run)
    assert (stale.status, stale.note) == ("failed", "the newest report is too old to rest on")
    found = gating.gather(desk, ward.project, ward.run, to_stage="live").documents
    assert found["monitoring_report"] == report.digest
    sign(desk, report.digest, ward.secrets, person="clara", role="clinical_lead")
    dana = {"person": "dana", "role": "data_scientist"}
    assert code_of(lambda: sign(desk, report.digest, ward.secrets, **dana)) == "sign.role"
    left = {one.name for one in gating.check(desk, ward.project, "live").open_conditions()}
    assert "signed.monitoring_report.clinical_lead" not in left
    assert {"signed.monitoring_report.operator", "reviews.current"} <= left
