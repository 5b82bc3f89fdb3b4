"""LACE: golden cases at every band's edge, and what was knowable at discharge."""

import pytest

from attending.errors import BadInput
from attending.scores.lace import make
from attending.scores.registered import SCORES
from tests.scores.event_rows import STAY, event, events, rows, scored, stay

ACUTE = event("ADMISSION_TYPE//EMERGENCY", stay=STAY)
PLANNED = event("ADMISSION_TYPE//ELECTIVE", stay=STAY)
BEFORE = "2026-01-05T10:00"


def ed(day, number, *, hour=10):
    """An emergency visit that ends four hours later."""
    begin, end = f"{day}T{hour:02d}:00", f"{day}T{hour + 4:02d}:00"
    arrival = event("ENCOUNTER//ADMISSION//ED", begin, stay=number)
    return [arrival, event("ENCOUNTER//DISCHARGE//ED", end, stay=number)]


def total(row, *happened, **parameters):
    return scored(make(parameters), row, *happened)["total"]


@pytest.mark.parametrize(
    ("end", "points"),
    [
        ("2026-03-10T23:59", 0),
        ("2026-03-11T00:01", 1),
        ("2026-03-12T12:00", 2),
        ("2026-03-13T12:00", 3),
        ("2026-03-14T12:00", 4),
        ("2026-03-16T12:00", 4),
        ("2026-03-17T12:00", 5),
        ("2026-03-23T12:00", 5),
        ("2026-03-24T12:00", 7),
        ("2026-06-01T12:00", 7),
    ],
)
def test_length_of_stay_counts_midnights(end, points):
    assert scored(make({}), stay(end=end), PLANNED)["stay"] == points


@pytest.mark.parametrize(
    ("kind", "points"),
    [("EMERGENCY", 3), ("URGENT", 3), ("EW EMER.", 3), ("ELECTIVE", 0)],
)
def test_every_admission_that_is_not_elective_is_acute(kind, points):
    found = scored(make({}), stay(), event(f"ADMISSION_TYPE//{kind}", stay=STAY))
    assert (found["acute"], found["missing_acute"]) == (points, False)


@pytest.mark.parametrize(
    ("codes", "points"),
    [
        (["ICD10CM//Z000"], 0),
        (["ICD10CM//I252"], 1),
        (["ICD9CM//412", "ICD9CM//4439"], 2),
        (["ICD10CM//I509"], 2),
        (["ICD10CM//F03"], 3),
        (["ICD10CM//I509", "ICD10CM//I252"], 3),
        (["ICD10CM//I509", "ICD10CM//J449"], 5),
        (["ICD10CM//B20"], 5),
        (["ICD10CM//C787"], 5),
        (["ICD10CM//N182"], 2),
        (["ICD10CM//N184"], 5),
        (["ICD10CM//N182", "ICD10CM//K703"], 2),
        (["ICD10CM//E119"], 1),
        (["ICD10CM//E119", "ICD10CM//E112"], 2),
        (["ICD10CM//C509"], 2),
        (["ICD10CM//K259", "ICD10CM//G81"], 0),
        (["ICD9CM//5851"], 2),
        (["ICD9CM//5856"], 5),
    ],
)
def test_comorbidity_takes_lace_weights_and_the_worse_of_a_pair(codes, points):
    coded = [event(code, BEFORE) for code in codes]
    assert scored(make({}), stay(), PLANNED, *coded)["comorbidity"] == points


@pytest.mark.parametrize(("visits", "points"), [(0, 0), (1, 1), (3, 3), (4, 4), (6, 4)])
def test_emergency_visits_count_up_to_four(visits, points):
    seen = [row for k in range(visits) for row in ed(f"2026-02-{10 + k}", 10 + k)]
    assert scored(make({}), stay(), PLANNED, *seen)["emergency"] == points


def test_the_visit_that_led_to_the_stay_does_not_count():
    led_here = ed("2026-03-10", 90, hour=17)
    assert scored(make({}), stay(), PLANNED, *led_here)["emergency"] == 0
    day_before = ed("2026-03-09", 91, hour=17)
    assert scored(make({}), stay(), PLANNED, *led_here, *day_before)["emergency"] == 1
    own = event("ENCOUNTER//ADMISSION//ED", "2026-03-08T10:00", stay=STAY)
    assert scored(make({}), stay(), PLANNED, own)["emergency"] == 0
    without_end = event("ENCOUNTER//ADMISSION//ED", "2026-03-10T12:00", stay=92)
    assert scored(make({}), stay(), PLANNED, without_end)["emergency"] == 0


def test_six_months_end_where_they_should():
    # 183 days before 22:00 on 10 March is 22:00 on 8 September.
    inside = event("ENCOUNTER//ADMISSION//ED", "2025-09-08T22:00", stay=1)
    outside = event("ENCOUNTER//ADMISSION//ED", "2025-09-08T21:59", stay=2)
    assert scored(make({}), stay(), PLANNED, inside)["emergency"] == 1
    assert scored(make({}), stay(), PLANNED, outside)["emergency"] == 0


def test_the_parts_add_up_to_the_published_maximum():
    seen = [row for k in range(5) for row in ed(f"2026-02-{10 + k}", 10 + k)]
    coded = event("ICD10CM//C787", BEFORE)
    assert total(stay(end="2026-03-30T12:00"), ACUTE, coded, *seen) == 19


def test_diagnoses_of_this_stay_are_coded_later_and_counted_in_one_variant_alone():
    late = event("ICD10CM//I509", "2026-03-13T12:00", known="2026-03-16T12:00", stay=STAY)
    knowable = scored(make({}), stay(), ACUTE, late)
    coded = scored(make({"availability": "as_coded"}), stay(), ACUTE, late)
    assert (knowable["comorbidity"], knowable["missing_comorbidity"]) == (0, True)
    assert (coded["comorbidity"], coded["missing_comorbidity"]) == (2, False)


def test_a_later_stay_never_counts_in_either_variant():
    later = event("ICD10CM//I509", "2026-05-01T12:00", stay=501)
    for availability in ("knowable", "as_coded"):
        found = scored(make({"availability": availability}), stay(), ACUTE, later)
        assert found["missing_comorbidity"]


def test_a_superseded_diagnosis_does_not_count():
    wrong = event("ICD10CM//B20", BEFORE, gone="2026-02-01T00:00")
    assert scored(make({}), stay(), ACUTE, wrong)["missing_comorbidity"]
    mended_later = event("ICD10CM//B20", BEFORE, gone="2026-04-01T00:00")
    assert scored(make({}), stay(), ACUTE, mended_later)["comorbidity"] == 5
    assert scored(make({"availability": "as_coded"}), stay(), ACUTE, mended_later)["total"] == 6


def test_no_visible_coding_is_missing_and_the_policy_decides_the_total():
    assert total(stay(), ACUTE) == 6
    assert total(stay(), ACUTE, policy="strict") is None
    coded = event("ICD10CM//Z000", BEFORE)
    assert total(stay(), ACUTE, coded, policy="strict") == 6
    assert total(stay(), ACUTE, coded, policy="strict", ed_recorded=False) is None


def test_midnight_is_that_of_the_hospital():
    # 22:00 UTC is 17:00 in Chicago; 04:30 UTC is 23:30 of the same day there.
    row = stay(end="2026-03-11T04:30")
    assert scored(make({}), row, PLANNED)["stay"] == 1
    assert scored(make({"zone": "America/Chicago"}), row, PLANNED)["stay"] == 0
    with pytest.raises(BadInput):
        make({"zone": "America/Chigaco"})


def test_patients_do_not_share_events():
    two = rows(stay(), stay(subject=2, encounter=600))
    made = make({}).score(events(ACUTE, event("ICD10CM//B20", BEFORE, subject=2)), two)
    assert made["comorbidity"].to_pylist() == [0, 5]
    assert made["missing_acute"].to_pylist() == [False, True]


def test_heart_failure_takes_one_point_where_a_site_says_so():
    coded = event("ICD10CM//I509", BEFORE)
    assert scored(make({"chf_points": 1}), stay(), ACUTE, coded)["comorbidity"] == 1
    for wrong in ({"chf_points": 3}, {"chf": 1}, {"policy": "lenient"}, {"elective": 3}):
        with pytest.raises(BadInput) as refused:
            SCORES.get("lace")(wrong)
        assert refused.value.code == "score.parameter"


def test_a_shard_without_events_gives_rows_all_the_same():
    made = make({}).score(events(), rows(stay()))
    assert made["total"].to_pylist() == [3] and made["missing_acute"].to_pylist() == [True]
