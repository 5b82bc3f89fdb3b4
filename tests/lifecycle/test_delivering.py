"""Alerts reach people once: worklist, webhook, mail; answered, put off, escalated, or late."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from attending.errors import BadInput, DependencyDown, NotFound, Refused
from attending.lifecycle import (
    channels,
    delivering,
    incidents,
    scoring,
    severe_findings,
    signing,
    watching,
)
from attending.lifecycle.answering import answering
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.engines import engine_over
from attending.lifecycle.made_when import lateness_of, made_at
from attending.lifecycle.projects import open_project
from attending.lifecycle.what_changed import notices
from attending.monitor.timeliness import look_at_lateness
from attending.specs.delivery import Mail, Webhook
from attending.stores.deliveries import Step
from attending.times import to_micros
from attending.web.front_desk import FrontDesk
from attending.web.worklist import as_csv
from tests.lifecycle.feeds import by_ids
from tests.lifecycle.gateways import gateway, webhook
from tests.lifecycle.ward import SECOND, enter, make_ward, sign

SECRET = bytes(range(32))
RESPONSE = """
responses:
  - action: call the patient
    instead_of: nothing
    responder: discharge nurse
    within: 2h
    escalate_to: charge nurse
    escalate_after: 4h
    if_nobody: the ward's usual round
"""
POLICY = """
link: https://scores.hospital.example
webhook: {{url: "{url}", secret: webhook.key}}
mail:
  {{host: 127.0.0.1, port: {port}, sender: scores@h.example, to: [ward@h.example], starttls: false}}
contacts: {{charge nurse: charge@h.example}}
snooze: 24h
"""


@pytest.fixture(scope="module")
def sent():
    """The servers of the hospital: what came by webhook, and what by mail."""
    with webhook() as (url, hooked), gateway() as (port, mailed):
        yield url, hooked, port, mailed


@pytest.fixture(scope="module")
def ward(tmp_path_factory, sent):
    """A live version under a plan with a response, and alerts: some in time, some late."""
    made = make_ward(tmp_path_factory.mktemp("alerts"))
    desk, home = made.desk, made.desk.home
    made.due = scoring.score(desk, made.project).table.to_pylist()
    scoring.join_outcomes(desk, made.project)
    watching.monitor(desk, made.project)
    assert watching.give_verdict(desk, made.project).answer in {"continue", "watch", "freeze"}
    path = home.root.parent / "project" / "release.yaml"
    text = path.read_text()
    more = "  - {channel: messaging, pattern: batch, wording: Higher risk., clicks_to_action: 2}\n"
    path.write_text(text.replace("action_window:", f"{more}action_window:", 1) + RESPONSE)
    made.project = open_project(path.parent)
    plan = signing.propose_specs(replace(desk, actor="dana"), made.project)["release"]
    sign(desk, plan, made.secrets, person="omar", role="operator")
    enter(desk, made.run, stage="live", plan=made.project.release.digest, previous=made.entered)
    (home.folder("keys") / "webhook.key").write_text(SECRET.hex())
    (home.folder("keys") / "webhook.key").chmod(0o600)
    (home.folder("policy") / "delivery.yaml").write_text(POLICY.format(url=sent[0], port=sent[2]))
    made.plan = plan
    yield made
    home.close()


@pytest.fixture(scope="module")
def alerted(ward):
    """The flagged predictions of an hour ago, two patients, the first of them asked for twice."""
    answers = answering(ward.desk.home.root, [ward.project], clock=lambda: SECOND)
    engine = engine_over(ward.desk, project_snapshot(ward.desk, ward.project))
    found: list[str] = []
    for row in ward.due:
        if len(found) == 2:
            break
        start = row["index_start"].replace(tzinfo=UTC)
        ask = by_ids(
            row, ward.run.model, index_start=start, events=engine.rows(row["subject_id"]),
            prediction_time=SECOND - timedelta(hours=1),
        )  # fmt: skip
        made = answers.answer(ask, by="omar")
        if made.content["flagged"] and made.content["kind"] == "live":
            found.append(made.request_id)
            if len(found) == 1:
                again = SECOND - timedelta(minutes=30)
                answers.answer(replace(ask, prediction_time=again), by="omar")
            old = SECOND - timedelta(days=3)
            answers.answer(replace(ask, prediction_time=old), by="omar")
    answers.home.close()
    assert len(found) == 2
    return found


def at(ward, hours, by="system"):
    return replace(ward.desk, at=SECOND + timedelta(hours=hours), actor=by)


def states(ward):
    return {
        name: {channel: [step.state for step in steps] for channel, steps in channels.items()}
        for name, channels in ward.desk.home.deliveries.standing().items()
    }


@pytest.mark.requirement("G4", "G3")
def test_each_alert_goes_out_once_by_every_way_and_a_late_one_is_a_finding(ward, alerted, sent):
    _, hooked, _, mailed = sent
    hooked.status = 500
    first = delivering.deliver(at(ward, 0), ward.project)
    late = first.counts[f"{delivering.WORKLIST} late"]
    assert first.counts["worklist sent"] == 2
    assert late >= 1
    with pytest.raises(Refused) as refused:
        delivering.require_in_time(first)
    assert refused.value.code == "delivery.late"
    # What failed is tried again; what was taken is not sent twice.
    assert (first.counts["webhook failed"], len(mailed.messages)) == (2, 2)
    hooked.status, tried = 200, len(hooked.messages)
    again = delivering.deliver(at(ward, 0.1), ward.project)
    assert (again.counts["webhook sent"], again.late) == (2, 0)
    assert dict(delivering.deliver(at(ward, 0.2), ward.project).counts) == {}
    assert (len(hooked.messages), len(mailed.messages)) == (tried + 2, 2)
    headers, body = hooked.messages[-1]
    stamp, _, mac = headers["X-Attending-Signature"].partition(",v1=")
    signed = hmac.new(SECRET, stamp[2:].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(mac, signed)
    told = json.loads(body)
    assert (told["id"], told["wording_version"]) == (headers["Idempotency-Key"], ward.plan)
    assert told["id"] in alerted
    subjects = [row["subject_id"] for row in delivering.worklist(at(ward, 0.2), ward.run.model)]
    assert all(name not in text for _, text in mailed.messages for name in subjects)
    assert {"withheld"} <= {word for one in states(ward).values() for word in one["worklist"]}


def test_a_worker_that_died_leaves_a_claim_that_ends_and_nobody_follows_a_redirect(
    ward, alerted, sent
):
    _, hooked, _, _ = sent
    claim = Step("f" * 32, "webhook", 1, "claimed", to_micros(SECOND), "a", to_micros(SECOND) + 1)
    run = delivering._Run(at(ward, 0), _plan(ward), delivering.delivery_policy(ward.desk.home.root))
    alert = delivering.Alert("f" * 32, {"model": "m", "prediction_time": "x"}, {})
    with ward.desk.home.database.transaction() as unit:
        delivering.keep_step(ward.desk, unit, replace(claim, until=claim.at + 60_000_000))
    assert run._claim(alert, "webhook") is None  # another worker is at it
    after = delivering._Run(at(ward, 1), _plan(ward), run._policy)
    assert after._claim(alert, "webhook").step == 2
    assert after._claim(alert, "webhook") is None
    count, hooked.status, hooked.location = len(hooked.messages), 307, "http://127.0.0.1:1/else"
    with pytest.raises(DependencyDown):
        channels.post(run._policy.webhook, {"id": "x"}, secret=SECRET, at=1)
    assert len(hooked.messages) == count + 1
    hooked.status, hooked.location = 200, ""


def _plan(ward):
    from attending.lifecycle.plans import signed_plan

    return signed_plan(ward.desk, scoring.deployed(ward.desk, ward.project))


@pytest.mark.requirement("H15", "E17")
def test_an_answer_is_kept_an_unanswered_alert_is_escalated_and_then_said_to_be_unanswered(
    ward, alerted, sent
):
    mailed, (first, second) = sent[3], alerted
    with pytest.raises(BadInput):
        delivering.answer(at(ward, 1, "nora"), first, says=" ")
    with pytest.raises(NotFound):
        delivering.answer(at(ward, 1, "nora"), "0" * 32, says="x")
    off = timedelta(hours=4)
    delivering.answer(at(ward, 1, "nora"), first, says="with another patient", snooze=off)
    delivering.answer(at(ward, 2, "nora"), second, says="called the patient")
    with pytest.raises(Refused):
        delivering.answer(at(ward, 2, "nora"), second, says="again")
    count = len(mailed.messages)
    delivering.deliver(at(ward, 4.5), ward.project)
    assert len(mailed.messages) == count  # put off until five hours
    delivering.deliver(at(ward, 5.5), ward.project)
    to, text = mailed.messages[-1]
    assert (len(mailed.messages), "charge@h.example" in to[0]) == (count + 1, True)
    assert "Nobody has answered" in text
    delivering.deliver(at(ward, 7), ward.project)
    delivering.deliver(at(ward, 8), ward.project)
    found = states(ward)
    assert found[first]["worklist"] == ["sent", "snoozed", "unanswered"]
    assert found[second]["worklist"] == ["sent", "acknowledged"]
    assert "escalation" not in found[second]
    assert found[first]["escalation"] == ["claimed", "sent"]
    rows = {row["request_id"]: row for row in delivering.worklist(at(ward, 8), ward.run.model)}
    assert (rows[first]["escalated"], rows[second]["by"]) == (True, "nora")
    actions = [entry.action for entry in ward.desk.home.ledger.entries()]
    assert {"delivery.acknowledged", "delivery.snoozed", "delivery.unanswered"} <= set(actions)
    assert as_csv(list(rows.values())).count("\r\n") == len(rows) + 1


def test_a_units_worklist_has_its_own_patients_and_those_of_no_known_unit(ward, alerted):
    model, desk = ward.run.model, at(ward, 8.5)
    rows = delivering.worklist(desk, model)
    units = {row["unit"] for row in rows}
    assert any(units)
    for unit in units - {""}:
        here = delivering.worklist(desk, model, unit=unit)
        assert {row["unit"] for row in here} <= {unit, ""}
        assert len(here) == sum(row["unit"] in {unit, ""} for row in rows) > 0
    nowhere = delivering.worklist(desk, model, unit="no such unit")
    assert len(nowhere) == sum(not row["unit"] for row in rows)


@pytest.mark.requirement("G3")
def test_scores_after_the_action_window_are_a_finding_and_open_one_incident(ward, alerted):
    desk = at(ward, 9)
    found = lateness_of(desk, ward.project, scoring.deployed(desk, ward.project))
    assert found is not None
    assert found.made > found.late > 0
    since = desk.at - timedelta(days=2)
    every, lately = (made_at(desk, ward.run.model, "v1", since=one) for one in (None, since))
    newer = {key: made for key, made in every.items() if key[2] >= to_micros(since)}
    assert 0 < len(newer) < len(every)
    assert newer.items() <= lately.items() <= every.items()
    # The control: a wider window of the plan, and the same scores came in time.
    assert look_at_lateness(ward.project.monitoring, replace(found, late=0))[0] == ()
    report = watching.monitor(desk, ward.project)
    (late,) = [one for one in report.findings if one.name == "late"]
    assert (late.drift, late.severity, late.subject) == ("workflow", "act", "scores")
    assert late.figure == pytest.approx(found.late / found.made)
    for _ in range(2):  # the second verdict finds the incident open
        verdict = watching.give_verdict(desk, ward.project)
    assert "late: scores (workflow, act)" in verdict.findings
    (opened,) = incidents.incidents(desk, open_only=True)
    assert (opened.incident.type, opened.incident.opened_by) == ("outage", "system")
    assert opened.incident.title == "Scores are late: found by a monitor"
    assert opened.incident.finding == report.digest


def test_an_incident_that_an_older_release_opened_is_not_opened_again(ward, alerted, monkeypatch):
    desk = at(ward, 9)
    report = watching.monitor(desk, ward.project)
    incidents.open_incident(
        replace(desk, actor="system"),
        ward.project,
        type="outage",
        harm="medium",
        title="monitor: late: scores",  # as it was called
        version=report.version,
        finding=report.digest,
    )
    before = len(incidents.incidents(desk, open_only=True))
    monkeypatch.setattr(severe_findings, "_title", lambda _finding: "in the words of tomorrow")
    watching.give_verdict(desk, ward.project)
    assert len(incidents.incidents(desk, open_only=True)) == before
    # The control: what no title of an open incident says is opened.
    monkeypatch.setattr(severe_findings, "_old_title", lambda _finding: "in nobody's words")
    watching.give_verdict(desk, ward.project)
    assert len(incidents.incidents(desk, open_only=True)) == before + 1


@pytest.mark.requirement("G12")
def test_what_changed_is_told_for_fourteen_days_and_then_no_longer(ward):
    model, desk = ward.run.model, replace(ward.desk, at=SECOND)
    told = notices(desk, model)
    assert len(told) == 1
    assert "first shown, in stage live" in told[0]
    path = ward.desk.home.root.parent / "project" / "release.yaml"
    path.write_text(path.read_text().replace("value: 0.25", "value: 0.3"))
    changed = open_project(path.parent)
    later = replace(desk, at=SECOND + timedelta(days=20))
    plan = signing.propose_specs(replace(later, actor="dana"), changed)["release"]
    sign(later, plan, ward.secrets, person="omar", role="operator")
    before = ward.desk.home.deployments.current(model)
    enter(later, ward.run, stage="live", plan=changed.release.digest, previous=before.digest)
    assert "threshold 0.3 instead of 0.25" in notices(later, model)[0]
    front = FrontDesk(root=ward.desk.home.root, clock=lambda: later.at)
    assert front.model(model).notices == notices(later, model)
    assert front.worklist(model, site="", by="nora") is not None
    assert notices(replace(desk, at=SECOND + timedelta(days=35)), model) == ()


def test_only_private_or_near_ways_out_are_taken():
    for url in ("http://elsewhere.example/x", "https://a b"):
        with pytest.raises(ValueError, match=r"https|pattern"):
            Webhook.model_validate({"url": url, "secret": "a.key"})
    with pytest.raises(ValueError, match="starttls"):
        Mail.model_validate(
            {"host": "mx.example", "sender": "a@b", "to": ["c@d"], "starttls": False}
        )
