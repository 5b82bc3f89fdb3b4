"""Signs that clinicians know are kept by every estimator that promises them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attending.errors import BadInput
from attending.models.monotone import settings_of
from attending.models.registered import MODELS

NAMES = ("up", "down", "free")
SIGNS = {"up": "increasing", "down": "decreasing"}
SMALL = {"lightgbm": {"num_iterations": 25, "min_data_in_leaf": 5}, "additive": {"knots": 4}}


def made(seed, *, against):
    """Rows whose truth goes against the signs, or waves, so that the signs must be held."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, 3))
    truth = np.sin(3 * x[:, 0]) - against * x[:, 0] + against * x[:, 1] + x[:, 2]
    y = (rng.random(400) < 1 / (1 + np.exp(-truth))).astype(np.int8)
    x[rng.random(400) < 0.1, 0] = np.nan
    return x, y


def steepest(model, x, *, feature):
    """Return the largest rise and the largest fall of the risk along one feature."""
    grid = np.linspace(-4, 4, 60)
    moves = []
    for row in x[:25]:
        many = np.repeat(row[None, :], len(grid), axis=0)
        many[:, feature] = grid
        moves.append(np.diff(model.margin(many)))
    return np.max(moves), np.min(moves)


@pytest.mark.parametrize("kind", list(SMALL))
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), against=st.sampled_from([0.0, 1.0]))
def test_a_sign_is_held_on_any_data(kind, seed, against):
    x, y = made(seed, against=against)
    asked = SMALL[kind] | settings_of(SIGNS)
    model = MODELS.get(kind).fit(x, y, names=NAMES, parameters=asked, seed=seed)
    model = MODELS.get(kind).read(model.write(), names=NAMES)
    assert steepest(model, x, feature=0)[1] >= -1e-9
    assert steepest(model, x, feature=1)[0] <= 1e-9


@pytest.mark.parametrize("kind", list(SMALL))
def test_without_the_sign_the_same_data_break_it(kind):
    x, y = made(3, against=1.0)
    model = MODELS.get(kind).fit(x, y, names=NAMES, parameters=SMALL[kind], seed=3)
    assert steepest(model, x, feature=0)[1] < -0.1
    assert steepest(model, x, feature=1)[0] > 0.1


@pytest.mark.parametrize("kind", list(SMALL))
@pytest.mark.parametrize(
    "wrong",
    [{"monotone_up": "upp"}, {"monotone_up": "up", "monotone_down": "up"}],
)
def test_an_unknown_feature_or_both_directions_are_refused(kind, wrong):
    x, y = made(1, against=0.0)
    with pytest.raises(BadInput) as refused:
        MODELS.get(kind).fit(x, y, names=NAMES, parameters=SMALL[kind] | wrong, seed=1)
    assert refused.value.code == "model.monotone"
    assert "'up'" in refused.value.hint
