"""Point in time: what is in a window, what is visible, and why a value is missing."""

from __future__ import annotations

from datetime import datetime

import pytest

from attending.errors import IntegrityBroken, Refused
from attending.features.compiled import compiled
from attending.features.online import for_patient
from attending.times import HOUR, format_instant, from_micros
from tests.engines.tables import event, events
from tests.features.specs import feature, spec


def vector(definitions, rows, *, at=12.0, start=0.0):
    return for_patient(
        definitions,
        events(rows),
        subject_id=1,
        encounter_id=5,
        prediction_time=from_micros(round(at * HOUR)),
        index_start=None if start is None else from_micros(round(start * HOUR)),
    )


def value(rows, *, at=12.0, start=0.0, **more):
    return vector(spec(feature("f", **more)), rows, at=at, start=start).values[0]


def reason(rows, **more):
    return vector(spec(feature("f", **more)), rows).missing[0]


BY_EVENT_TIME = {"clock": "event"}
SECOND = 1 / 3600


@pytest.mark.requirement("B3")
def test_the_latest_lab_as_of_six_never_takes_the_noon_lab():
    labs = [event(1, 4, "LAB", 1.0), event(1, 12, "LAB", 9.0)]
    assert value(labs, at=6) == 1.0
    assert value(labs, at=12) == 9.0
    with pytest.raises(IntegrityBroken):
        for_patient(
            spec(feature("f")),
            events(labs).take([1, 0]),
            subject_id=1,
            encounter_id=None,
            prediction_time=from_micros(6 * HOUR),
            index_start=None,
        )


@pytest.mark.fault("D03")
def test_a_value_charted_before_and_filed_after_the_prediction_never_reaches_a_feature():
    rows = [
        event(1, 10, "LAB", 7.0, known=14),
        event(1, 10, "NOTE//DISCHARGE", 1.0, known=30),
        event(1, 9, "ICD10CM//A419", None, known=90),
    ]
    codes = ["LAB", "NOTE//*", "ICD10CM//*"]
    unsafe = value(rows, codes=codes, aggregate="count", **BY_EVENT_TIME)
    assert unsafe == 3.0, "the control: by event time all three leak"
    assert value(rows, codes=codes, aggregate="count") == 0.0
    assert reason(rows) == "not_yet_known"
    assert value(rows, at=14) == 7.0
    assert value(rows, codes=codes, aggregate="count", window="ever", at=90) == 3.0


@pytest.mark.fault("D20")
def test_a_late_result_does_not_rewrite_what_was_known_then():
    before = [event(1, 2, "LAB", 5.0)]
    late = [*before, event(1, 11, "LAB", 8.0, known=80)]
    assert value(late, at=12, **BY_EVENT_TIME) == 8.0, "the control: by event time it is rewritten"
    assert vector(spec(feature("f")), late).values == vector(spec(feature("f")), before).values
    assert value(late, at=80, window="7d") == 8.0


@pytest.mark.fault("D21")
def test_a_corrected_result_is_what_it_was_then_and_what_it_is_now():
    rows = [
        event(1, 5, "LAB", 9.1, known=6, superseded=20, source_row="1#1"),
        event(1, 5, "LAB", 1.9, known=20, source_row="1#2"),
    ]
    assert value(rows, at=12, **BY_EVENT_TIME) == pytest.approx(1.9), "the control: hindsight"
    assert value(rows, at=12) == pytest.approx(9.1)
    assert value(rows, at=20 - SECOND) == pytest.approx(9.1)
    assert value(rows, at=20) == pytest.approx(1.9)
    assert value(rows, at=20, aggregate="count") == 1.0
    retracted = rows[:1]
    assert value(retracted, at=12) == pytest.approx(9.1)
    assert value(retracted, at=20) is None


def test_a_window_holds_its_newest_instant_and_not_its_oldest():
    assert value([event(1, 12, "LAB", 3.0)], window="6h") == 3.0
    assert value([event(1, 6, "LAB", 3.0)], window="6h") is None
    assert value([event(1, 6 + SECOND, "LAB", 3.0)], window="6h") == 3.0
    assert value([event(1, 12 + SECOND, "LAB", 3.0)], window="6h") is None


def test_the_encounter_window_begins_with_the_stay_and_needs_one():
    rows = [event(1, 3, "LAB", 1.0), event(1, 4, "LAB", 2.0), event(1, 5, "LAB", 4.0)]
    assert value(rows, window="encounter", aggregate="sum", start=4.0) == 6.0
    assert value(rows, window="encounter", aggregate="sum", start=None) is None
    assert value(rows, window="ever", aggregate="sum") == 7.0


def test_ties_are_broken_by_known_at_and_then_by_the_larger_value():
    tied = [event(1, 5, "LAB", 9.0), event(1, 5, "LAB", 2.0), event(1, 5, "OTHER", 4.0)]
    assert value(tied, codes=["LAB", "OTHER"]) == 9.0
    assert value(tied, codes=["LAB", "OTHER"], aggregate="first") == 2.0
    assert value([*tied, event(1, 5, "LAB", 1.0, known=6)]) == 1.0


def test_a_group_of_codes_is_one_series_and_a_star_is_a_prefix():
    rows = [event(1, 1, "ICD10CM//I501", None), event(1, 2, "ICD10CM//I10", None)]
    assert value(rows, codes=["ICD10CM//I50*"], aggregate="count") == 1.0
    lists = [{"name": "heart", "version": "2", "codes": ["ICD10CM//I*"]}]
    definitions = spec(
        feature("f", codes=[], code_list="heart", aggregate="count"), code_lists=lists
    )
    assert vector(definitions, rows).values == (2.0,)


@pytest.mark.parametrize(
    ("rows", "more", "expected"),
    [
        ([], {}, "never_measured"),
        ([event(1, 13, "LAB", 1.0)], {}, "never_measured"),
        ([event(1, 11, "LAB", 1.0, known=13)], {}, "not_yet_known"),
        ([event(1, 2, "LAB", 1.0)], {"window": "6h"}, "out_of_window"),
        ([event(1, 2, "LAB", 1.0, superseded=3)], {"window": "6h"}, "never_measured"),
        ([event(1, 11, "LAB", 99.0)], {"plausible": {"low": 0, "high": 9}}, "implausible"),
        ([event(1, 11, "LAB", 1.0, unit="g/dL")], {"unit": "mg/dL"}, "other_unit"),
        ([event(1, 11, "LAB", 1.0)], {"unit": "mg/dL"}, "other_unit"),
        ([event(1, 11, "LAB", None)], {}, "no_value"),
        ([event(1, 11, "LAB", 1.0)], {"aggregate": "slope"}, "too_few"),
        ([event(1, 11, "LAB", 1.0), event(1, 11, "LAB", 3.0)], {"aggregate": "slope"}, "too_few"),
        ([event(1, 11, "LAB", 1.0)], {}, None),
    ],
)
def test_a_missing_value_says_why(rows, more, expected):
    assert reason(rows, **more) == expected


def test_counts_are_never_missing_and_look_at_rows_without_a_value():
    rows = [event(1, 11, "LAB", None), event(1, 10, "LAB", 5.0)]
    assert value(rows, aggregate="count") == 2.0
    assert value([], aggregate="count") == 0.0
    assert value([], aggregate="any") == 0.0
    assert value(rows, aggregate="time_since_last") == 1.0
    assert value([], aggregate="time_since_last") is None


def test_trends_are_per_hour_and_read_forwards():
    rows = [event(1, hour, "LAB", 2.0 * hour) for hour in (2, 4, 6)]
    assert value(rows, aggregate="slope") == pytest.approx(2.0)
    assert value(rows, aggregate="delta") == 8.0
    assert value(rows, aggregate="range") == 8.0
    assert value(rows, aggregate="std") == pytest.approx(4.0)


def test_each_input_says_when_it_was_taken_and_when_it_was_known():
    rows = [event(1, 8, "LAB", 1.0, known=9.5), event(1, 2, "LAB", 0.0)]
    found = vector(spec(feature("f", freshness="3h"), feature("g", codes=["NONE"])), rows)
    first, second = found.inputs()
    assert format_instant(first.time) == "1970-01-01T08:00:00Z"
    assert format_instant(first.known_at) == "1970-01-01T09:30:00Z"
    assert first.stale
    assert (second.value, second.time, second.known_at, second.stale) == (None, None, None, False)
    fresh = vector(spec(feature("f", freshness="4h")), rows)
    assert fresh.stale == (False,)


def hours(text):
    return datetime.fromisoformat(f"{text}T00:00:00+00:00").timestamp() / 3600


def test_age_sex_and_the_calendar_come_from_what_is_visible():
    birth = {"known": 1}
    rows = [
        event(1, hours("1952-01-02"), "MEDS_BIRTH", **birth),
        event(1, None, "GENDER//F", known=1),
        event(1, 4, "LAB", 30.0),
        event(1, 3, "LAB", 10.0),
    ]
    definitions = spec(
        feature("age", kind="age"),
        feature("female", kind="static", codes=["GENDER//F"]),
        feature("male", kind="static", codes=["GENDER//M"]),
        feature("medicare", kind="static", codes=["INSURANCE//MEDICARE"]),
        feature("hour", kind="calendar", part="hour"),
        feature("weekday", kind="calendar", part="weekday"),
        feature("month", kind="calendar", part="month"),
        feature("stay", kind="stay_hours"),
        feature("low", aggregate="min"),
        feature("high", aggregate="max"),
        feature("ratio", kind="derived", expression={"op": "ratio", "of": ["high", "low"]}),
    )
    found = vector(definitions, rows, at=24.0, start=6.0)
    assert found.values == (18.0, 1.0, 0.0, None, 0.0, 4.0, 1.0, 18.0, 10.0, 30.0, 3.0)
    assert found.missing[3] == "never_measured"
    assert found.newest_time_us[1] is None
    assert found.newest_known_us[1] == HOUR
    assert found.newest_time_us[10] == 4 * HOUR
    unknown = vector(definitions, [], at=24.0, start=None)
    assert unknown.values[:4] == (None,) * 4
    assert unknown.values[7] is None
    assert unknown.missing[10] == "never_measured"


def test_a_ratio_over_zero_is_missing_and_not_infinite():
    rows = [event(1, 4, "LAB", 0.0)]
    definitions = spec(
        feature("low"),
        feature("high", aggregate="max"),
        feature("r", kind="derived", expression={"op": "ratio", "of": ["high", "low"]}),
    )
    found = vector(definitions, rows)
    assert (found.values[2], found.missing[2]) == (None, "no_value")


def test_a_retired_feature_is_refused_and_a_deprecated_one_is_told():
    with pytest.raises(Refused, match="'f' is retired") as refused:
        compiled(spec(feature("f", status="retired", replacement="g"), feature("g")))
    assert "'g'" in refused.value.hint
    notes = compiled(spec(feature("f", status="deprecated", replacement="g"), feature("g"))).notes
    assert notes == ("feature 'f' is deprecated; use 'g'",)
