"""A record system asks with FHIR: the same patient gets the batch's score, another's is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from attending.errors import BadInput, NotFound
from attending.hospital.fhir import write_fhir
from attending.ingest.one_patient import patient_rows
from attending.lifecycle import hooks, simulating
from attending.lifecycle.answering import answering
from attending.lifecycle.hooks import Asked, Said
from attending.serve.asked_events import as_events
from attending.serve.score import score_one
from attending.times import parse_instant
from tests.lifecycle.ward import SECOND, make_ward


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("hooks"))
    yield made
    made.desk.home.close()


@pytest.fixture(scope="module")
def answers(ward):
    found = answering(ward.desk.home.root, [ward.project], clock=lambda: SECOND)
    yield found
    found.home.close()


@pytest.fixture(scope="module")
def chart(tmp_path_factory):
    """The FHIR resources of every patient of the same hospital, by patient."""
    folder = tmp_path_factory.mktemp("fhir")
    hospital = simulating.build_hospital(patients=1200, years=3, seed=7)
    write_fhir(hospital, folder, until=SECOND)
    found: dict[str | None, list[dict[str, object]]] = {}
    for path in sorted(folder.glob("*.ndjson")):
        for line in path.read_text().splitlines():
            item = json.loads(line)
            found.setdefault(hooks.whose(item), []).append(item)
    return found


@pytest.fixture(scope="module")
def inpatient(chart):
    """A call for a patient whose newest stay is in a bed."""
    for whose, items in chart.items():
        stays = [one for one in items if one["resourceType"] == "Encounter"]
        beds = [one for one in stays if one["class"]["code"] == "IMP"]
        if beds and sum(one["resourceType"] == "Observation" for one in items) > 30:
            newest = max(beds, key=lambda one: one["period"]["start"])
            return as_asked(whose.partition("/")[2], newest["id"], items)
    raise AssertionError("no patient lay in a bed")


def as_asked(patient, encounter, items, **more):
    fields = {
        "model": "readmission-30d",
        "decision_point": "discharge",
        "patient": patient,
        "encounter": encounter,
        "resources": tuple(items),
        "gaps": (),
        "asker": "ehr:https://ehr.example",
        "call": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    }
    return Asked(**(fields | more))


def entries(answers, action):
    return [entry for entry in answers.home.ledger.entries() if entry.action == action]


@pytest.mark.requirement("G4")
def test_a_hook_gets_a_prediction_from_fhir_that_is_kept_like_any_other(answers, inpatient):
    made = hooks.predict(answers, inpatient)
    assert not made.before
    assert made.content["score"] is not None
    seen = [one["feature"] for one in made.content["inputs"] if one["known_at"] is not None]
    assert {"age", "haemoglobin_last", "admissions_12m"} <= set(seen)
    assert entries(answers, "score.one")[-1].actor == inpatient.asker
    again = hooks.predict(answers, replace(inpatient, resources=inpatient.resources[::-1]))
    assert (again.before, again.content) == (True, made.content)


def test_the_same_rows_as_events_give_the_same_bits(answers, inpatient):
    made = hooks.predict(answers, inpatient).content
    rows = patient_rows(
        inpatient.resources,
        patient=inpatient.patient,
        encounter=inpatient.encounter,
        key=answers.home.pseudonym_key(),
    )
    leave = ("subject_id", "source", "source_row")
    events = tuple(
        {name: value for name, value in row.items() if name not in leave}
        for row in rows.events.to_pylist()
    )
    again = score_one(
        answers.served("readmission-30d").asked(SECOND, decision_point=None, user_role=None),
        as_events(events, subject_id=rows.subject_id),
        subject_id=rows.subject_id,
        encounter_id=rows.encounter_id,
        prediction_time=SECOND,
        index_start=parse_instant(made["index_start"]),
    )
    assert again.score == made["score"]


@pytest.mark.fault("S10")
def test_s10_resources_of_another_patient_are_refused_and_the_ledger_says_so(
    answers, inpatient, chart
):
    whose = f"Patient/{inpatient.patient}"
    other = next(
        item
        for name, items in chart.items()
        if name not in {None, whose}
        for item in items
        if item["resourceType"] == "Observation"
    )
    size = len(entries(answers, "score.one"))
    mixed = replace(inpatient, resources=(*inpatient.resources, other))
    with pytest.raises(BadInput) as refused:
        hooks.predict(answers, mixed)
    assert refused.value.code == "patient.mismatch"
    assert inpatient.patient not in str(refused.value)
    assert entries(answers, "hook.mismatch")[-1].details["resources"] == 1
    assert len(entries(answers, "score.one")) == size


def test_what_did_not_come_is_named_with_the_score(answers, inpatient):
    few = tuple(one for one in inpatient.resources if one["resourceType"] != "Observation")
    asked = replace(inpatient, resources=few, gaps=("prefetch:observations:error",))
    later = answering(answers.home.root, [*answers.projects.values()], clock=lambda: _LATER)
    made = hooks.predict(later, asked).content
    later.home.close()
    assert "prefetch:observations:error" in made["degraded"]
    assert next(one for one in made["inputs"] if one["feature"] == "sodium_last")["value"] is None


_LATER = SECOND + timedelta(minutes=1)


@pytest.mark.requirement("H15")
def test_what_became_of_a_card_is_kept_once_with_its_reason(answers, inpatient):
    made = hooks.predict(answers, inpatient)
    said = Said(made.request_id, "overridden", at=SECOND, reason="disagree", comment="looks well")
    assert hooks.keep_feedback(answers, [said], by=inpatient.asker) == 1
    assert hooks.keep_feedback(answers, [said], by=inpatient.asker) == 0
    kept = answers.home.predictions.answers(made.request_id)
    assert [one.answer for one in kept] == ["overridden"]
    entry = entries(answers, "feedback.card")[-1]
    assert dict(entry.details)["reason"] == "disagree"
    assert "looks well" not in json.dumps(entry.content())
    with pytest.raises(NotFound):
        hooks.keep_feedback(answers, [replace(said, request_id="0" * 32)], by=inpatient.asker)
