"""Restricted cubic splines and the elastic net: against other ways to the same answer."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from attending.errors import BadInput, Refused
from attending.models.bounded import elastic_net
from attending.models.logistic import LogisticEstimator
from attending.models.protocol import expit
from attending.models.restricted_cubic import QUANTILES, basis, knots_of
from attending.train.checks import rank_auroc
from tests.models.hospital_rows import NAMES, rows

X, Y = rows()


def fitted(**parameters):
    return LogisticEstimator().fit(X, Y, names=NAMES, parameters=parameters, seed=0)


@pytest.mark.parametrize("count", list(QUANTILES))
def test_a_spline_is_the_natural_cubic_through_its_knots(count):
    knots = knots_of(np.random.default_rng(0).lognormal(0, 1, 500), count=count)
    at = np.array(knots)
    design = np.column_stack([np.ones(count), basis(at, knots)])
    inside = np.linspace(at[0], at[-1], 200)
    heights = np.random.default_rng(1).normal(size=count)
    coefficients = np.linalg.solve(design, heights)
    ours = np.column_stack([np.ones(200), basis(inside, knots)]) @ coefficients
    np.testing.assert_allclose(ours, CubicSpline(at, heights, bc_type="natural")(inside), atol=1e-8)


def test_beyond_the_outer_knots_it_is_a_straight_line():
    knots = (1.0, 2.0, 4.0, 7.0)
    for far in (np.linspace(7, 60, 9), np.linspace(-40, 1, 9)):
        np.testing.assert_allclose(np.diff(basis(far, knots), n=2, axis=0), 0.0, atol=1e-9)


def test_a_value_far_beyond_the_knots_keeps_its_digits_and_reads_as_it_was_fitted():
    model = fitted(knots=4)
    x = np.nan_to_num(X[:40], nan=2.0)
    x[:10, 0] = np.linspace(1e5, 1e7, 10)
    x[10:20, 0] = -np.linspace(1e5, 1e7, 10)
    age = model.curves[0]
    columns = (basis(x[:, 0], age.knots) - np.array(age.means)) / np.array(age.spreads)
    by_hand = columns @ np.array(age.coefficients)
    np.testing.assert_allclose(model.contributions(x)[:, 0], by_hand, rtol=1e-9, atol=1e-12)
    # A line: equal steps have equal shares, to the last digits.
    steps = np.diff(model.contributions(x)[:10, 0])
    np.testing.assert_allclose(steps, steps[0], rtol=1e-9)


def test_knots_stand_at_harrells_quantiles_of_the_training_rows():
    model = fitted(knots=4)
    age, stays = model.curves[0], model.curves[3]
    np.testing.assert_allclose(age.knots, np.quantile(X[:, 0], (0.05, 0.35, 0.65, 0.95)), rtol=1e-8)
    assert stays.knots == () and len(stays.coefficients) == 1  # counts of 0, 1 and 2: a line
    assert model.write().startswith(b'{"columns":[{"coefficients"')


def test_a_bend_that_a_line_cannot_follow_is_found():
    rng = np.random.default_rng(4)
    x = rng.uniform(-3, 3, (3000, 1))
    y = (rng.random(3000) < expit(x[:, 0] ** 2 - 3)).astype(np.int8)
    line, curve = (
        LogisticEstimator().fit(x, y, names=("a",), parameters={"knots": k}, seed=0) for k in (0, 5)
    )
    assert rank_auroc(line.margin(x), y) < 0.56
    assert rank_auroc(curve.margin(x), y) > 0.8


def test_splines_are_read_back_and_broken_ones_are_refused():
    model = fitted(knots=3, l1=2.0)
    read = LogisticEstimator().read
    back = read(model.write(), names=NAMES)
    np.testing.assert_array_equal(back.margin(X), model.margin(X))
    np.testing.assert_allclose(model.contributions(X).sum(axis=1), model.margin(X), atol=1e-12)
    alone = np.concatenate([model.margin(X[k : k + 1]) for k in range(30)])
    np.testing.assert_array_equal(alone, model.margin(X)[:30])
    for was, now in ((b'"knots":[', b'"knots":[9e9,'), (b"splines/1", b"splines/2"), (b"]}", b"]")):
        with pytest.raises(Refused):
            read(model.write().replace(was, now, 1), names=NAMES)


@pytest.mark.parametrize("knots", [1, 2, 8, "three", True])
def test_a_number_of_knots_that_harrell_does_not_give_is_refused(knots):
    with pytest.raises(BadInput) as refused:
        fitted(knots=knots)
    assert refused.value.code == "model.parameter"


def test_the_elastic_net_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    z = np.nan_to_num(X, nan=1.0)
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    l1, l2 = np.array([0.0] + [12.0] * 5), np.array([0.0] + [4.0] * 5)
    design = np.column_stack([np.ones(len(z)), z])
    ours = elastic_net(design, Y.astype(float), l1=l1, l2=l2, weights=np.ones(len(Y)))
    peer = LogisticRegression(
        solver="saga", l1_ratio=0.75, C=1 / 16, tol=1e-10, max_iter=50_000
    ).fit(z, Y)
    np.testing.assert_allclose(ours[1:], peer.coef_[0], atol=1e-6)
    assert ours[0] == pytest.approx(peer.intercept_[0], abs=1e-6)


def test_a_strong_penalty_on_sizes_leaves_nothing_but_the_rate():
    model = fitted(l1=1e4)
    assert all(column.coefficient == 0.0 for column in model.columns)
    assert expit(np.array([model.intercept]))[0] == pytest.approx(Y.mean(), abs=1e-6)
    with pytest.raises(BadInput):
        fitted(l1=-1)


def test_without_the_new_parameters_the_file_is_the_one_of_old():
    assert fitted().write() == fitted(l1=0, knots=0, class_weights="none").write()
    assert b'"format":"attending.logistic/1"' in fitted().write()


def test_balanced_weights_pull_the_mean_risk_to_a_half():
    assert fitted().risk(X).mean() == pytest.approx(Y.mean(), abs=0.01)
    # With a weak penalty the weighted mean of either outcome is met; rows are 3 to 1.
    assert fitted(class_weights="balanced").risk(X).mean() > Y.mean() + 0.08
    with pytest.raises(BadInput):
        fitted(class_weights="heavy")
