"""Why one risk is what it is, and what an explanation must always say."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from attending.errors import BadInput
from attending.explain.prediction import Input, explain
from attending.explain.sentence import correlated_warning
from attending.models.bundle import read_bundle
from attending.models.concepts import concepts_of
from attending.models.formats import BUNDLE_FILE
from attending.records.base import from_content
from attending.records.explanation import NOT_CAUSAL, Explanation
from attending.times import parse_instant
from tests.models.hospital_rows import NAMES
from tests.models.test_bundle import X, bundle_of

AT = parse_instant("2026-03-13T12:00:00Z")
LABELS = ("age", "creatinine", "urea", "stays in the past year", "noise")
UNITS = ("a", "mg/dL", "mg/dL", "", "")


def inputs(known=AT - timedelta(hours=2)):
    return [
        Input(name, label, unit, time=AT - timedelta(hours=3), known_at=known)
        for name, label, unit in zip(NAMES, LABELS, UNITS, strict=True)
    ]


@pytest.fixture(scope="module", params=["logistic", "lightgbm"])
def bundle(request):
    return bundle_of(request.param)


HIGH = np.array([80.0, 3.14159, 50.0, 4.0, 0.0])
GAP = np.array([80.0, np.nan, 50.0, 0.0, 0.0])


@pytest.mark.requirement("F2")
def test_the_top_factors_are_the_largest_and_add_up_with_the_rest(bundle):
    found = explain(bundle, HIGH, inputs(), at=AT, top=3)
    sizes = [abs(item.contribution) for item in found.factors]
    assert len(sizes) == 3 and sizes == sorted(sizes, reverse=True)
    assert {item.feature for item in found.factors} >= {"prior_stays"}
    base = np.log(found.base_risk / (1 - found.base_risk))
    margin = base + sum(item.contribution for item in found.factors) + found.other_contribution
    assert 1 / (1 + np.exp(-margin)) == pytest.approx(found.risk, abs=1e-6)
    stays = next(item for item in found.factors if item.feature == "prior_stays")
    assert (stays.direction, stays.printed) == ("raises", "4")
    with pytest.raises(BadInput) as refused:
        explain(bundle, HIGH, inputs()[::-1], at=AT)
    assert refused.value.code == "explain.inputs"


@pytest.mark.requirement("F3")
def test_sensitivity_says_what_the_risk_would_be_at_the_quartiles(bundle):
    found = explain(bundle, HIGH, inputs(), at=AT)
    stays = next(item for item in found.sensitivity if item.feature == "prior_stays")
    other = HIGH.copy()
    other[3] = stays.low_value
    assert stays.risk_at_low == pytest.approx(float(bundle.risk(other[None, :])[0]))
    assert stays.low_value < stays.high_value and stays.risk_at_low < stays.risk_at_high
    with pytest.raises(BadInput):
        explain(bundle, HIGH, inputs()[:2], at=AT)


@pytest.mark.requirement("F4")
def test_each_factor_says_whether_it_was_known_at_the_prediction_time(bundle):
    at_the_instant = explain(bundle, HIGH, inputs(known=AT), at=AT)
    assert at_the_instant.unavailable == 0
    assert all(item.available and item.known_at == AT for item in at_the_instant.factors)
    late = explain(bundle, HIGH, inputs(known=AT + timedelta(seconds=1)), at=AT)
    assert late.unavailable == len(NAMES)
    assert not any(item.available for item in late.factors)
    with pytest.raises(BadInput):
        explain(bundle, HIGH, [], at=AT)


@pytest.mark.requirement("F11")
def test_no_explanation_comes_without_its_warnings(bundle):
    found = explain(bundle, HIGH, inputs(), at=AT)
    assert found.not_causal == NOT_CAUSAL and "not what causes" in NOT_CAUSAL
    assert "creatinine and urea (rank correlation" in found.correlated
    content = found.content()
    del content["correlated"]
    with pytest.raises(ValueError, match="correlated"):
        from_content(Explanation, content)


def test_the_general_warning_stands_where_no_pair_is_shown():
    assert correlated_warning((("a", "b", 0.9),), []).endswith("effects.")


def test_the_sentence_has_risk_values_directions_and_what_to_do(bundle):
    found = explain(bundle, HIGH, inputs(), at=AT, action="Book a visit within 7 days.")
    assert found.sentence.startswith(f"Risk {found.risk * 100:.0f} %. Raised by ")
    assert "stays in the past year (4)" in found.sentence
    assert found.sentence.endswith("Book a visit within 7 days.")
    assert len(found.sentence) < 300


def test_what_was_missing_is_named_with_its_reason(bundle):
    asked = inputs()
    asked[1] = Input("creatinine", "creatinine", "mg/dL", missing_reason="not measured in 24 h")
    found = explain(bundle, GAP, asked, at=AT)
    assert [(item.label, item.reason) for item in found.missing] == [
        ("creatinine", "not measured in 24 h")
    ]


def test_a_concept_has_the_exact_sum_of_its_features_and_leads_the_sentence(bundle):
    said = {"creatinine": "Kidney", "urea": "Kidney"}
    both = replace(bundle, concepts=concepts_of(NAMES, said, bundle.correlated))
    found = explain(both, HIGH, inputs(), at=AT, top=4)
    kidney = next(one for one in found.concepts if one.label == "Kidney")
    shares = bundle.contributions(HIGH[None, :])[0]
    assert kidney.contribution == pytest.approx(shares[1] + shares[2])
    assert set(kidney.features) == {"creatinine", "urea"}
    assert kidney.printed.startswith(("creatinine: 3.142 mg/dL", "urea: 50 mg/dL"))
    assert f"Kidney ({kidney.printed})" in found.sentence
    sizes = [abs(one.contribution) for one in found.concepts]
    assert sizes == sorted(sizes, reverse=True)
    base = np.log(found.base_risk / (1 - found.base_risk))
    named = sum(one.contribution for one in found.concepts)
    assert 1 / (1 + np.exp(-(base + named + found.other_contribution))) == pytest.approx(found.risk)
    # A model without concepts says what it said before, to the byte.
    assert "concepts" not in explain(bundle, HIGH, inputs(), at=AT).content()
    assert read_bundle(both.files()).concepts == both.concepts
    assert b"concepts" not in bundle.files()[BUNDLE_FILE]


def test_an_explanation_survives_json_and_is_the_same_each_time(bundle):
    found = explain(bundle, GAP, inputs(), at=AT)
    assert from_content(Explanation, found.content()) == found
    assert explain(bundle, GAP, inputs(), at=AT).digest == found.digest


def test_the_risk_is_the_one_that_is_served(bundle):
    for row in X[:20]:
        served = float(bundle.risk(row[None, :])[0])
        assert explain(bundle, row, inputs(), at=AT).risk == pytest.approx(served, abs=1e-12)


def test_isotonic_models_say_that_factors_are_before_calibration():
    found = explain(bundle_of("logistic", "isotonic"), HIGH, inputs(), at=AT)
    assert found.scale == "log-odds before calibration"
    assert 0 < found.base_risk < 1
