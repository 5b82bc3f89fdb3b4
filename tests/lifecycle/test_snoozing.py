"""An alert is put off as the signed plan lets it be: by whom, for how long, how often and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from itertools import islice

import pytest
from typer.testing import CliRunner

from attending.cli.app import app
from attending.errors import Denied, NotFound, Refused
from attending.lifecycle import delivering, scoring, signing, watching
from attending.lifecycle.answering import answering
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.engines import engine_over
from attending.lifecycle.projects import open_project
from attending.release.checklist import gaps
from attending.specs.release import SnoozeRules
from attending.times import format_instant
from tests.lifecycle.feeds import by_ids
from tests.lifecycle.ward import SECOND, enter, make_ward, sign

RULES = """
snooze:
  longest: 4h
  roles: [clinical_lead]
  reasons: [with another patient, waits for a result]
"""
WAIT = timedelta(hours=4)


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A live version whose signed plan has rules, and two alerts in the worklist."""
    made = make_ward(tmp_path_factory.mktemp("snooze"))
    desk, home = made.desk, made.desk.home
    due = scoring.score(desk, made.project).table.to_pylist()
    scoring.join_outcomes(desk, made.project)
    watching.monitor(desk, made.project)
    watching.give_verdict(desk, made.project)
    path = home.root.parent / "project" / "release.yaml"
    path.write_text(path.read_text() + RULES)
    made.project = open_project(path.parent)
    made.plan = signing.propose_specs(replace(desk, actor="dana"), made.project)["release"]
    sign(desk, made.plan, made.secrets, person="omar", role="operator")
    enter(desk, made.run, stage="live", plan=made.project.release.digest, previous=made.entered)
    made.alerts = list(islice(alerts(made, due), 2))
    delivering.deliver(desk, made.project)
    yield made
    home.close()


def alerts(made, due):
    """Yield the ids of flagged predictions of an hour ago."""
    service = answering(made.desk.home.root, [made.project], clock=lambda: SECOND)
    engine = engine_over(made.desk, project_snapshot(made.desk, made.project))
    try:
        for row in due:
            ask = by_ids(
                row, made.run.model, index_start=row["index_start"].replace(tzinfo=UTC),
                events=engine.rows(row["subject_id"]),
                prediction_time=SECOND - timedelta(hours=1),
            )  # fmt: skip
            found = service.answer(ask, by="omar")
            if found.content["flagged"] and found.content["kind"] == "live":
                yield found.request_id
    finally:
        service.home.close()


def at(ward, hours, by):
    return replace(ward.desk, at=SECOND + timedelta(hours=hours), actor=by)


def test_the_plan_says_who_how_long_why_and_how_often(ward):
    first, says, why = ward.alerts[0], "soon", "waits for a result"
    tries = (
        ("omar", WAIT, why, Denied, "delivery.snooze_role"),
        ("nobody", WAIT, why, Denied, "delivery.snooze_role"),
        ("clara", WAIT + timedelta(minutes=1), why, Refused, "delivery.snooze_long"),
        ("clara", WAIT, "because", NotFound, "delivery.snooze_reason"),
        ("clara", WAIT, "", NotFound, "delivery.snooze_reason"),
    )
    for by, wait, reason, kind, code in tries:
        with pytest.raises(kind) as refused:
            delivering.answer(at(ward, 0, by), first, says=says, snooze=wait, reason=reason)
        assert refused.value.code == code
    # The control: inside the rules it is put off, and once only.
    step = delivering.answer(at(ward, 0, "clara"), first, says=says, snooze=WAIT, reason=why)
    assert step.content == {"says": says, "reason": why, "plan": ward.plan}
    with pytest.raises(Refused) as often:
        delivering.answer(at(ward, 1, "clara"), first, says=says, snooze=WAIT, reason=why)
    assert often.value.code == "delivery.snooze_often"
    # Anybody may take it up, for that puts nothing off.
    assert delivering.answer(at(ward, 2, "omar"), first, says="done").state == "acknowledged"


def test_the_record_of_delivery_and_the_list_say_who_put_it_off_and_why(ward):
    second, why = ward.alerts[1], "with another patient"
    home, when = str(ward.desk.home.root), format_instant(at(ward, 3, "x").at)
    said = ["deliver", "answer", second, "--says", "soon", "--snooze", "2h", "--by", "clara",
            "--home", home, "--at", when, "--json"]  # fmt: skip
    refused = CliRunner().invoke(app, said)
    assert (refused.exception.code, refused.exception.exit_code) == ("delivery.snooze_reason", 2)
    assert CliRunner().invoke(app, [*said, "--reason", why]).exit_code == 0
    (entry,) = [
        one
        for one in ward.desk.home.ledger.entries()
        if one.action == "delivery.snoozed" and one.subject == second
    ]
    assert (entry.actor, entry.details["reason"], entry.details["plan"]) == (
        "clara",
        why,
        ward.plan,
    )
    rows = {row["request_id"]: row for row in delivering.worklist(at(ward, 4, "x"), ward.run.model)}
    assert (rows[second]["state"], rows[second]["reason"]) == ("snoozed", why)
    assert rows[second]["snooze"]["minutes"] == 120


def test_rules_name_known_roles_and_a_day_at_most(ward):
    spec, persons = ward.project.release, {"dana", "clara", "omar", "erik", "caro"}
    assert not [one for one in gaps(spec, persons) if one.startswith("snooze")]
    strange = spec.snooze.model_copy(update={"roles": ("janitor",)})
    found = gaps(spec.model_copy(update={"snooze": strange}), persons)
    assert "snooze.roles: 'janitor' is no role" in found
    for longest in ("25h", "0h"):
        with pytest.raises(ValueError, match="a day at most"):
            SnoozeRules.model_validate(
                {"longest": longest, "roles": ["clinical_lead"], "reasons": ["x"]}
            )
