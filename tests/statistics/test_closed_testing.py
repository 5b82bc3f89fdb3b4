"""The closed test names the update that was planted, by hand-made likelihood ratios."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import chi2

from attending.errors import BadInput
from attending.statistics.closed_testing import closed_test

BETA = np.array([0.8, -0.6, 0.4])


def drawn(change):
    """Return outcomes whose log-odds are a change of the model's, its risks, and its columns."""
    draw = np.random.default_rng(5)
    x = draw.normal(size=(20_000, 3))
    linear = -1.0 + x @ BETA
    y = (draw.random(len(x)) < expit(change(linear, x))).astype(float)
    return y, expit(linear), x


@pytest.mark.parametrize(
    ("change", "update"),
    [
        (lambda linear, _x: linear, "none"),
        (lambda linear, _x: linear + 0.5, "intercept"),
        (lambda linear, _x: 0.3 + 0.6 * linear, "slope_and_intercept"),
        (lambda linear, x: linear - 0.8 * x[:, 0], "refit"),
    ],
)
def test_the_planted_change_is_the_update_that_is_chosen(change, update):
    assert closed_test(*drawn(change)).update == update


def test_each_p_is_that_of_likelihoods_maximised_by_another_way():
    y, risk, x = drawn(lambda linear, x: linear - 0.1 * x[:, 0])
    linear = np.log(risk / (1 - risk))

    def best(columns, offset=0.0):
        def lost(beta):
            eta = columns @ beta + offset
            return float(np.sum(np.logaddexp(0.0, eta) - y * eta))

        return -minimize(lost, np.zeros(columns.shape[1]), method="BFGS").fun

    ones = np.ones((len(y), 1))
    full = best(np.hstack([ones, x]))
    reached = (
        -float(np.sum(np.logaddexp(0.0, linear) - y * linear)),
        best(ones, linear),
        best(np.column_stack([ones, linear])),
    )
    by_hand = [chi2.sf(2 * (full - r), k) for r, k in zip(reached, (4, 3, 2), strict=True)]
    found = closed_test(y, risk, x, alpha=0.9999)  # so wide that every step is taken
    assert found.p_values == pytest.approx(by_hand, rel=1e-3)


def test_one_column_is_refused():
    y, risk, x = drawn(lambda linear, _x: linear)
    with pytest.raises(BadInput) as refused:
        closed_test(y, risk, x[:, :1])
    assert refused.value.code == "statistics.closed_columns"
