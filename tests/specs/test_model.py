"""model.yaml: what may be asked."""

import pytest

from attending.errors import BadInput
from attending.specs.model import ModelSpec, TemporalSplit
from attending.specs.read_yaml import parse_spec
from attending.times import DAY

YAML = """
name: readmission-30
outcome: unplanned readmission within 30 days
estimator: lightgbm
parameters: {num_leaves: 7, learning_rate: 0.1}
compare:
  - {estimator: logistic, parameters: {l2: 1}}
seed: 7
split:
  kind: temporal
  test_from: 2026-01-01T00:00:00Z
  embargo: 35d
  patient_overlap: drop_from_train
baselines: [lace, {score: charlson, parameters: {weights: 2011}}]
"""


def read(old="", new=""):
    assert old in YAML
    return parse_spec(YAML.replace(old, new, 1).encode(), ModelSpec, name="model.yaml")


def test_a_spec_says_what_is_fitted_and_against_what():
    spec = read()
    assert isinstance(spec.split, TemporalSplit) and spec.split.embargo == 35 * DAY
    assert [name for name, _ in spec.candidates()] == ["lightgbm", "logistic"]
    assert [item.score for item in spec.baselines] == ["lace", "charlson"]
    assert spec.parameters == {"num_leaves": 7, "learning_rate": 0.1}


def test_comments_and_defaults_that_are_written_out_do_not_change_its_digest():
    assert read("embargo: 35d", "embargo: auto").digest == read("  embargo: 35d\n").digest
    assert read("seed: 7", "seed: 7  # drawn once").digest == read().digest
    assert read("seed: 7", "seed: 8").digest != read().digest


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("seed: 7", "seed: 7\nclass_weights: heavy", "spec.literal"),
        ("seed: 7", "seed: 7\nclass_weights: balanced\ncalibration: none", "spec.value"),
        ("seed: 7", "seed: 7\nmonotone: {age: up}", "spec.literal"),
        ("seed: 7", "seed: 7\nsearch: {trials: 1, over: {l2: [1]}}", "spec.greater"),
        ("estimator: lightgbm", "estimator: onnx", "spec.value"),
        ("seed: 7", "seed: -1", "spec.greater"),
        ("estimator: lightgbm", "estimator: forest", "spec.literal"),
        ("name: readmission-30", "name: ../readmission", "spec.string"),
        ("kind: temporal", "kind: temporl", "spec.union"),
        ("  test_from: 2026-01-01T00:00:00Z\n", "", "spec.value"),
        ("test_from", "test_form", "spec.unknown_field"),
        ("patient_overlap: drop_from_train", "patient_overlap: allow", "spec.value"),
        ("patient_overlap: drop_from_train", "calibration_fraction: 0", "spec.value"),
        ("estimator: logistic", "estimator: lightgbm", "spec.value"),
        ("  kind: temporal", "  kind: group_random", "spec.unknown_field"),
        ("  kind: temporal\n", "", "spec.union"),
    ],
)
def test_what_a_spec_may_not_say_is_refused_with_its_line(old, new, code):
    with pytest.raises(BadInput) as refused:
        read(old, new)
    assert refused.value.code == code
    assert refused.value.where.startswith("model.yaml:")


def test_what_came_later_is_said_in_fields_of_its_own():
    spec = read(
        "seed: 7",
        "seed: 7\nclass_weights: balanced\ncalibration: beta\nmonotone: {age: increasing}\n"
        "search: {measure: auroc, over: {num_leaves: [3, 7], "
        "learning_rate: {low: 0.01, high: 0.3, scale: log}}}",
    )
    assert (spec.class_weights, spec.monotone) == ("balanced", {"age": "increasing"})
    own = spec.candidates()[0][1]
    assert own.search is not None and own.search.trials == 20
    assert own.search.over["num_leaves"] == (3, 7)


def test_two_lightgbm_candidates_take_names():
    spec = read("{estimator: logistic", "{estimator: lightgbm, name: small")
    assert [name for name, _ in spec.candidates()] == ["lightgbm", "small"]
