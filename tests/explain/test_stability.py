"""Steady explanations, and the importance of features over many patients."""

import pytest

from attending.errors import BadInput
from attending.explain.importance import importance
from attending.explain.stability import stability
from attending.records.base import from_content
from attending.records.explanation import StabilityReport
from tests.models.hospital_rows import NAMES
from tests.models.test_bundle import X, bundle_of


@pytest.fixture(scope="module")
def bundle():
    return bundle_of("logistic")


def test_without_an_error_every_explanation_stays(bundle):
    found = stability(bundle, X[:40], seed=1, relative_error=0.0, draws=3)
    assert (found.mean_jaccard, found.same_first, found.mean_risk_change) == (1.0, 1.0, 0.0)
    assert found.steady


@pytest.mark.requirement("F10")
def test_a_small_error_keeps_explanations_and_a_large_one_does_not(bundle):
    small = stability(bundle, X[:60], seed=1, top=3)
    large = stability(bundle, X[:60], seed=1, top=3, relative_error=3.0)
    assert small.steady and small.mean_jaccard > 0.9
    assert not large.steady and large.mean_jaccard < small.mean_jaccard
    with pytest.raises(BadInput) as refused:
        stability(bundle, X[:0], seed=1)
    assert refused.value.code == "explain.stability"


def test_the_same_seed_gives_the_same_report(bundle):
    one, other = (stability(bundle, X[:20], seed=3, draws=4) for _ in range(2))
    assert one.digest == other.digest
    assert from_content(StabilityReport, one.content()) == one


def test_importance_is_ordered_and_adds_up_to_one(bundle):
    found = importance(bundle, X)
    assert {item.feature for item in found[:2]} == {"age", "prior_stays"}
    sizes = [item.mean_absolute for item in found]
    assert sizes == sorted(sizes, reverse=True)
    assert {item.feature for item in found} == set(NAMES)
    assert sum(item.share for item in found) == pytest.approx(1.0)
