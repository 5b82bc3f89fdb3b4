"""HOSPITAL in its three variants: golden cases at every edge, and what was knowable."""

import pytest

from attending.errors import BadInput
from attending.scores.hospital import make
from tests.scores.event_rows import STAY, event, scored, sign, stay

ACUTE = event("ADMISSION_TYPE//URGENT", stay=STAY)
PLANNED = event("ADMISSION_TYPE//ELECTIVE", stay=STAY)
CODED_LATER = "2026-03-16T12:00"


def reading(*happened, row=None, **parameters):
    return scored(make(parameters), row or stay(), PLANNED, *happened)


def admissions(n):
    return [
        event("ENCOUNTER//ADMISSION//INPATIENT", f"2026-02-{10 + k}T10:00", stay=10 + k)
        for k in range(n)
    ]


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        ("haemoglobin", 11.9, 1),
        ("haemoglobin", 11.94, 1),
        ("haemoglobin", 11.95, 0),
        ("haemoglobin", 12.0, 0),
        ("sodium", 134, 1),
        ("sodium", 134.4, 1),
        ("sodium", 134.5, 0),
        ("sodium", 135, 0),
    ],
)
def test_the_last_result_of_the_stay(name, value, points):
    found = reading(sign(name, value))
    assert (found[name], found[f"missing_{name}"], found["total"]) == (points, False, points)


def test_an_earlier_result_or_one_of_another_stay_does_not_count():
    low, normal = sign("sodium", 120, "2026-03-12T08:00"), sign("sodium", 140)
    assert reading(low, normal)["sodium"] == 0
    before = sign("sodium", 120, "2026-03-09T08:00")
    assert reading(before)["missing_sodium"]
    assert reading(sign("sodium", 120, "2026-03-10T20:00", stay=STAY))["sodium"] == 1
    assert reading(sign("sodium", 120, unit="meq/L"))["sodium"] == 1
    assert reading(sign("haemoglobin", 110, unit="g/L"))["haemoglobin"] == 1


@pytest.mark.parametrize(
    ("variant", "numbers"),
    [
        (2013, {0: 0, 1: 2, 5: 2, 6: 5}),
        (2016, {0: 0, 1: 0, 2: 2, 5: 2, 6: 5}),
        ("simplified", {0: 0, 1: 0, 2: 2, 5: 2, 6: 5}),
    ],
)
def test_admissions_of_the_last_twelve_months(variant, numbers):
    for number, points in numbers.items():
        assert reading(*admissions(number), variant=variant)["admissions"] == points


def test_this_stay_a_year_ago_and_unrecorded_stays_do_not_count():
    own = event("ENCOUNTER//ADMISSION//INPATIENT", "2026-03-09T10:00", stay=STAY)
    assert reading(*admissions(1), own)["admissions"] == 0
    edge = event("ENCOUNTER//ADMISSION//INPATIENT", "2025-03-10T22:00", stay=2)
    beyond = event("ENCOUNTER//ADMISSION//INPATIENT", "2025-03-10T21:59", stay=3)
    assert reading(*admissions(1), edge)["admissions"] == 2
    assert reading(*admissions(1), beyond)["admissions"] == 0
    silent = reading(*admissions(6), admissions_recorded=False)
    assert (silent["admissions"], silent["missing_admissions"]) == (0, True)


@pytest.mark.parametrize(
    ("end", "points"), [("2026-03-14T12:00", 0), ("2026-03-15T12:00", 2), ("2026-04-15T12:00", 2)]
)
def test_five_nights_and_more(end, points):
    assert reading(row=stay(end=end))["stay"] == points


def test_an_urgent_admission_and_an_unknown_type():
    assert scored(make({}), stay(), ACUTE)["type"] == 1
    unknown = scored(make({}), stay())
    assert (unknown["type"], unknown["missing_type"]) == (0, True)


def test_the_service_at_discharge_decides():
    first = event("SERVICE//MED", "2026-03-11T08:00", stay=STAY)
    last = event("SERVICE//OMED", "2026-03-12T08:00", stay=STAY)
    assert reading(first, last)["oncology"] == 2
    assert reading(first)["oncology"] == 0
    assert reading()["missing_oncology"]
    ours = event("SERVICE//HAEMATOLOGY", "2026-03-12T08:00", stay=STAY)
    assert reading(ours, oncology="SERVICE//HAEMATOLOGY")["oncology"] == 2


def test_simplified_takes_cancer_for_oncology_and_no_procedure():
    cancer = event("ICD10CM//C509", "2026-01-05T10:00")
    found = reading(cancer, variant="simplified")
    assert (found["oncology"], "procedure" in found) == (2, False)
    assert reading(cancer)["oncology"] == 0
    benign = reading(event("ICD10CM//I10", "2026-01-05T10:00"), variant="simplified")
    assert (benign["oncology"], benign["missing_oncology"]) == (0, False)


def test_a_procedure_is_coded_later_and_counted_in_one_variant_alone():
    done = event("ICD10PCS//0DTJ4ZZ", "2026-03-11T00:00", known=CODED_LATER, stay=STAY)
    knowable, later = reading(done), reading(done, availability="as_coded")
    assert (knowable["procedure"], knowable["missing_procedure"]) == (0, True)
    assert (later["procedure"], later["missing_procedure"]) == (1, False)
    only_diagnoses = event("ICD10CM//I10", "2026-03-13T12:00", known=CODED_LATER, stay=STAY)
    none = reading(only_diagnoses, availability="as_coded")
    assert (none["procedure"], none["missing_procedure"]) == (0, False)
    other = event("ICD9PROC//0066", "2026-03-11T00:00", known=CODED_LATER, stay=7)
    assert reading(other, availability="as_coded")["missing_procedure"]


def test_the_worst_patient_has_thirteen_and_simplified_twelve():
    worst = [
        ACUTE, sign("haemoglobin", 8), sign("sodium", 120), *admissions(6),
        event("SERVICE//OMED", "2026-03-12T08:00", stay=STAY),
        event("ICD9PROC//0066", "2026-03-11T00:00", stay=STAY),
    ]  # fmt: skip
    row = stay(end="2026-03-20T12:00")
    assert scored(make({}), row, *worst)["total"] == 13
    assert scored(make({"variant": "simplified"}), row, *worst)["total"] == 12


def test_what_it_cannot_take_is_refused():
    for wrong in ({"variant": 2020}, {"zone": "Europe/Nowhere"}, {"haemoglobin": 3}):
        with pytest.raises(BadInput) as refused:
            make(wrong)
        assert refused.value.code == "score.parameter"
