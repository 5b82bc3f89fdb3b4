"""A score is held against the threshold of the unit that the patient lies in, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from attending.lifecycle import credentials, scoring, watching
from attending.lifecycle.cohorts import build_cohort, project_snapshot
from attending.lifecycle.delivering import response_at
from attending.lifecycle.desk import keep
from attending.lifecycle.engines import engine_over
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.what_changed import notices
from attending.records.decisions import ThresholdDecision
from attending.specs.release import Response
from attending.web.front_desk import FrontDesk
from tests.lifecycle.ward import SECOND, enter, make_ward, sign
from tests.web.test_served_bits import body
from tests.web.visitor import visitor_of

LOW, HIGH = 0.0001, 0.9999


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A live version; a unit with a low threshold, one with a high one, others with none."""
    made = make_ward(tmp_path_factory.mktemp("places"))
    desk = made.desk
    made.made = scoring.score(desk, made.project).table.to_pylist()
    scoring.join_outcomes(desk, made.project)
    watching.monitor(desk, made.project)
    watching.give_verdict(desk, made.project)
    made.units = sorted({one["unit"] for one in made.made if one["kind"] == "live" and one["unit"]})
    made.low, made.high, made.unsigned = made.units[:3]
    for unit, threshold in ((made.low, LOW), (made.high, HIGH)):
        decided = decide(made, unit, threshold)
        sign(desk, decided, made.secrets, person="clara", role="clinical_lead")
    decide(made, made.unsigned, LOW)
    plan = made.project.release.digest
    limited = enter(desk, made.run, stage="limited", plan=plan, previous=made.entered)
    enter(desk, made.run, stage="live", plan=plan, previous=limited)
    yield made
    made.desk.home.close()


def decide(ward, unit, threshold):
    """Write down a threshold of a unit on the signed plan, as `validate threshold` does."""
    desk = replace(ward.desk, actor="dana")
    plan = signed_plan(desk, scoring.deployed(desk, ward.project)).document
    made = ThresholdDecision(
        model=ward.run.model, run=ward.run.digest, threshold=threshold, release=plan, place=unit,
        action="call", instead_of="nothing", responder="nurse", within="2h",
        escalate_to="charge nurse", escalate_after="4h", escalation="the usual round",
    )  # fmt: skip
    keys = {"model": ward.run.model, "run": ward.run.digest, "place": unit}
    keep(desk, made, action="threshold.decide", keys=keys)
    return made.digest


@pytest.fixture
def ask(ward):
    house = FrontDesk.open(ward.desk.home.root, clock=lambda: SECOND, projects=[ward.project])
    token = credentials.give_token(
        ward.desk, "omar", ward.secrets["omar"],
        label="machine", scopes=("work", "patients"), keeps=timedelta(days=1),
    )  # fmt: skip
    machine = visitor_of(house)
    machine.headers["authorization"] = f"Bearer {token}"
    machine.headers["accept"] = "application/json"
    engine = engine_over(ward.desk, project_snapshot(ward.desk, ward.project))

    def asked(unit):
        row = next(one for one in due(ward) if one["unit"] == unit)
        row["prediction_time"] += timedelta(seconds=1)  # the batch has that of before
        sent = body(row, engine.rows(row["subject_id"]).to_pylist())
        answer = machine.post(f"/v1/models/{ward.run.model}/predictions", json=sent)
        assert answer.status_code == 201, answer.text
        return answer.json(), machine.get(answer.json()["provenance"]).json()

    yield asked
    house.answering.home.close()


def due(ward):
    """Return what the live version makes of the cohort, by the batch; nothing of it is kept."""
    served = scoring.served_version(ward.desk, ward.project)
    engine = engine_over(ward.desk, project_snapshot(ward.desk, ward.project))
    late = build_cohort(ward.desk, ward.project).table.slice(0, 400)
    made = scoring._make(served, late, engine)
    ward.contents = [one.content for one in made.stored]
    return [one for one in made.table.to_pylist() if one["kind"] == "live"]


@pytest.mark.requirement("E17", "F1")
def test_a_unit_is_flagged_by_its_own_threshold_and_the_answer_says_which(ward, ask):
    plain = ward.project.release.threshold.value
    flags = {}
    for unit, threshold, place in (
        (ward.low, LOW, ward.low),
        (ward.high, HIGH, ward.high),
        (ward.unsigned, plain, ""),  # refused: nobody signed it, so the plan's counts
    ):
        told, kept = ask(unit)
        assert (told["threshold"], told["threshold_place"]) == (threshold, place)
        assert told["flagged"] == (told["score"] >= threshold)
        assert (kept["threshold"], kept.get("threshold_place", "")) == (threshold, place)
        flags[unit] = told["flagged"]
    assert (flags[ward.low], flags[ward.high]) == (True, False)


def test_the_batch_flags_and_stores_by_the_same_thresholds(ward):
    served = scoring.served_version(ward.desk, ward.project)
    assert served.places == {ward.low: LOW, ward.high: HIGH}
    found = due(ward)
    assert {one["flagged"] for one in found if one["unit"] == ward.low} == {True}
    assert {one["flagged"] for one in found if one["unit"] == ward.high} == {False}
    stored = [text for text in ward.contents if b'"kind":"live"' in text]
    for unit in (ward.low, ward.high):
        mine = [text for text in stored if f'"unit":"{unit}"'.encode() in text]
        assert mine
        assert all(f'"threshold_place":"{unit}"'.encode() in text for text in mine)
    assert all(
        b"threshold_place" not in text
        for text in stored
        if not any(f'"unit":"{unit}"'.encode() in text for unit in (ward.low, ward.high))
    )


def test_what_is_signed_later_counts_from_the_next_act_and_is_told_to_users(ward):
    later = replace(ward.desk, at=SECOND + timedelta(days=1))
    after = decide(ward, ward.unsigned, LOW / 2)
    sign(later, after, ward.secrets, person="clara", role="clinical_lead")
    assert ward.unsigned not in scoring.served_version(later, ward.project).places
    before = later.home.deployments.current(ward.run.model)
    assert all(ward.unsigned not in line for line in notices(later, ward.run.model))
    plan = ward.project.release.digest
    enter(later, ward.run, stage="live", plan=plan, previous=before.digest)
    assert scoring.served_version(later, ward.project).places[ward.unsigned] == LOW / 2
    newest = notices(later, ward.run.model)[0]
    assert f"threshold of {ward.unsigned}: {LOW / 2:g} instead of none of its own" in newest


def test_the_response_of_the_unit_follows_an_alert_there():
    """The plan's response for the unit comes before that of the site and of all."""

    def response(place):
        return Response(
            place=place, action="call", instead_of="nothing", responder="nurse", within="2h",
            escalate_to="charge nurse", escalate_after="4h", if_nobody="round",
        )  # fmt: skip

    plan = [response(place) for place in ("all", "NORTH", "ICU")]
    for content, place in (
        ({"unit": "ICU", "site": "NORTH"}, "ICU"),
        ({"unit": "W1", "site": "NORTH"}, "NORTH"),
        ({"site": "SOUTH"}, "all"),
    ):
        assert response_at(plan, content).place == place
    assert response_at(plan[1:], {"site": "SOUTH"}) is None
