"""Laws that every registered measure keeps; a new one is checked by being registered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attending.errors import BadInput
from attending.statistics.catalog import MEASURES, MODULES

NAMED = {
    kind: [m for _, m in MEASURES.items() if m.kind == kind]
    for kind in ("ranking", "risk", "threshold", "drift")
}
OF_OUTCOMES = NAMED["ranking"] + NAMED["risk"] + NAMED["threshold"]


def ids(measure):
    return measure.name


def drawn(seed, n=200):
    rng = np.random.default_rng(seed)
    risk = np.round(rng.beta(1.5, 4, n), 3).clip(0.001, 0.999)
    outcome = (rng.random(n) < risk).astype(np.int8)
    outcome[:2] = (0, 1)
    return outcome, risk, rng


def value(measure, outcome, risk):
    more = {"threshold": 0.3} if measure.kind == "threshold" else {}
    try:
        return measure.compute(outcome, risk, **more)
    except BadInput:
        return None


@pytest.mark.parametrize("measure", OF_OUTCOMES, ids=ids)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_rows_never_changes_a_measure(measure, seed):
    outcome, risk, rng = drawn(seed)
    order = rng.permutation(risk.size)
    first, second = value(measure, outcome, risk), value(measure, outcome[order], risk[order])
    assert first == pytest.approx(second, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("measure", NAMED["drift"], ids=ids)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_rows_never_changes_a_distance(measure, seed):
    _, risk, rng = drawn(seed)
    other = rng.beta(2, 4, 150)
    expected = measure.compute(risk, other)
    found = measure.compute(rng.permutation(risk), rng.permutation(other))
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("measure", OF_OUTCOMES + NAMED["drift"], ids=ids)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_measure_stays_in_its_range(measure, seed):
    outcome, risk, _ = drawn(seed)
    found = (
        measure.compute(risk, risk[::2])
        if measure.kind == "drift"
        else value(measure, outcome, risk)
    )
    if found is None:
        return
    assert np.isfinite(found)
    assert measure.low is None or found >= measure.low - 1e-12
    assert measure.high is None or found <= measure.high + 1e-12


@pytest.mark.parametrize("measure", NAMED["ranking"], ids=ids)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_rising_transform_never_changes_a_ranking(measure, seed):
    outcome, risk, _ = drawn(seed)
    assert measure.compute(outcome, risk) == measure.compute(outcome, np.exp(3 * risk) - 7)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_swapping_outcomes_mirrors_the_auroc_and_keeps_the_brier_score(seed):
    outcome, risk, _ = drawn(seed)
    auroc, brier = MEASURES.get("auroc").compute, MEASURES.get("brier").compute
    assert auroc(1 - outcome, risk) == pytest.approx(1 - auroc(outcome, risk))
    assert brier(1 - outcome, 1 - risk) == pytest.approx(brier(outcome, risk))


@pytest.mark.parametrize("measure", NAMED["drift"], ids=ids)
def test_no_change_is_no_distance_and_a_shift_is_one(measure):
    _, risk, _ = drawn(3)
    moved = np.where(np.arange(risk.size) % 3 == 0, np.nan, risk + 0.3)
    assert measure.compute(risk, risk) == pytest.approx(0.0, abs=1e-12)
    assert measure.compute(risk, moved) > 0.1


@pytest.mark.parametrize("measure", OF_OUTCOMES + NAMED["drift"], ids=ids)
def test_a_measure_says_what_it_is(measure):
    assert measure.label
    assert measure.reference
    assert measure.direction in {"higher", "lower", "target:0", "target:1"}
    assert measure.low is None or measure.high is None or measure.low < measure.high


def test_every_file_of_the_catalog_registers_a_measure():
    made_by = {m.compute.__module__ for _, m in MEASURES.items()}
    assert {module.__name__ for module in MODULES} <= made_by


@pytest.mark.parametrize("measure", NAMED["risk"], ids=ids)
def test_a_percentage_is_refused_as_a_risk(measure):
    with pytest.raises(BadInput, match="outside 0 to 1"):
        measure.compute([0, 1, 0, 1], [10, 20, 30, 40])
