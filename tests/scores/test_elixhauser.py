"""Elixhauser with van Walraven's weights: golden cases and hierarchy."""

import pytest

from attending.scores.elixhauser import make, weights
from attending.scores.packaged import code_list
from tests.scores.event_rows import event, scored, stay

BEFORE = "2026-01-05T10:00"


@pytest.mark.parametrize(
    ("codes", "total"),
    [
        (["ICD10CM//Z000"], 0),
        (["ICD10CM//I509"], 7),
        (["ICD10CM//I480"], 5),
        (["ICD10CM//I340"], -1),
        (["ICD10CM//I2699"], 4),
        (["ICD10CM//I702"], 2),
        (["ICD10CM//G819"], 7),
        (["ICD10CM//G35"], 6),
        (["ICD10CM//J449"], 3),
        (["ICD10CM//E119"], 0),
        (["ICD10CM//N184"], 5),
        (["ICD10CM//K746"], 11),
        (["ICD10CM//C819"], 9),
        (["ICD10CM//C509"], 4),
        (["ICD10CM//C787"], 12),
        (["ICD10CM//C509", "ICD10CM//C787"], 12),
        (["ICD10CM//D65"], 3),
        (["ICD10CM//E669"], -4),
        (["ICD10CM//E46"], 6),
        (["ICD10CM//E871"], 5),
        (["ICD10CM//D500"], -2),
        (["ICD10CM//D509"], -2),
        (["ICD10CM//F112"], -7),
        (["ICD10CM//F329"], -3),
        (["ICD10CM//I426"], 7),
        (["ICD9CM//4280", "ICD9CM//27651"], 12),
        (["ICD9CM//V6542"], -7),
    ],
)
def test_weights_and_hierarchy(codes, total):
    found = scored(make({}), stay(), *[event(code, BEFORE) for code in codes])
    assert found["total"] == total


def test_one_code_may_show_two_conditions():
    found = scored(make({}), stay(), event("ICD10CM//I110", BEFORE))
    assert found["chf"] == 7
    assert {"chf", "hypc"} <= code_list("elixhauser").classes_of("ICD10CM//I110")


def test_the_ends_of_the_published_range():
    values = weights()
    assert sum(points for points in values.values() if points < 0) == -19
    # The paper adds both cancers, which the hierarchy never does.
    assert sum(points for points in values.values() if points > 0) == 89


def test_no_codes_are_missing_and_not_zero():
    found = scored(make({"policy": "strict"}), stay(), event("GENDER//F", BEFORE))
    assert found["total"] is None and found["missing_chf"] and found["completeness"] == 0.0


def test_codes_that_come_later_count_in_one_variant_alone():
    late = event("ICD10CM//I509", "2026-03-13T12:00", known="2026-03-16T12:00", stay=500)
    assert scored(make({}), stay(), late)["missing_chf"]
    later = scored(make({"availability": "as_coded"}), stay(), late)
    assert later["total"] == 7
    assert later["known_at_chf"].isoformat() == "2026-03-16T12:00:00"
