"""What a model adds to a baseline, and the trend along periods."""

import numpy as np
import pytest

from attending.errors import BadInput
from attending.statistics.auroc import auroc
from attending.statistics.incremental import cross_fitted, likelihood_ratio
from attending.statistics.trend import change


def rows(n=4000, seed=2):
    rng = np.random.default_rng(seed)
    one, two = rng.normal(size=(2, n))
    outcome = (rng.random(n) < 1 / (1 + np.exp(1.5 - one - 0.8 * two))).astype(float)
    return one[:, None], two[:, None], outcome, np.arange(n) // 2


def test_a_second_cause_is_seen_and_noise_is_not():
    one, two, outcome, patient = rows()
    alone = auroc(outcome, cross_fitted(one, outcome, patient))
    with_it = auroc(outcome, cross_fitted(np.hstack([one, two]), outcome, patient))
    noise = np.random.default_rng(9).normal(size=two.shape)
    with_noise = auroc(outcome, cross_fitted(np.hstack([one, noise]), outcome, patient))
    assert with_it > alone + 0.03
    assert with_noise < alone + 0.003


def test_a_patients_risk_comes_from_a_fit_that_did_not_see_the_patient():
    one, _, outcome, patient = rows(200)
    before = cross_fitted(one, outcome, patient)
    flipped = outcome.copy()
    own = patient == patient[0]
    ever = outcome[own].max()
    flipped[own] = outcome[own][::-1]  # the same patient's rows exchanged: folds stay as they are
    assert flipped[own].max() == ever
    assert cross_fitted(one, flipped, patient)[own] == pytest.approx(before[own])


def test_the_order_of_rows_does_not_matter():
    one, _, outcome, patient = rows(300)
    order = np.random.default_rng(1).permutation(300)
    found = cross_fitted(one[order], outcome[order], patient[order])
    assert found == pytest.approx(cross_fitted(one, outcome, patient)[order], abs=1e-9)


def test_the_likelihood_ratio_of_noise_is_chi_square_with_one_degree():
    rng = np.random.default_rng(11)
    p_values = []
    for _ in range(300):
        x, noise = rng.normal(size=(2, 200, 1))
        y = (rng.random(200) < 1 / (1 + np.exp(1 - x[:, 0]))).astype(float)
        p_values.append(likelihood_ratio(x, np.hstack([x, noise]), y)[1])
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.035)


def test_fewer_patients_than_folds_is_refused():
    with pytest.raises(BadInput, match="3 patients for 5 folds"):
        cross_fitted(np.ones((3, 1)), np.array([0.0, 1, 0]), np.arange(3))


def test_the_change_is_that_of_the_least_squares_line():
    rng = np.random.default_rng(3)
    values, at = rng.random((20, 5)), [0, 1, 2, 5, 6]
    slopes = np.polyfit(at, values.T, 1)[0]
    assert change(values, at) == pytest.approx(slopes * 6)
    with pytest.raises(BadInput):
        change(values[:, :1], [0])
