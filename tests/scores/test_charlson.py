"""The Charlson index: golden cases for both sets of weights."""

import pytest

from attending.errors import BadInput
from attending.scores.charlson import make
from attending.scores.charlson_codes import CONDITIONS, WEIGHTS, conditions_of
from tests.scores.event_rows import event, scored, stay

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
    one_each = [
        event(f"ICD10CM//{ten.split()[0].split('..')[0]}", BEFORE) for _, ten in CONDITIONS.values()
    ]
    assert scored(make({}), stay(), *one_each)["total"] == 24
    assert scored(make({"weights": 1987}), stay(), *one_each)["total"] == 29


def test_icd_9_codes_are_not_read_with_the_icd_10_list():
    assert conditions_of("ICD9CM//E119") == set()
    assert conditions_of("ICD10CM//4280") == set()
    assert conditions_of("ICD10PCS//I509") == set()


def test_no_codes_are_missing_and_not_zero():
    found = scored(make({"policy": "strict"}), stay(), event("GENDER//F", BEFORE))
    assert found["total"] is None and found["missing_chf"]
    with pytest.raises(BadInput):
        make({"weights": 2005})


def test_every_condition_has_both_weights():
    assert all(set(weights) == set(CONDITIONS) for weights in WEIGHTS.values())
