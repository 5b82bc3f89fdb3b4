"""Asked by ids alone: the bits of inline events, of the batch, and of FHIR by another way."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from attending.errors import BadInput, NotFound
from attending.hospital.fhir import write_fhir
from attending.ingest.one_patient import patient_rows
from attending.lifecycle import answering as module
from attending.lifecycle import hooks, scoring, simulating
from attending.lifecycle.answering import Question, answering
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.current import events_of
from attending.lifecycle.engines import engine_over
from attending.lifecycle.intake import Intake
from attending.serve.asked_events import as_asked
from attending.specs.intake import IntakeSpec
from tests.lifecycle.feeds import by_ids, push
from tests.lifecycle.ward import SECOND, make_ward

FEEDS = IntakeSpec.model_validate({"feeds": [{"name": "ehr", "kind": "fhir"}]})
PATIENTS = 5


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("store"))
    yield made
    made.desk.home.close()


@pytest.fixture
def answers(ward, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    found = answering(ward.desk.home.root, [ward.project], clock=lambda: SECOND)
    yield found
    found.home.close()


@pytest.fixture(scope="module")
def due(ward):
    """What the batch was asked, and the rows of those patients, now in the event store."""
    made = scoring.score(ward.desk, ward.project)
    engine = engine_over(ward.desk, project_snapshot(ward.desk, ward.project))
    asked = made.table.to_pylist()[:PATIENTS]
    for number, subject in enumerate({row["subject_id"] for row in asked}):
        push(ward.desk.home, engine.rows(subject), number)
    return asked, engine


@pytest.mark.requirement("B2", "G2")
def test_by_ids_alone_a_patient_gets_the_bits_of_the_batch_and_of_inline_events(answers, ward, due):
    rows, engine = due
    made = {
        row["request_id"]: row["score"]
        for row in ward.desk.home.predictions.table(ward.run.model).to_pylist()
    }
    for row in rows:
        held = events_of(answers.home, row["subject_id"])
        assert as_asked(held).equals(as_asked(engine.rows(row["subject_id"])))
        asked = by_ids(row, ward.run.model)
        found = answers.answer(asked, by="omar")
        assert found.before  # the batch had made it, and from it came the same
        assert found.content["score"] == made[found.request_id]
        # Another instant: first by ids, then with the events inline, is one and the same.
        later = asked.prediction_time + timedelta(seconds=7)
        first = answers.answer(replace(asked, prediction_time=later), by="omar")
        leave = ("subject_id", "source", "source_row")
        inline = tuple(
            {name: value for name, value in one.items() if name not in leave}
            for one in engine.rows(row["subject_id"]).to_pylist()
        )
        start = row["index_start"].replace(tzinfo=UTC)
        again = replace(asked, prediction_time=later, index_start=start, events=inline)
        second = answers.answer(again, by="omar")
        assert (first.before, second.before) == (False, True)
        assert second.content == first.content
        assert first.content["events_from"] == "store"


@pytest.mark.fault("S09")
def test_s09_ids_that_are_not_known_here_get_a_typed_answer_and_no_score(answers, ward, due):
    row, other = due[0][0], next(r for r in due[0] if r["subject_id"] != due[0][0]["subject_id"])
    size = answers.home.ledger.size
    # The control: with empty events sent along there is an answer, though never a score.
    assert (
        answers.answer(
            by_ids(row, ward.run.model, subject_id=4, events=(), index_start=SECOND), by="omar"
        ).content["score"]
        is None
    )
    for change, kind, code in (
        ({"subject_id": 5}, NotFound, "patient.unknown"),
        ({"encounter_id": 5}, NotFound, "encounter.unknown"),
        ({"encounter_id": other["encounter_id"]}, BadInput, "patient.mismatch"),
        ({"encounter_id": None}, BadInput, "request.index_start"),
    ):
        with pytest.raises(kind) as refused:
            answers.answer(by_ids(row, ward.run.model, **change), by="omar")
        assert refused.value.code == code
    assert answers.home.ledger.size == size + 1


@pytest.fixture(scope="module")
def chart(tmp_path_factory):
    """The FHIR resources of an inpatient of the same hospital."""
    folder = tmp_path_factory.mktemp("fhir")
    hospital = simulating.build_hospital(patients=60, years=3, seed=11)
    write_fhir(hospital, folder, until=SECOND)
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.ndjson")):
        for line in path.read_text().splitlines():
            item = json.loads(line)
            found.setdefault(hooks.whose(item), []).append(item)
    for whose, items in found.items():
        stays = [one for one in items if one["resourceType"] == "Encounter"]
        beds = [one for one in stays if one["class"]["code"] == "IMP"]
        if beds and sum(one["resourceType"] == "Observation" for one in items) > 30:
            return whose.partition("/")[2], max(beds, key=lambda one: one["period"]["start"]), items
    raise AssertionError("no patient lay in a bed")


def bundle(items):
    entries = [{"resource": one} for one in items]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


@pytest.mark.requirement("G2", "G14")
def test_pushed_fhir_gives_the_bits_of_a_hook_that_brings_the_same_resources(answers, ward, chart):
    patient, stay, items = chart
    intake = Intake(answers.home, FEEDS, lambda: SECOND)
    said = {"lines": False, "message": "m1", "by": "omar"}
    taken = intake.take_fhir("ehr", bundle(items), **said)
    account = taken.account
    assert not taken.before
    parts = account.accepted, account.quarantined, account.rejected, account.duplicate
    assert sum(parts) == account.rows_in == len(items)
    assert account.accepted > 30
    rows = patient_rows(
        items, patient=patient, encounter=stay["id"], key=answers.home.pseudonym_key()
    )
    assert as_asked(events_of(answers.home, rows.subject_id)).equals(as_asked(rows.events))
    asked = hooks.Asked(
        model=ward.run.model,
        decision_point="discharge",
        patient=patient,
        encounter=stay["id"],
        resources=tuple(items),
        gaps=(),
        asker="ehr:https://ehr.example",
        call="d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    )
    hooked = hooks.predict(answers, asked)
    question = Question(
        model=ward.run.model,
        subject_id=rows.subject_id,
        encounter_id=rows.encounter_id,
        prediction_time=SECOND,
        index_start=None,
        events=None,
    )
    found = answers.answer(question, by="omar")
    assert (found.before, found.content) == (True, hooked.content)
    # The same message again does nothing; under another id all of it is a duplicate.
    entries = answers.home.ledger.size
    again = intake.take_fhir("ehr", bundle(items), **said)
    assert (again.before, again.account, answers.home.ledger.size) == (True, account, entries)
    other = intake.take_fhir("ehr", bundle(items), **(said | {"message": "m2"}))
    assert (other.account.accepted, other.before) == (0, False)
    assert other.account.duplicate == account.accepted + account.duplicate
