"""The additive model: curves that are found, smoothed as the evidence asks, and kept to signs."""

import numpy as np
import pytest
from scipy.interpolate import BSpline
from scipy.optimize import minimize

from attending.errors import BadInput, Refused
from attending.models.additive import AdditiveEstimator
from attending.models.additive_fit import block_of, fit_smooth
from attending.models.bounded import Bounded, minimise
from attending.models.bspline import Knots, knots_of, pieces_of
from attending.models.curves import stack
from attending.models.protocol import expit
from attending.train.checks import rank_auroc
from tests.models.hospital_rows import NAMES, rows


def fit(x, y, **parameters):
    names = [f"x{k}" for k in range(x.shape[1])]
    return AdditiveEstimator().fit(x, y, names=names, parameters=parameters, seed=0)


@pytest.fixture(scope="module")
def wave():
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.uniform(0, 6, 4000), rng.normal(size=4000), rng.normal(size=4000)])
    y = (rng.random(4000) < expit(1.5 * np.sin(x[:, 0]) + 0.8 * x[:, 1] - 1)).astype(np.int8)
    return x, y


def test_steps_are_sums_of_the_b_splines_of_scipy():
    knots = Knots((0.0, 1.0, 2.5, 4.0), 3)
    x = np.linspace(0, 4, 101)[:-1]
    full = np.array([0.0] * 4 + [1.0, 2.5] + [4.0] * 4)
    table = BSpline.design_matrix(x, full, 3).toarray()
    expected = np.cumsum(table[:, ::-1], axis=1)[:, ::-1][:, 1:]
    np.testing.assert_allclose(knots.steps_of(x), expected, atol=1e-12)


def test_the_pieces_are_the_curve_and_it_stays_level_outside():
    knots = Knots((0.0, 1.0, 2.5, 4.0), 3)
    coefficients = np.random.default_rng(0).normal(size=knots.steps)
    x = np.linspace(-2, 6, 201)
    curves = stack([np.array(knots.breaks)], [pieces_of(knots, coefficients)])
    found = curves.read(x[:, None])[:, 0]
    np.testing.assert_allclose(found, knots.steps_of(x) @ coefficients, atol=1e-12)
    assert found[0] == found[40] and found[-1] == found[-40]


def test_gaps_as_coefficients_make_a_straight_line():
    knots = Knots((0.0, 1.0, 2.5, 4.0), 3)
    x = np.linspace(0, 4, 50)
    np.testing.assert_allclose(knots.steps_of(x) @ knots.gaps, x / 4.0, atol=1e-12)
    assert np.abs(block_of(knots, begin=0, l2=1.0).bend @ knots.gaps).max() < 1e-9


def test_a_wave_is_found_a_line_stays_a_line_and_noise_stays_flat(wave):
    x, y = wave
    model = fit(x, y)
    parts = model.contributions(x)
    truth = 1.5 * (np.sin(x[:, 0]) - np.sin(x[:, 0]).mean())
    assert np.corrcoef(parts[:, 0], truth)[0, 1] > 0.99
    assert np.corrcoef(parts[:, 1], x[:, 1])[0, 1] > 0.99
    assert np.ptp(parts[:, 2]) < 0.1 * np.ptp(parts[:, 1])
    waving, line, _ = model.smooths
    assert waving.smoothing < 0.1
    assert line.smoothing > 10


def test_the_smoothing_is_that_of_the_largest_evidence(wave):
    x, y = wave[0][:800, :1], wave[1][:800]
    knots = knots_of(x[:, 0], inner=6)
    steps = knots.steps_of(x[:, 0])
    design = np.column_stack([np.ones(800), steps - steps.mean(axis=0)])
    block = block_of(knots, begin=1, l2=1.0)
    size = design.shape[1]
    asked = Bounded(
        design, y.astype(float), np.ones(800), np.zeros((size, size)), np.zeros(size),
        np.zeros(size, dtype=bool),
    )  # fmt: skip

    def minus_evidence(log_weight):
        """Return minus the Laplace approximation of the log marginal likelihood."""
        weight = float(np.exp(np.ravel(log_weight)[0]))
        penalty = np.zeros((size, size))
        penalty[1:, 1:] = weight * block.bend + block.ridge
        under = Bounded(design, asked.target, asked.weights, penalty, asked.linear, asked.held)
        w = minimise(under)
        inner = np.linalg.slogdet(under.hessian(w, np.ones(size, dtype=bool)))[1]
        return under.loss(w) + 0.5 * inner - 0.5 * np.linalg.slogdet(penalty[1:, 1:])[1]

    best = minimize(minus_evidence, [0.0], method="Nelder-Mead")
    (ours,) = fit_smooth(asked, [block]).weights
    assert minus_evidence(np.log(ours)) == pytest.approx(best.fun, abs=0.02)
    assert minus_evidence(np.log(ours * 30)) > best.fun + 0.2


def test_a_fixed_and_strong_smoothing_gives_the_logistic_regression(wave):
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(8)
    x = rng.uniform(-1, 1, (2000, 2))
    y = (rng.random(2000) < expit(x @ [1.0, -0.5])).astype(np.int8)
    ours = fit(x, y, smoothing=1e7, l2=1e-4).margin(x)
    peer = LogisticRegression(C=1e6, tol=1e-10).fit(x, y).decision_function(x)
    # Outside 0.5 % and 99.5 % of the training rows ours is level.
    inside = (np.abs(x) < 0.98).all(axis=1)
    np.testing.assert_allclose(ours[inside], peer[inside], atol=0.02)


def test_a_missing_value_has_its_mark_and_no_place_on_the_curve():
    x, y = rows()
    model = AdditiveEstimator().fit(x, y, names=NAMES, parameters={}, seed=0)
    gap = x[:1].copy()
    gap[0, 1] = np.nan
    smooth = model.smooths[1]
    expected = (1.0 - smooth.missing_share) * smooth.missing_coefficient
    assert model.contributions(gap)[0, 1] == pytest.approx(expected)
    assert model.smooths[0].missing_coefficient == 0.0


def test_a_feature_that_never_varies_or_is_never_there_carries_nothing():
    x, y = rows()
    x = np.column_stack([x, np.full(len(x), np.nan), np.full(len(x), 3.0)])
    names = (*NAMES, "never", "constant")
    model = AdditiveEstimator().fit(x, y, names=names, parameters={}, seed=0)
    assert np.abs(model.contributions(x)[:, 5:7]).max() < 1e-9
    back = AdditiveEstimator().read(model.write(), names=names)
    np.testing.assert_array_equal(back.margin(x), model.margin(x))


def test_a_file_that_turns_against_its_sign_is_refused():
    x, y = rows()
    asked = {"monotone_up": "age"}
    model = AdditiveEstimator().fit(x, y, names=NAMES, parameters=asked, seed=0)
    data = model.write()
    first = data.index(b'"coefficients":[') + len(b'"coefficients":[')
    for turned in (data[:first] + b"-5," + data[data.index(b",", first) + 1 :], data[:-9]):
        with pytest.raises(Refused) as refused:
            AdditiveEstimator().read(turned, names=NAMES)
        assert refused.value.code == "model.format"


@pytest.mark.parametrize("wrong", [{"knots": 99}, {"l2": 0}, {"smoothing": -1}, {"knots": 2.5}])
def test_parameters_out_of_range_are_refused(wrong, wave):
    with pytest.raises(BadInput) as refused:
        fit(*wave, **wrong)
    assert refused.value.code == "model.parameter"


def test_it_ranks_as_well_as_what_made_the_outcomes(wave):
    x, y = wave
    truth = 1.5 * np.sin(x[:, 0]) + 0.8 * x[:, 1]
    assert rank_auroc(fit(x, y).margin(x), y) > rank_auroc(truth, y) - 0.005
