"""Calibration: against scikit-learn, and what it refuses."""

import numpy as np
import pytest

from attending.errors import Refused
from attending.models.calibration import CALIBRATIONS, calibrated_risk, from_json

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


def test_a_score_that_ranks_the_wrong_way_is_refused():
    with pytest.raises(Refused) as refused:
        CALIBRATIONS.get("platt")(-MARGIN, OUTCOME)
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
