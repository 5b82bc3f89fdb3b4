"""Each kind of label on hand-made patients: what counts, from when, and what is refused."""

from __future__ import annotations

import pytest

from attending.cohort.build import build
from attending.times import parse_instant
from tests.cohort.patients import birth, cohort, death, hour, landmark, stay
from tests.engines.tables import engine, event, events

END = parse_instant("2030-01-01T00:00:00Z")
STAY = ("2024-03-08T08:00", "2024-03-12T08:00")
LACTATE = "LOINC//2524-7"


def built(tmp_path, label, rows, *, spec=cohort, as_of=END, **more):
    asked = {"competing": {"death": "no_event"}, "horizon": "2d", **label}
    asked = {name: value for name, value in asked.items() if value is not None}
    made = spec(label=asked, **more) if spec is landmark else _plain(asked, more)
    local = engine(tmp_path, events(rows))
    return build(made, local, as_of=as_of)


def _plain(asked, more):
    said = landmark().model_dump(mode="json")
    index = {"event": "landmark", "after": "24h"}
    return type(landmark()).model_validate({**said, "index": index, "label": asked, **more})


def one(tmp_path, label, rows, **more):
    _, table = built(tmp_path, label, [birth(1, "1950-01-01"), *stay(1, 1, *STAY), *rows], **more)
    (row,) = table.to_pylist()
    return row


def value(text, number, **more):
    return event(1, hour(text), LACTATE, number, unit=more.pop("unit", "mmol/L"), **more)


def threshold(**sustained):
    asked = {"codes": [LACTATE], "comparison": "above", "value": 2.0, "unit": "mmol/L"}
    return {"kind": "threshold", "threshold": {**asked, **sustained}}


@pytest.mark.requirement("A6")
def test_any_of_some_codes_after_the_prediction_is_an_event(tmp_path):
    label = {"kind": "codes", "codes": {"any_of": ["ICD10CM//A41*", "ICD10CM//R6521"]}}
    before = event(1, hour("2024-03-09T08:00"), "ICD10CM//A419")
    last = event(1, hour("2024-03-11T08:00"), "ICD10CM//R6521")
    late = event(1, hour("2024-03-11T08:01"), "ICD10CM//A419")
    assert one(tmp_path, label, [before, late])["status"] == "no_event"
    assert one(tmp_path, label, [last])["label"] == 1
    with pytest.raises(ValueError, match="'codes' is for labels of that kind"):
        one(tmp_path, {"kind": "codes"}, [])


def test_a_later_stay_of_a_class_is_an_event(tmp_path):
    label = {"kind": "encounter", "encounter": {"classes": ["ICU"]}}
    icu = stay(1, 2, "2024-03-10T00:00", "2024-03-11T00:00", place="ICU")
    assert one(tmp_path, label, icu)["label"] == 1
    assert one(tmp_path, label, [])["label"] == 0


def test_death_in_the_horizon_counts_in_hospital_or_not(tmp_path):
    label = {"kind": "death", "competing": None, "horizon": "30d"}
    assert one(tmp_path, label, [death(1, "2024-04-08T08:00")])["label"] == 1
    assert one(tmp_path, label, [death(1, "2024-04-08T08:01")])["label"] == 0


def test_a_value_crosses_in_its_own_unit_only(tmp_path):
    assert one(tmp_path, threshold(), [value("2024-03-10T00:00", 2.5)])["label"] == 1
    assert one(tmp_path, threshold(), [value("2024-03-10T00:00", 2.0)])["label"] == 0
    in_mg = value("2024-03-10T00:00", 25.0, unit="mg/dL")
    assert one(tmp_path, threshold(), [in_mg])["label"] == 0


def test_a_condition_must_be_sustained_for_its_length(tmp_path):
    label = threshold(sustained={"lasting": "6h"})
    run = [value("2024-03-10T00:00", 3.0), value("2024-03-10T07:00", 3.0)]
    row = one(tmp_path, label, run)
    assert (row["label"], str(row["label_time"])) == (1, "2024-03-10 06:00:00")
    broken = [*run, value("2024-03-10T03:00", 1.0)]
    assert one(tmp_path, label, broken)["label"] == 0
    assert one(tmp_path, label, [run[0], value("2024-03-10T05:59", 3.0)])["label"] == 0


def test_two_of_three_values_must_hold(tmp_path):
    label = threshold(sustained={"k": 2, "n": 3})
    numbers = [3.0, 1.0, 1.0, 3.0, 1.0, 3.0]
    rows = [value(f"2024-03-10T0{n}:00", number) for n, number in enumerate(numbers)]
    assert str(one(tmp_path, label, rows)["label_time"]) == "2024-03-10 05:00:00"
    assert one(tmp_path, label, rows[:5])["label"] == 0
    with pytest.raises(ValueError, match="expected k at most n"):
        one(tmp_path, threshold(sustained={"k": 4, "n": 3}), [])


SEPSIS = {
    "kind": "sepsis3",
    "sepsis3": {
        "antibiotics": ["RXNORM//*"],
        "cultures": ["LOINC//600-7"],
        "sofa": {"platelets": ["LOINC//777-3"], "creatinine": ["LOINC//2160-0"]},
    },
}


def infected(drug="2024-03-10T00:00", culture="2024-03-10T02:00", creatinine=2.0):
    return [
        event(1, hour(drug), "RXNORM//1"),
        event(1, hour(culture), "LOINC//600-7"),
        event(1, hour("2024-03-09T18:00"), "LOINC//2160-0", 1.0),
        event(1, hour("2024-03-10T12:00"), "LOINC//2160-0", creatinine),
    ]


def test_sepsis_is_a_suspicion_with_a_rise_of_two_points(tmp_path):
    row = one(tmp_path, SEPSIS, infected())
    assert (row["label"], str(row["label_time"])) == (1, "2024-03-10 00:00:00")
    by_rise = {**SEPSIS, "sepsis3": {**SEPSIS["sepsis3"], "onset": "sofa"}}
    assert str(one(tmp_path, by_rise, infected())["label_time"]) == "2024-03-10 12:00:00"
    assert one(tmp_path, SEPSIS, infected(creatinine=1.9))["label"] == 0
    assert one(tmp_path, SEPSIS, infected()[1:])["label"] == 0


def test_a_culture_counts_for_a_day_after_the_drug_and_a_drug_for_three_after_the_culture(tmp_path):
    drug = "2024-03-10T00:00"
    assert one(tmp_path, SEPSIS, infected(drug, "2024-03-11T00:00"))["label"] == 1
    assert one(tmp_path, SEPSIS, infected(drug, "2024-03-11T00:01"))["label"] == 0
    early = {**SEPSIS, "sepsis3": {**SEPSIS["sepsis3"], "onset": "max"}}
    culture = "2024-03-09T12:00"
    assert one(tmp_path, early, infected("2024-03-12T12:00", culture))["label"] == 1
    assert one(tmp_path, early, infected("2024-03-12T12:01", culture))["label"] == 0


@pytest.mark.requirement("E20")
def test_remaining_days_is_a_number_and_a_death_competes_with_it(tmp_path):
    label = {"kind": "remaining_days", "horizon": None, "competing": {"death": "competing"}}
    row = one(tmp_path, label, [])
    assert (row["outcome_days"], row["label"], row["status"]) == (3.0, None, "event")
    row = one(tmp_path, label, [death(1, STAY[1])])
    assert (row["outcome_days"], row["status"]) == (None, "competing")
    with pytest.raises(ValueError, match="looks to the end of the stay"):
        one(tmp_path, {**label, "horizon": "2d"}, [])
    whole = {**label, "kind": "length_of_stay"}
    assert one(tmp_path, whole, [])["outcome_days"] == 4.0


@pytest.mark.requirement("A8")
def test_what_is_seen_after_follow_up_ended_does_not_count(tmp_path):
    label = {"kind": "codes", "codes": {"any_of": ["ICD10CM//A419"]}}
    sick = event(1, hour("2024-03-11T00:00"), "ICD10CM//A419")
    moved = event(1, hour("2024-03-10T00:00"), "FOLLOW_UP//ENDED")
    assert one(tmp_path, label, [sick, moved])["status"] == "event"
    lost = {"follow_up_ends": ["FOLLOW_UP//ENDED"]}
    row = one(tmp_path, label, [sick, moved], censoring=lost)
    assert (row["label"], row["status"]) == (None, "censored")
    with pytest.raises(ValueError, match="an immature outcome is never a negative"):
        one(tmp_path, label, [], censoring={"end_of_data": False})


def test_another_event_competes_when_it_comes_first(tmp_path):
    label = {
        "kind": "codes",
        "codes": {"any_of": ["ICD10CM//A419"]},
        "competing": {"death": "competing", "codes": ["PROC//TRANSPLANT"]},
    }
    sick = event(1, hour("2024-03-11T00:00"), "ICD10CM//A419")
    first = event(1, hour("2024-03-10T00:00"), "PROC//TRANSPLANT")
    assert one(tmp_path, label, [sick, first])["status"] == "competing"
    after = event(1, hour("2024-03-11T01:00"), "PROC//TRANSPLANT")
    assert one(tmp_path, label, [sick, after])["status"] == "event"


def test_an_event_that_was_known_late_waits_for_the_delay_from_then_on(tmp_path):
    label = {"kind": "codes", "codes": {"any_of": ["ICD10CM//A419"]}, "delay": "3d"}
    late = event(1, hour("2024-03-11T00:00"), "ICD10CM//A419", known=hour("2024-03-20T00:00"))
    assert str(one(tmp_path, label, [late])["matured_at"]) == "2024-03-23 00:00:00"
    early = one(tmp_path, label, [late], as_of=parse_instant("2024-03-22T00:00:00Z"))
    assert early["status"] == "immature"
    assert str(one(tmp_path, label, [])["matured_at"]) == "2024-03-14 08:00:00"


TABLES = {
    "algorithm": "CMS-PRA-4.0-approx",
    "always_procedures": ["ICD10PCS//30243*"],
    "always_diagnoses": ["ICD10CM//Z5111"],
    "potential_procedures": ["ICD10PCS//0SR*"],
    "acute_diagnoses": ["ICD10CM//S72*"],
}


@pytest.mark.requirement("A9")
@pytest.mark.parametrize(
    ("codes", "label"),
    [
        ([("ICD10PCS//30243G0", 1)], 0),
        ([("ICD10CM//Z5111", 1)], 0),
        ([("ICD10CM//Z5111", 2)], 1),
        ([("ICD10PCS//0SR9019", 1), ("ICD10CM//M1611", 1)], 0),
        ([("ICD10PCS//0SR9019", 1), ("ICD10CM//S72001A", 1)], 1),
        ([("ICD10CM//I5021", 1)], 1),
    ],
)
def test_the_tables_say_which_readmissions_were_planned(tmp_path, codes, label):
    rows = [birth(1, "1950-01-01"), *stay(1, 1, "2024-03-08", "2024-03-10")]
    rows += stay(1, 2, "2024-03-20", "2024-03-22")
    at = hour("2024-03-22")
    rows += [event(1, at, code, float(rank), encounter_id=2) for code, rank in codes]
    spec = cohort(label={"readmission": {"planned": {"tables": TABLES}}})
    _, table = build(spec, engine(tmp_path, events(rows)), as_of=END)
    assert table["label"].to_pylist()[0] == label
    with pytest.raises(ValueError, match="needs 'acute_diagnoses'"):
        cohort(label={"readmission": {"planned": {"tables": {**TABLES, "acute_diagnoses": []}}}})
