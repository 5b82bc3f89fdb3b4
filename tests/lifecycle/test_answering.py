"""One request at a time: the batch's score to the bit, kept before it leaves, obeying the store."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from attending.errors import (
    BadInput,
    DependencyDown,
    IntegrityBroken,
    NotFound,
    Refused,
    TooMany,
)
from attending.lifecycle import answering as module
from attending.lifecycle import quotas, releasing, scoring, watching
from attending.lifecycle.answering import Question, answering
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.engines import engine_over
from attending.specs.limits import LimitsSpec
from attending.times import parse_instant
from attending.web.front_desk import FrontDesk
from tests.lifecycle.ward import SECOND, enter, make_ward

PATIENTS = 6


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("answering"))
    yield made
    made.desk.home.close()


@pytest.fixture(scope="module")
def due(ward):
    """The questions that the batch was asked, each with the patient's own rows."""
    made = scoring.score(ward.desk, ward.project)
    engine = engine_over(ward.desk, project_snapshot(ward.desk, ward.project))
    return [as_asked(engine, row, ward.run.model) for row in made.table.to_pylist()[:PATIENTS]]


def as_asked(engine, row, model):
    rows = engine.rows(row["subject_id"]).to_pylist()
    leave = ("subject_id", "source", "source_row")
    events = tuple({k: v for k, v in one.items() if k not in leave} for one in rows)
    return Question(
        model=model,
        subject_id=row["subject_id"],
        encounter_id=row["encounter_id"],
        prediction_time=row["prediction_time"].replace(tzinfo=UTC),
        index_start=row["index_start"].replace(tzinfo=UTC),
        events=events,
    )


@pytest.fixture
def answers(ward, monkeypatch):
    """A service that looks at the store again before every answer."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    found = answering(ward.desk.home.root, [ward.project], clock=lambda: SECOND)
    yield found
    found.home.close()


@pytest.mark.fault("X29")
def test_x29_who_copies_a_model_by_asking_is_stopped_and_an_alarm_is_raised(ward, due, answers):
    for number, asked in enumerate(due):  # control: without a quota each is answered
        later = replace(
            asked, prediction_time=asked.prediction_time + timedelta(seconds=number + 1)
        )
        assert answers.answer(later, by="copier").request_id
    made = answers.home.ledger.count("copier", quotas.MADE, day=f"{SECOND:%Y-%m-%d}")
    assert made == len(due)
    answers.quota = quotas.Quota(answers.home, made + 1)
    others = [replace(due[0], prediction_time=SECOND - timedelta(hours=n)) for n in (1, 2, 3)]
    answers.answer(others[0], by="copier")
    for asked in others[1:]:
        with pytest.raises(TooMany) as refused:
            answers.answer(asked, by="copier")
        assert (refused.value.code, refused.value.http_status) == ("quota.predictions", 429)
    answers.answer(others[1], by="another")  # the others get their answers
    again = quotas.Quota(answers.home, made + 1)  # a restart forgets nothing
    with pytest.raises(TooMany):
        again.take("copier", at=SECOND)
    again.take("copier", at=SECOND + timedelta(days=1))
    alarms = answers.home.ledger.search(action=quotas.REACHED)
    assert [(one.actor, one.details["count"]) for one in alarms] == [("copier", made + 1)]
    report = watching.monitor(ward.desk, ward.project)
    (found,) = [one for one in report.findings if one.name == "quota_reached"]
    assert (found.subject, found.severity, bool(found.owner)) == ("copier", "watch", True)


@pytest.mark.fault("X29")
def test_x29_figures_are_told_with_as_many_decimals_as_the_policy_says(ward, due, tmp_path):
    house = FrontDesk.open(ward.desk.home.root, clock=lambda: SECOND, projects=[ward.project])
    asked = replace(due[0], prediction_time=SECOND - timedelta(hours=4))
    made = house.answering.answer(asked, by="omar")
    whole = house.prediction(made.request_id, by="omar")
    assert whole["score"] != round(whole["score"], 2)  # control: without the rule all of it is told
    house.limits = LimitsSpec(score_digits=2)
    told = house.prediction(made.request_id, by="omar")
    assert told["score"] == round(whole["score"], 2)
    assert all(one["contribution"] == round(one["contribution"], 2) for one in told["factors"])
    assert (told["flagged"], told["band"]) == (whole["flagged"], whole["band"])
    assert json.loads(house.answering.home.predictions.get(made.request_id).content) == whole
    house.answering.home.close()


def test_limits_are_a_file_of_the_home(tmp_path):
    assert quotas.limits_of(tmp_path) == LimitsSpec()
    (tmp_path / "policy").mkdir()
    file = tmp_path / "policy" / "limits.yaml"
    file.write_text("predictions_per_day: 100\nscore_digits: 3\n")
    assert quotas.limits_of(tmp_path) == LimitsSpec(predictions_per_day=100, score_digits=3)
    file.write_text("at_once: 1000\n")
    with pytest.raises(BadInput):
        quotas.limits_of(tmp_path)


def later(asked, seconds=1):
    """Return the same question at a later instant, which nobody has asked."""
    return replace(asked, prediction_time=asked.prediction_time + timedelta(seconds=seconds))


def entries(answers, action):
    return [entry for entry in answers.home.ledger.entries() if entry.action == action]


@pytest.mark.requirement("G2")
def test_a_request_gets_the_score_of_the_batch_to_the_bit_and_is_kept_once(answers, due, ward):
    table = {
        row["request_id"]: row["score"]
        for row in ward.desk.home.predictions.table(ward.run.model).to_pylist()
    }
    for asked in due:
        found = answers.answer(asked, by="omar")
        assert found.before  # the batch had made it
        assert found.content["score"] == table[found.request_id]
    size = answers.home.ledger.size
    first = answers.answer(later(due[0], 7), by="omar")
    assert not first.before
    again = answers.answer(later(due[0], 7), by="omar")
    assert (again.before, again.content) == (True, first.content)
    assert answers.home.ledger.size == size + 1
    with pytest.raises(NotFound):
        answers.answer(replace(due[0], model="another"), by="omar")


@pytest.mark.requirement("G14")
def test_what_is_kept_says_each_input_with_both_clocks_and_a_look_at_it_is_kept(answers, due):
    made = answers.answer(later(due[1], 3), by="omar")
    found = answers.prediction(made.request_id, by="clara")
    assert found == made.content
    seen = [one for one in found["inputs"] if one["time"] is not None]
    assert seen
    assert all(one["known_at"] <= found["prediction_time"] for one in seen)
    assert {"run", "artifact", "release", "features", "events", "made_at"} <= found.keys()
    note = entries(answers, "prediction.read")[-1]
    assert (note.actor, note.subject) == ("clara", made.request_id)
    assert entries(answers, "score.one")[-1].details["outcome"] == "live"
    with pytest.raises(NotFound):
        answers.prediction("0" * 32, by="clara")


@pytest.mark.requirement("G8")
def test_in_silent_the_score_is_kept_and_nobody_is_told(answers, due):
    made = answers.answer(later(due[2], 3), by="omar")
    assert made.content["score"] is not None
    assert not made.delivered


@pytest.mark.fault("S19")
def test_s19_a_storm_of_the_same_request_is_one_score_and_other_events_are_refused(answers, due):
    asked = later(due[3], 5)
    found, refused = [], []

    def ask():
        try:
            found.append(answers.answer(asked, by="omar"))
        except Refused as error:
            refused.append(error)

    storm = [threading.Thread(target=ask) for _ in range(16)]
    size = answers.home.ledger.size
    for thread in storm:
        thread.start()
    for thread in storm:
        thread.join()
    assert not refused
    assert [one.before for one in found].count(False) == 1
    assert len({json.dumps(one.content) for one in found}) == 1
    assert answers.home.ledger.size == size + 1
    fewer = replace(asked, events=asked.events[: len(asked.events) // 2])
    with pytest.raises(Refused) as other:
        answers.answer(fewer, by="omar")
    assert other.value.code == "prediction.made"


@pytest.mark.fault("S11")
def test_s11_many_threads_of_many_patients_never_get_another_patients_answer(answers, due):
    alone = [answers.answer(later(asked, 11), by="omar").content for asked in due]
    mixed = []

    def ask(number):
        for turn in range(5):
            place = (number + turn) % len(due)
            made = answers.answer(later(due[place], 100 + turn), by="omar").content
            mixed.append((place, made))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(mixed) == 40
    for place, made in mixed:
        assert made["subject_id"] == str(due[place].subject_id) == alone[place]["subject_id"]
        assert made["encounter_id"] == alone[place]["encounter_id"]


@pytest.mark.fault("S16")
def test_s16_with_the_store_down_there_is_no_score(answers, due, monkeypatch):
    asked = later(due[4], 3)

    def down(*_args):
        raise DependencyDown("the disk is full", code="storage.full")

    before = answers.home.ledger.size
    with monkeypatch.context() as patch:
        patch.setattr(type(answers.home.predictions), "add", down)
        with pytest.raises(DependencyDown):
            answers.answer(asked, by="omar")
    assert answers.home.ledger.size == before
    assert not answers.answer(asked, by="omar").before  # the control: with the store up it is made


@pytest.mark.fault("S14")
def test_s14_changed_model_files_are_refused_at_the_next_check(answers, due, ward, monkeypatch):
    name = next(item.digest for item in ward.run.artifacts)
    path = answers.home.artifacts.path(name)
    whole = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        # The control: what was checked in memory answers on until its next check.
        assert answers.answer(later(due[0], 21), by="omar").content["score"] is not None
        monkeypatch.setattr(module, "CHECK_SECONDS", 0.0)
        with pytest.raises(IntegrityBroken):
            answers.answer(later(due[0], 22), by="omar")
        with pytest.raises(IntegrityBroken):
            answers.answer(later(due[0], 23), by="omar")
    finally:
        path.write_bytes(whole)
    assert answers.answer(later(due[0], 23), by="omar").content["score"] is not None


def test_a_prediction_ahead_of_the_clock_and_values_that_fit_no_column_are_refused(answers, due):
    with pytest.raises(BadInput) as ahead:
        answers.answer(replace(due[0], prediction_time=SECOND + timedelta(hours=1)), by="omar")
    assert ahead.value.code == "request.ahead"
    odd = {**due[0].events[0], "numeric_value": "high"}
    with pytest.raises(BadInput) as event:
        answers.answer(replace(later(due[0], 31), events=(odd,)), by="omar")
    assert event.value.code == "request.event"


def test_one_that_is_late_says_so(answers, due):
    made = answers.answer(later(due[5], 3), by="omar").content
    assert "late:action_window" in made["degraded"]
    fresh = replace(due[5], prediction_time=parse_instant("2024-12-15T05:59:00Z"))
    assert "late:action_window" not in answers.answer(fresh, by="omar").content["degraded"]


@pytest.mark.fault("S15")
def test_s15_what_is_disabled_stops_at_the_next_look_and_without_a_verdict_nothing_is_live(
    answers, due, ward
):
    desk, plan = replace(ward.desk, at=SECOND), ward.project.release.digest
    limited = enter(desk, ward.run, stage="limited", plan=plan, previous=ward.entered)
    elsewhere = answers.answer(later(due[0], 40), by="omar").content
    assert "out_of_scope:stage_site" in elsewhere["reasons"]  # limited is another site's
    enter(desk, ward.run, stage="live", plan=plan, previous=limited)
    none = answers.answer(later(due[0], 41), by="omar").content
    assert none["kind"] != "live"
    assert "verdict:none" in none["reasons"]
    scoring.join_outcomes(desk, ward.project)
    watching.monitor(desk, ward.project)
    verdict = watching.give_verdict(desk, ward.project)
    assert verdict.answer in {"continue", "watch", "freeze"}
    live = answers.answer(later(due[0], 42), by="omar")
    assert (live.content["kind"], live.delivered) == ("live", True)
    releasing.disable(
        desk,
        ward.project,
        person="omar",
        passphrase=ward.secrets["omar"],
        reason="a planned trial of the switch",
    )
    stopped = answers.answer(later(due[0], 43), by="omar").content
    assert stopped["score"] is None
    assert "deployment:none" in stopped["reasons"]
