"""Calibration: against scikit-learn, and what it refuses."""

import numpy as np
import pytest

from attending.errors import Refused
from attending.models.calibration import CALIBRATIONS, calibrated_risk, from_json
from attending.models.protocol import logit

RNG = np.random.default_rng(3)
MARGIN = RNG.normal(-1, 1.5, 4000)
# The score is too sure of itself by a factor of two and too low by 0.5.
OUTCOME = (RNG.random(4000) < 1 / (1 + np.exp(-(0.5 + 0.5 * MARGIN)))).astype(np.int8)


def test_platt_finds_the_line_that_made_the_outcomes():
    line = CALIBRATIONS.get("platt")(MARGIN, OUTCOME)
    assert line.slope == pytest.approx(0.5, abs=0.06)
    assert line.intercept == pytest.approx(0.5, abs=0.1)
    assert calibrated_risk(line, MARGIN).mean() == pytest.approx(OUTCOME.mean(), abs=0.002)


def test_isotonic_agrees_with_scikit_learn_at_the_rows_it_was_fitted_on():
    from sklearn.isotonic import IsotonicRegression

    steps = CALIBRATIONS.get("isotonic")(MARGIN, OUTCOME)
    peer = IsotonicRegression(y_min=1e-6, y_max=1 - 1e-6).fit(MARGIN, OUTCOME)
    np.testing.assert_allclose(calibrated_risk(steps, MARGIN), peer.predict(MARGIN), atol=1e-6)


def test_beta_agrees_with_the_package_of_its_authors():
    # betacal 1.1.0, BetaCalibration("abm"), on the same 400 rows; its optimiser stops at 1e-4.
    k = np.arange(400)
    risk = np.round((k + 0.5) / 400, 5)
    made = 1 / (1 + np.exp(-(0.3 + 0.6 * np.log(risk) - 1.5 * np.log(1 - risk))))
    outcome = ((k * 7919 % 400) / 400 < made).astype(np.int8)
    assert outcome.sum() == 268
    line = CALIBRATIONS.get("beta")(logit(risk), outcome)
    assert line.slope == pytest.approx(0.525557012, abs=1e-3)
    assert line.slope_high == pytest.approx(1.585655369, abs=1e-3)
    # Their third parameter is the risk at which the map crosses one half.
    crossing = 0.2761374692
    assert calibrated_risk(line, logit(np.array([crossing]))) == pytest.approx(0.5, abs=1e-3)
    theirs = [0.20929377, 0.41869918, 0.71068457, 0.9307744, 0.99251357]
    ours = calibrated_risk(line, logit(np.array([0.05, 0.2, 0.5, 0.8, 0.95])))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    # Ours is at the optimum itself: all three score equations are met.
    off = calibrated_risk(line, logit(risk)) - outcome
    for column in (np.ones(400), np.log(risk), -np.log1p(-risk)):
        assert abs(off @ column) < 1e-5


def test_beta_drops_a_slope_that_would_turn_the_order_round():
    # betacal gives a = 0 here as well.
    k = np.arange(60)
    risk = np.round((k + 0.5) / 60, 4)
    made = np.where(risk < 0.5, risk**1.6, 1 - (1 - risk) ** 0.6)
    outcome = ((k * 7919 % 60) / 60 < made).astype(np.int8)
    line = CALIBRATIONS.get("beta")(logit(risk), outcome)
    assert line.slope == 0.0
    assert line.slope_high == pytest.approx(6.8005, abs=0.01)


def test_a_beta_map_is_no_line_and_a_falling_one_is_refused():
    line = CALIBRATIONS.get("beta")(MARGIN, OUTCOME)
    assert not line.is_line
    with pytest.raises(ValueError, match="turns the order"):
        from_json(line.as_json() | {"slope_high": -0.1})


@pytest.mark.parametrize("kind", CALIBRATIONS.names())
def test_a_calibration_never_turns_the_order_round_and_survives_json(kind):
    found = CALIBRATIONS.get(kind)(MARGIN, OUTCOME)
    grid = np.linspace(-10, 10, 500)
    assert (np.diff(found.apply(grid)) >= 0).all()
    np.testing.assert_array_equal(from_json(found.as_json()).apply(grid), found.apply(grid))


def test_few_events_are_refused():
    outcome = np.zeros(200, dtype=np.int8)
    outcome[:50] = 1
    CALIBRATIONS.get("platt")(MARGIN[:200] + outcome, outcome)
    with pytest.raises(Refused) as refused:
        CALIBRATIONS.get("isotonic")(MARGIN[:200], outcome)
    assert refused.value.code == "model.calibration_rows"
    with pytest.raises(Refused):
        CALIBRATIONS.get("platt")(MARGIN[:200], outcome * 0)


@pytest.mark.parametrize("kind", ["platt", "beta"])
def test_a_score_that_ranks_the_wrong_way_is_refused(kind):
    with pytest.raises(Refused) as refused:
        CALIBRATIONS.get(kind)(-MARGIN, OUTCOME)
    assert refused.value.code == "model.calibration_reversed"


def test_separated_rows_give_a_finite_line():
    margin = np.concatenate([np.full(20, -1.0), np.full(20, 1.0)])
    outcome = (margin > 0).astype(np.int8)
    line = CALIBRATIONS.get("platt")(margin, outcome)
    assert 0 < line.slope < 10


def test_steps_that_fall_are_refused():
    broken = {"kind": "isotonic", "intercept": 0, "slope": 1, "knots": [[0, 1], [1, 0]]}
    with pytest.raises(ValueError, match="do not rise"):
        from_json(broken)


@pytest.mark.parametrize("kind", ["none", "platt", "beta", "isotonic"])
def test_a_map_that_is_moved_along_a_line_gives_the_moved_log_odds_and_reads_back(kind):
    rng = np.random.default_rng(3)
    margin = rng.normal(size=3000)
    outcome = (rng.random(3000) < 1 / (1 + np.exp(0.4 - 0.7 * margin))).astype(np.int8)
    held = CALIBRATIONS.get(kind)(margin, outcome)
    moved = held.moved(intercept=0.4, slope=0.8)
    np.testing.assert_allclose(moved.apply(margin), 0.4 + 0.8 * held.apply(margin), atol=1e-12)
    assert from_json(moved.as_json()) == moved
    assert moved.is_line == held.is_line
