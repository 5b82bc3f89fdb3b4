"""D01 to D05: a model that sees the outcome is refused before it is fitted."""

from __future__ import annotations

import pytest

from attending.hospital.faults_leaks import ACTION, PROXY
from tests.faults.conftest import AT

_ORDER = {"window": "encounter", "aggregate": "any"}


@pytest.fixture
def sound(ward):
    """A ward with a sound extract, whose checklist refuses no feature."""
    ward.ingest(ward.write()[0])
    ward.study()
    return ward


def test_a_sound_extract_leaks_nothing(sound):
    assert not [gate for gate in sound.refusals() if gate.startswith(("leak.", "split."))]


@pytest.mark.fault("D01")
def test_d01_an_act_of_a_clinician_that_betrays_the_outcome_is_refused(ward):
    ward.feature("home_nursing", codes=[f"MEDICATION//{ACTION}"], **_ORDER)
    ward.ingest(ward.write("D01")[0])
    ward.study()
    # Control: nothing of the tables looks wrong, and the feature alone ranks the outcome.
    assert ward.auroc("home_nursing") > 0.8
    assert ward.asked("contract", "check").json["checks"]
    assert ward.asked("gate", "leaks").json["features"]
    where = ("--project", str(ward.project), "--home", str(ward.home), "--at", AT)
    told = ward.run("gate", "leaks", *where).out
    assert "met: what a prediction reads was known by then" in told
    told = ward.run("contract", "check", *where).out
    assert "17 promises checked, 1 broken\nbroken as a warning" in told
    # Guard: the checklist names the feature, with the ranking over all rows and before the act.
    assert ward.refusals()["leak.clinician_action"] == {"home_nursing"}
    said = ward.asked("gate", "check", "pretrain", code=3)
    told = [item for item in said.json["findings"] if item["gate"] == "leak.clinician_action"]
    assert "before the first such act" in told[0]["reason"]


@pytest.mark.fault("D02")
def test_d02_a_drug_that_only_the_outcome_brings_is_refused_by_the_list_of_proxies(ward):
    ward.feature("bundle", codes=[f"MEDICATION//{PROXY}"], **_ORDER)
    ward.ingest(ward.write("D02")[0])
    ward.study()
    # Control: without the list the name of a drug says nothing, and it ranks the outcome.
    assert ward.auroc("bundle") > 0.75
    assert "leak.outcome_proxy" not in ward.refusals()
    # Guard: the label lists its proxies.
    ward.specs("cohort", lambda spec: spec["label"].update(proxies=[f"MEDICATION//{PROXY}"]))
    ward.study()
    found = ward.refusals()
    assert found["leak.outcome_proxy"] == {"bundle"}


@pytest.mark.fault("D03")
def test_d03_results_that_were_filed_days_later_are_not_seen_at_the_prediction(ward):
    ward.specs("features", lambda spec: spec.update(features=spec["features"][:2]))
    last = {"codes": ["LOINC//718-7"], "window": "24h", "aggregate": "last", "unit": "g/dL"}
    ward.feature("by_event", clock="event", **last)
    ward.feature("by_availability", **last)
    ward.ingest(ward.write("D03", "--since", "2022-01-01T00:00:00Z")[0])
    ward.study()
    # Control: read by event time, most predictions see a result of their last day.
    assert ward.present("by_event") > 0.5
    # Guard: by availability hardly any does, and the gate refuses to build on either.
    assert ward.present("by_availability") < 0.05
    said = ward.asked("gate", "leaks", code=3)
    refused = {item["feature"] for item in said.json["features"] if item["verdict"] == "failed"}
    assert refused == {"by_event", "by_availability"}
    assert "refused [leak.availability]" in said.err


@pytest.mark.fault("D04")
def test_d04_a_random_split_and_patients_on_both_sides_are_refused(sound):
    # Control: declared off, the same patients are fitted on and tested on.
    fitted = sound.asked("train", "fit").json
    assert fitted["split"]["overlap_patients"] > 10
    # Rows whose outcome came after the cut were on no side: they are counted as purged.
    assert fitted["split"]["purged"] + fitted["split"]["embargoed"] > 10
    # Guard: they are counted and refused, and so are rows that were drawn at random.
    sound.specs("model", lambda spec: spec["split"].pop("patient_overlap"))
    said = sound.asked("train", "fit", code=3)
    assert "refused [leak.group_overlap]" in said.err
    assert f"{fitted['split']['overlap_patients']} patients" in said.err
    sound.specs("model", lambda spec: spec.update(split={"kind": "random"}))
    assert "refused [split.not_temporal]" in sound.asked("train", "fit", code=3).err
    assert "split.temporal" in sound.refusals()


@pytest.mark.fault("D05")
def test_d05_a_feature_that_is_the_outcome_in_disguise_is_refused(ward):
    review = {"codes": ["NOTE//READMISSION_REVIEW"], "window": "encounter", "aggregate": "last"}
    ward.feature("review", **review)
    ward.ingest(ward.write("D05")[0])
    ward.study()
    # Control: it is signed in time, so no clock tells, and it is the outcome with some noise.
    assert ward.auroc("review") > 0.97
    assert ward.asked("gate", "leaks").json["features"]
    # Guard: before the fit, and at the fit for who did not ask.
    assert "review" in ward.refusals()["leak.too_good"]
    assert "refused [leak.too_good]" in ward.asked("train", "fit", code=3).err
    # A label that stands for another thing, as cost does for need, must say what it misses; and
    # none may leave open what it stands for.
    cost = {"meaning": "need of care, by what it cost", "proxy": True, "note": ""}
    ward.specs("cohort", lambda spec: spec.update(construct=cost))
    said = ward.asked("cohort", "build", code=2)
    assert "a proxy label needs a note: what it misses, and for whom" in said.err
    ward.specs("cohort", lambda spec: spec.pop("construct"))
    said = ward.asked("cohort", "build", code=2)
    assert "construct" in said.err
