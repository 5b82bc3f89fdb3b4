"""Trees of operations: each says what its words say, and refuses what it cannot be."""

from __future__ import annotations

import math

import pytest

from attending.errors import BadInput
from attending.features.online import for_patient
from attending.specs.expression import MAX_DEPTH
from attending.specs.features import FeaturesSpec
from attending.specs.read_yaml import parse_spec
from attending.times import HOUR, from_micros
from tests.engines.tables import event, events
from tests.features.specs import feature, spec

ROWS = [
    event(1, 9, "LAB", 4.0),
    event(1, 10, "LAB", 8.0),
    event(1, 11, "TEMP", 98.6, unit="[degF]"),
    event(1, 11, "GLUCOSE", 90.0, unit="mg/dL"),
]


def derived(**expression):
    made = spec(
        feature("low", aggregate="min"),
        feature("high", aggregate="max"),
        feature("none", codes=["NONE"]),
        feature("temperature", codes=["TEMP"], unit="[degF]"),
        feature("glucose", codes=["GLUCOSE"], unit="mg/dL"),
        feature("d", kind="derived", expression=expression),
    )
    return for_patient(
        made,
        events(ROWS),
        subject_id=1,
        encounter_id=None,
        prediction_time=from_micros(12 * HOUR),
        index_start=None,
    )


def value(op, *of, **more):
    return derived(op=op, of=list(of), **more).values[-1]


@pytest.mark.parametrize(
    ("op", "of", "expected"),
    [
        ("sum", ("low", "high", 1), 13.0),
        ("difference", ("high", 3.5), 4.5),
        ("product", ("low", "high"), 32.0),
        ("ratio", ("low", "high"), 0.5),
        ("min", ("low", "high", 2), 2.0),
        ("max", ("low", "high"), 8.0),
        ("clip", ("high", 0, 5), 5.0),
        ("clip", ("high", 9, "none"), None),
        ("log", ("high",), math.log(8)),
        ("log", (-1,), None),
        ("coalesce", ("none", "low", "high"), 4.0),
        ("coalesce", ("none", "none"), None),
        ("above", ("high", 8), 0.0),
        ("at_least", ("high", 8), 1.0),
        ("below", ("low", "high"), 1.0),
        ("at_most", ("high", "low"), 0.0),
        ("equal", ("high", 8), 1.0),
        ("equal", ("high", "none"), None),
        ("ratio", (1, 0), None),
    ],
)
def test_every_operation_says_what_its_word_says(op, of, expected):
    assert value(op, *of) == expected


def test_operations_lie_within_one_another_and_carry_reason_and_provenance():
    inner = {"op": "ratio", "of": ["high", {"op": "coalesce", "of": ["none", "low"]}]}
    found = derived(op="clip", of=[inner, 0, 1.5])
    assert found.values[-1] == 1.5
    assert found.newest_time_us[-1] == 10 * HOUR
    assert found.newest_known_us[-1] == 10 * HOUR
    lost = derived(op="sum", of=["low", {"op": "log", "of": ["none"]}])
    assert lost.missing[-1] == "never_measured"
    only = derived(op="coalesce", of=["none", {"op": "difference", "of": ["low", 1]}])
    assert (only.values[-1], only.missing[-1]) == (3.0, None)
    assert only.newest_known_us[-1] == 10 * HOUR


def test_a_conversion_goes_by_ucum_and_by_the_unit_that_the_feature_has():
    celsius = value("convert", "temperature", unit="[degF]", into="Cel")
    assert celsius == pytest.approx(37.0)
    mmol = value("convert", "glucose", unit="mg/dL", into="mmol/L", molar_mass=180.156)
    assert mmol == pytest.approx(4.9957, abs=1e-4)
    with pytest.raises(ValueError, match=r"takes 'temperature' to be in Cel, it is in \[degF\]"):
        value("convert", "temperature", unit="Cel", into="[degF]")
    with pytest.raises(ValueError, match="mg/dL cannot become mmol/L"):
        value("convert", "glucose", unit="mg/dL", into="mmol/L")


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("{op: ratio, of: [a]}", "got 1 operands of 'ratio', expected 2"),
        ("{op: sum, of: [a]}", "expected 2 to 64"),
        ("{op: log, of: [a, a]}", "expected 1"),
        ("{op: power, of: [a, a]}", "power"),
        ("{op: sum, of: [a, later]}", "uses 'later', which does not stand before it"),
        ("{op: clip, of: [a, 5, 1]}", "got low 5 above high 1"),
        ("{op: convert, of: [a]}", "needs the fields 'unit' and 'into'"),
        ("{op: sum, of: [a, 1], unit: mg}", "are for 'convert'"),
        ("{op: sum, of: [a, __import__]}", "got name"),
    ],
)
def test_a_tree_that_cannot_be_is_refused(expression, says):
    with pytest.raises(BadInput) as refused:
        read(expression)
    assert says in str(refused.value)


@pytest.mark.fault("X04")
def test_x04_a_tree_deeper_than_the_bound_is_refused_and_no_text_is_ever_run():
    def nested(depth):
        return "{op: sum, of: [a, " * depth + "1" + "]}" * depth

    assert read(nested(MAX_DEPTH)).features[1].expression.depth == MAX_DEPTH, "the control"
    with pytest.raises(BadInput, match="9 deep, expected at most 8"):
        read(nested(MAX_DEPTH + 1))
    with pytest.raises(BadInput):
        read(nested(500))
    with pytest.raises(BadInput):
        read('{op: sum, of: [a, "print(1)"]}')


def read(expression):
    common = "owner: o, purpose: p"
    text = (
        "{name: f, version: 1, features: ["
        f"{{name: a, label: a, codes: [A], window: 1d, aggregate: last, {common}}}, "
        f"{{name: b, label: b, kind: derived, expression: {expression}, {common}}}]}}"
    )
    return parse_spec(text.encode(), FeaturesSpec, name="features.yaml")
