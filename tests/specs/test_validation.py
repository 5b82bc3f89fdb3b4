"""What `validation.yaml` may say, and how it is refused."""

import pytest

from attending.errors import BadInput
from attending.specs.read_yaml import parse_spec
from attending.specs.validation import ValidationSpec

FULL = b"""
primary: auroc
baselines: [lace, {name: saps_i, recalibrate: false}]
thresholds: [0.2, {alerts_per_day: 12}]
subgroups: [sex, age]
high_risk_subgroups: ["age=80+"]
gates:
  - {gate: beats_baseline, baseline: lace}
  - {gate: subgroup_not_worse, margin: 0.02}
  - {gate: net_benefit_not_worse, baseline: treat_all}
  - {gate: calibration_slope, low: 0.7, high: 1.3, judged_by: estimate}
"""


def read(text):
    return parse_spec(text, ValidationSpec, name="validation.yaml")


def test_a_whole_spec_reads_back_the_same():
    spec = read(FULL)
    assert [(t.rule, t.asked) for t in spec.thresholds] == [("risk", 0.2), ("alerts_per_day", 12)]
    assert spec.groups_compared() == ("age=80+",)
    assert ValidationSpec.model_validate(spec.model_dump(mode="json")) == spec


def test_order_and_comments_do_not_change_the_digest():
    assert (
        read(b"# why\nsubgroups: [sex]\nbaselines: [lace]").digest
        == read(b"baselines: [{name: lace}]\nsubgroups: [sex]").digest
    )


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        (b"measures: [auroc]", "validation.yaml:1", "missing"),
        (b"baselines: []", "validation.yaml:1", "at least 1"),
        (b"baselines: [lace, lace]", "validation.yaml:1", "twice"),
        (b"baselines: [lace]\nthresholds: [1.2]", "validation.yaml:2", "less than 1"),
        (
            b"baselines: [lace]\nthresholds: [{alerts_per_day: 3, risk: 0.2}]",
            "validation.yaml:2",
            "one of risk",
        ),
        (b"baselines: [lace]\nprimary: ppv", "validation.yaml", "one of the measures"),
        (
            b"baselines: [lace]\ngates:\n  - {gate: beats_baseline, baseline: sofa}",
            "validation.yaml",
            "not listed",
        ),
        (
            b"baselines: [lace]\ngates:\n  - {gate: beats_baseline, baseline: treat_all}",
            "validation.yaml",
            "cannot compare",
        ),
        (
            b"baselines: [lace]\ngates:\n  - {gate: subgroup_not_worse}",
            "validation.yaml",
            "no groups",
        ),
        (b"baselines: [lace]\nhigh_risk_subgroups: ['age=80+']", "validation.yaml", "not listed"),
        (
            b"baselines: [lace]\ngates:\n  - {gate: calibration_slope, low: 2, high: 1}",
            "validation.yaml:3",
            "less than high",
        ),
        (
            b"baselines: [lace]\ngates:\n  - {gate: alert_burden}",
            "validation.yaml:3",
            "expected one of",
        ),
        (
            b"baselines: [lace]\ngates:\n  - {gate: beats_baselin, baseline: lace}",
            "validation.yaml:3",
            "beats_baseline",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(text, where, words):
    with pytest.raises(BadInput) as refusal:
        read(text)
    assert refusal.value.where.startswith(where)
    assert words in refusal.value.message


def test_a_misspelt_field_gets_the_nearest():
    with pytest.raises(BadInput) as refusal:
        read(b"baselines: [lace]\ngates:\n  - gate: calibration_slope\n    hihg: 1.1")
    assert refusal.value.where == "validation.yaml:4: gates.0.hihg"
    assert refusal.value.hint == "Did you mean 'high'?"
