"""Measures of numbers and counts against other implementations, and their bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from attending.errors import BadInput
from attending.statistics.bootstrap import draw_weights
from attending.statistics.catalog import MEASURES
from attending.statistics.interval_coverage import interval_coverage
from attending.statistics.interval_width import interval_width
from attending.statistics.mean_absolute_error import mean_absolute_error
from attending.statistics.mean_error import mean_error
from attending.statistics.number_bootstrap import DRAWN, Predicted, number_bootstrap
from attending.statistics.number_sample_size import residual_size
from attending.statistics.number_slope import number_line, number_slope
from attending.statistics.observed_expected_total import observed_expected_total
from attending.statistics.pinball_loss import pinball_loss
from attending.statistics.poisson_deviance import poisson_deviance
from attending.statistics.r_squared import r_squared
from attending.statistics.root_mean_squared_error import root_mean_squared_error

OF_NUMBERS = [measure for _, measure in MEASURES.items() if measure.kind == "number"]


def drawn(seed, n=300):
    """Return lengths of stay, predictions that are somewhat right, and patients."""
    rng = np.random.default_rng(seed)
    mean = rng.gamma(2.0, 2.5, n) + 0.1
    return rng.poisson(mean).astype(float), mean * rng.lognormal(0, 0.3, n), rng.integers(0, 90, n)


@pytest.mark.parametrize("seed", range(5))
def test_measures_agree_with_scikit_learn_and_scipy(seed):
    y, p, _ = drawn(seed)
    low, high = np.maximum(p - 3, 0), p + 3
    expected = {
        "mae": metrics.mean_absolute_error(y, p),
        "rmse": metrics.root_mean_squared_error(y, p),
        "r_squared": metrics.r2_score(y, p),
        "poisson_deviance": metrics.mean_poisson_deviance(y, p),
        "number_slope": stats.linregress(p, y).slope,
        "mean_error": np.mean(p) - np.mean(y),
        "observed_expected_total": y.sum() / p.sum(),
    }
    assert set(expected) == {measure.name for measure in OF_NUMBERS}
    for name, value in expected.items():
        assert MEASURES.get(name).compute(y, p) == pytest.approx(value, rel=1e-12, abs=1e-12)
    assert number_line(y, p)[0] == pytest.approx(stats.linregress(p, y).intercept, abs=1e-12)
    for level in (0.1, 0.5, 0.9):
        found = pinball_loss(y, p, level=level)
        assert found == pytest.approx(metrics.mean_pinball_loss(y, p, alpha=level), rel=1e-12)
    assert interval_coverage(y, low, high) == np.mean(
        [a <= v <= b for v, a, b in zip(y, low, high, strict=True)]
    )
    assert interval_width(y, low, high) == pytest.approx(np.mean(high - low))


def test_the_figures_of_four_stays_by_hand():
    y, p = [1, 2, 4, 9], [2, 2, 5, 6]
    assert mean_absolute_error(y, p) == 1.25
    assert root_mean_squared_error(y, p) == pytest.approx((11 / 4) ** 0.5)
    assert r_squared(y, p) == pytest.approx(1 - 11 / 38)
    assert mean_error(y, p) == -0.25
    assert observed_expected_total(y, p) == pytest.approx(16 / 15)
    # Sum of off * off: p is 3.75 around its mean, 12.75 squares and 20 products.
    assert number_slope(y, p) == pytest.approx(20 / 12.75)


@pytest.mark.parametrize(
    ("compute", "args", "code"),
    [
        (mean_absolute_error, ([1.0], [1.0, 2.0]), "statistics.lengths"),
        (mean_absolute_error, ([float("nan")], [1.0]), "statistics.number"),
        (r_squared, ([2.0, 2.0], [1.0, 2.0]), "statistics.constant"),
        (number_slope, ([1.0, 2.0], [3.0, 3.0]), "statistics.constant"),
        (observed_expected_total, ([1.0], [0.0]), "statistics.expected"),
        (poisson_deviance, ([1.0], [0.0]), "statistics.count"),
        (interval_coverage, ([1.0], [2.0], [1.0]), "statistics.interval"),
    ],
)
def test_what_is_not_defined_is_refused(compute, args, code):
    with pytest.raises(BadInput) as refused:
        compute(*args)
    assert refused.value.code == code


@pytest.mark.parametrize("measure", OF_NUMBERS, ids=lambda measure: measure.name)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_rows_never_changes_a_measure_and_none_beats_the_truth(measure, seed):
    y, p, _ = drawn(seed, n=60)
    y, p = y + 1.0, p + 1.0
    order = np.random.default_rng(seed).permutation(len(y))
    assert measure.compute(y, p) == pytest.approx(measure.compute(y[order], p[order]), rel=1e-9)
    best, found = measure.compute(y, y), measure.compute(y, p)
    assert measure.improvement(best, found) >= -1e-9
    assert measure.low is None or found >= measure.low - 1e-12


@pytest.mark.parametrize("name", [name for name in DRAWN if not name.startswith("mean_")])
def test_a_draw_is_the_measure_of_rows_taken_so_often(name):
    y, p, patient = drawn(3)
    low, high = np.maximum(p - 2, 0), p + 2
    made = number_bootstrap(y, {"m": Predicted(p, low, high, 0.8)}, patient, draws=5, seed=11)
    owners, owner = np.unique(patient, return_inverse=True)
    for draw in range(6):
        taken = np.repeat(np.arange(len(y)), draw_weights(owners, draw=draw, seed=11)[owner])
        if name == "pinball_loss":
            ends = ((low, 0.1), (high, 0.9))
            expected = float(np.mean([pinball_loss(y[taken], e[taken], level=a) for e, a in ends]))
        elif MEASURES.get(name).kind == "interval":
            expected = MEASURES.get(name).compute(y[taken], low[taken], high[taken])
        else:
            expected = MEASURES.get(name).compute(y[taken], p[taken])
        assert made.values(name, "m")[draw] == pytest.approx(expected, rel=1e-9)


def test_two_models_share_their_draws_whatever_the_order_of_rows():
    y, p, patient = drawn(5)
    other = np.where(np.arange(len(y)) % 7 == 0, np.nan, p + 0.5)
    order = np.random.default_rng(0).permutation(len(y))
    models = {"m": Predicted(p), "o": Predicted(other)}
    mixed = {name: Predicted(each.value[order]) for name, each in models.items()}
    one = number_bootstrap(y, models, patient, draws=20)
    two = number_bootstrap(y[order], mixed, patient[order], draws=20)
    for name in ("m", "o"):
        assert one.values("mae", name) == pytest.approx(two.values("mae", name), rel=1e-12)
    same = number_bootstrap(y, {"a": Predicted(p), "b": Predicted(p)}, patient, draws=20)
    assert not (same.values("mae", "a") - same.values("mae", "b")).any()
    with pytest.raises(BadInput):
        one.values("auroc", "m")


def test_the_interval_of_a_mean_absolute_error_holds_it_as_often_as_it_says():
    held, rounds = 0, 300
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        patient = np.repeat(np.arange(80), 3)
        # Errors of one patient go together: rows alone would give intervals too narrow.
        off = np.repeat(rng.normal(size=80), 3) + 0.3 * rng.normal(size=240)
        made = number_bootstrap(off, {"m": Predicted(np.zeros(240))}, patient, draws=200, seed=seed)
        found = made.interval("mae", "m")
        truth = np.sqrt(2 / np.pi) * np.sqrt(1.09)
        held += found.low <= truth <= found.high
    assert 0.90 <= held / rounds <= 0.98


def test_rows_that_a_model_of_a_number_needs():
    assert residual_size(0) == 234  # Riley et al. 2019: 234 rows and one for each parameter
    assert residual_size(20) == 254
    assert residual_size(5, margin=1.2) < residual_size(5)
    with pytest.raises(BadInput):
        residual_size(-1)
