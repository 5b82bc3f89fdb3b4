"""Which update matured outcomes ask for, on figures whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from attending.errors import BadInput
from attending.models.protocol import expit
from attending.monitor.update import weigh
from attending.specs.change_control import Retraining

NAMES = ("a", "b", "c")
POLICY = Retraining(look_every="90d", latency="31d")


def drawn(*, intercept=0.0, slope=1.0, other=0.0, n=4000, seed=5):
    """Return outcomes of a world that moved by a line, or that changed what `c` does."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    linear = -1.2 + 0.9 * x[:, 0] + 0.5 * x[:, 1]
    true = expit(intercept + slope * linear + other * x[:, 2])
    return (rng.random(n) < true).astype(np.int8), expit(linear), x


def weighed(**world):
    outcome, risk, x = drawn(**world)
    return weigh(POLICY, outcome, risk, x=x, names=NAMES, weights=(0.5, 0.3, 0.2))


@pytest.mark.parametrize(
    ("world", "update"),
    [
        ({}, "none"),
        ({"intercept": 0.8}, "intercept"),
        ({"slope": 0.5}, "slope_and_intercept"),
        ({"other": 1.0}, "refit"),
    ],
)
def test_the_smallest_update_that_is_enough_is_proposed(world, update):
    assert weighed(**world).update == update


def test_the_line_is_the_one_by_which_the_world_moved():
    found = weighed(intercept=0.8)
    assert (found.intercept, found.slope) == (pytest.approx(0.8, abs=0.1), 1.0)
    found = weighed(slope=0.5, intercept=0.3)
    assert found.intercept == pytest.approx(0.3, abs=0.12)
    assert found.slope == pytest.approx(0.5, abs=0.1)
    assert found.observed_expected > 1.0


def test_within_the_bounds_of_the_policy_an_intercept_alone_is_not_proposed():
    outcome, risk, x = drawn(intercept=0.25)
    said = {"x": x, "names": NAMES, "weights": (0.5, 0.3, 0.2)}
    tight = POLICY.model_copy(update={"oe_outside": (0.99, 1.01)})
    assert weigh(tight, outcome, risk, **said).update == "intercept"
    assert weigh(POLICY, outcome, risk, **said).update == "none"


def test_terms_are_as_few_as_events_allow_and_none_repeats_another():
    outcome, risk, x = drawn(n=160)
    few = np.column_stack([x, x[:, 0] * 2.0, np.ones(len(x))])
    few[::7, 1] = np.nan
    found = weigh(
        POLICY,
        outcome,
        risk,
        x=few,
        names=(*NAMES, "twice_a", "one"),
        weights=(0.1, 0.2, 0.3, 0.0, 0.9),
    )
    assert found.terms == ("c", "b", "a")  # "one" does not vary, and "twice_a" is "a"
    with pytest.raises(BadInput) as refused:
        weigh(POLICY, outcome, risk, x=few[:, 4:], names=("one",), weights=(1.0,))
    assert refused.value.code == "change.columns"
