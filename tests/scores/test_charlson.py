"""The Charlson index: golden cases for both sets of weights."""

import pytest

from attending.errors import BadInput
from attending.scores.charlson import make, weights_of
from attending.scores.packaged import code_list
from tests.scores.event_rows import event, scored, stay

CONDITIONS = code_list("charlson")
BEFORE = "2026-01-05T10:00"


@pytest.mark.parametrize(
    ("codes", "old", "new"),
    [
        (["ICD10CM//Z000"], 0, 0),
        (["ICD10CM//I214"], 1, 0),
        (["ICD10CM//I509"], 1, 2),
        (["ICD10CM//F0390"], 1, 2),
        (["ICD10CM//J449"], 1, 1),
        (["ICD10CM//K709"], 1, 2),
        (["ICD10CM//K709", "ICD10CM//K721"], 3, 4),
        (["ICD10CM//E119"], 1, 0),
        (["ICD10CM//E119", "ICD10CM//E1122"], 2, 1),
        (["ICD10CM//C509"], 2, 2),
        (["ICD10CM//C509", "ICD10CM//C787"], 6, 6),
        (["ICD10CM//B20"], 6, 4),
        (["ICD9CM//042"], 6, 4),
        (["ICD9CM//1958"], 2, 2),
        (["ICD9CM//1739"], 0, 0),
        (["ICD9CM//V451"], 2, 1),
        (["ICD10CM//I509", "ICD10CM//I501"], 1, 2),
    ],
)
def test_weights_and_hierarchy(codes, old, new):
    coded = [event(code, BEFORE) for code in codes]
    assert scored(make({"weights": 1987}), stay(), *coded)["total"] == old
    assert scored(make({}), stay(), *coded)["total"] == new


def test_the_largest_sums_are_those_of_the_papers():
    one_each = [event(found.codes[1].patterns()[0][:-1], BEFORE) for found in CONDITIONS.classes]
    assert scored(make({}), stay(), *one_each)["total"] == 24
    assert scored(make({"weights": 1987}), stay(), *one_each)["total"] == 29


def test_icd_9_codes_are_not_read_with_the_icd_10_list():
    for code in ("ICD9CM//E119", "ICD10CM//4280", "ICD10PCS//I509"):
        assert CONDITIONS.classes_of(code) == set()


def test_no_codes_are_missing_and_not_zero():
    found = scored(make({"policy": "strict"}), stay(), event("GENDER//F", BEFORE))
    assert found["total"] is None and found["missing_chf"]
    with pytest.raises(BadInput):
        make({"weights": 2005})


def test_every_condition_has_both_weights():
    for year in (1987, 2011):
        assert tuple(weights_of(year)) == CONDITIONS.names


@pytest.mark.parametrize(
    ("born", "points"),
    [
        ("1976-03-14T00:00", 0),
        ("1976-03-13T00:00", 1),
        ("1966-03-14T00:00", 1),
        ("1966-03-13T00:00", 2),
        ("1956-03-13T00:00", 3),
        ("1946-03-14T00:00", 3),
        ("1946-03-13T00:00", 4),
        ("1930-01-01T00:00", 4),
    ],
)
def test_age_adds_a_point_for_each_decade_where_it_is_asked_for(born, points):
    birth = event("MEDS_BIRTH", born)
    coded = event("ICD10CM//Z000", BEFORE)
    found = scored(make({"weights": 1987, "age": True}), stay(), birth, coded)
    assert (found["age"], found["missing_age"], found["total"]) == (points, False, points)
    assert "age" not in scored(make({"weights": 1987}), stay(), birth, coded)
