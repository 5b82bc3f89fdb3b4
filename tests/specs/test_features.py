"""What `features.yaml` may say, and how it is refused with the line and the field."""

from __future__ import annotations

import pytest

from attending.errors import BadInput
from attending.specs.base import dump
from attending.specs.features import FeaturesSpec
from attending.specs.read_yaml import parse_spec

TEXT = b"""
name: readmission
version: 2
code_lists:
  - {name: heart_failure, version: 2024, codes: [ICD10CM//I50*]}
features:
  - name: creatinine_last
    label: last creatinine
    codes: [LOINC//2160-0]
    window: 48h
    aggregate: last
    unit: mg/dL
    plausible: {low: 0.1, high: 30}
    owner: nephrology
    purpose: kidney function before discharge
    freshness: 24h
    status: approved
  - name: heart_failure
    label: heart failure coded before
    code_list: heart_failure
    window: ever
    aggregate: any
    owner: cardiology
    purpose: comorbidity
  - {name: age, label: age, kind: age, owner: ward, purpose: risk}
  - name: creatinine_by_age
    label: creatinine for a year of age
    kind: derived
    expression: {op: ratio, of: [creatinine_last, age]}
    owner: nephrology
    purpose: risk
"""


def refused(before, after):
    assert before in TEXT
    with pytest.raises(BadInput) as error:
        parse_spec(TEXT.replace(before, after, 1), FeaturesSpec, name="features.yaml")
    return str(error.value)


@pytest.mark.requirement("B7")
def test_every_feature_has_an_owner_a_definition_and_a_digest():
    spec = parse_spec(TEXT, FeaturesSpec, name="features.yaml")
    assert [feature.owner for feature in spec.features][:2] == ["nephrology", "cardiology"]
    assert spec.codes_of(spec.feature("heart_failure")) == ("ICD10CM//I50*",)
    assert spec.codes_of(spec.feature("age")) == ("MEDS_BIRTH",)
    assert len({spec.feature_digest(feature) for feature in spec.features}) == 4
    assert FeaturesSpec.model_validate(dump(spec)) == spec
    assert dump(spec)["features"][0]["window"] == "2d"
    assert "this field is missing" in refused(b"    owner: nephrology\n", b"")


def test_a_change_of_a_code_list_changes_the_digest_of_what_uses_it():
    before = parse_spec(TEXT, FeaturesSpec, name="features.yaml")
    wider = TEXT.replace(b"[ICD10CM//I50*]", b"[ICD10CM//I50*, ICD9CM//428*]")
    after = parse_spec(wider, FeaturesSpec, name="features.yaml")

    def digests(spec):
        return [spec.feature_digest(feature) for feature in spec.features]

    changed = [a != b for a, b in zip(digests(before), digests(after), strict=True)]
    assert changed == [False, True, False, False]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (b"name: heart_failure\n    label", b"name: creatinine_last\n    label", "stands twice"),
        (b"code_list: heart_failure", b"code_list: hart_failure", "'heart_failure'"),
        (b"code_list: heart_failure", b"codes: []", "'codes' or 'code_list'"),
        (b"    window: 48h\n", b"", "needs the field 'window'"),
        (b"window: 48h", b"window: 48", "'encounter' or 'ever'"),
        (b"window: 48h", b"window: 0h", "above zero"),
        (b"aggregate: last", b"aggregate: latest", "'last'"),
        (b"unit: mg/dL", b"unit: mg%", "UCUM"),
        (b"low: 0.1", b"low: 99", "above high"),
        (b"name: creatinine_last", b"name: Creatinine", "a-z"),
        (b"of: [creatinine_last, age]", b"of: [creatinine, age]", "'creatinine_last'"),
        (b"of: [creatinine_last, age]", b"of: [age]", "expected 2"),
        (b"kind: age", b"kind: age, window: 2d", "for features of kind 'window'"),
        (b"kind: age", b"kind: age, codes: [A]", "reads no codes"),
        (b"kind: derived", b"kind: window", "needs the field 'window'"),
    ],
)
def test_what_does_not_add_up_is_refused_with_what_to_write(before, after, said):
    assert said in refused(before, after)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"aggregate": "count", "last_n": 3}, "'last_n' is about values"),
        ({"aggregate": "last", "last_n": 0}, "greater than or equal to 1"),
        ({"aggregate": "ewm"}, "'ewm' needs the field 'half_life'"),
        ({"aggregate": "ewm", "half_life": 1_500_000}, "whole seconds"),
        ({"aggregate": "fraction_abnormal"}, "needs the field 'normal'"),
        ({"aggregate": "mean", "normal": {"low": 1, "high": 2}}, "no other takes it"),
        ({"aggregate": "last", "when_stale": "missing"}, "needs the field 'freshness'"),
        ({"aggregate": "last", "as_of": "24:00"}, "got clock time '24:00'"),
        ({"kind": "age", "since": ["A"]}, "'since' is for features of kind 'window'"),
    ],
)
def test_words_that_do_not_go_together_are_refused(more, says):
    said = {"name": "f", "label": "f", "owner": "o", "purpose": "p"}
    if more.get("kind") != "age":
        said |= {"codes": ["A"], "window": "1d"}
    with pytest.raises(ValueError, match=says):
        FeaturesSpec.model_validate({"name": "f", "version": "1", "features": [{**said, **more}]})
