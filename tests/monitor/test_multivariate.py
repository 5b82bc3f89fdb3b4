"""What no single input shows: values that no longer go together."""

import numpy as np
import pytest

from attending.errors import BadInput
from attending.monitor.multivariate import NAME
from attending.monitor.run import run
from attending.statistics.two_sample_classifier import told_apart
from tests.monitor import deployed as d


def report(x, risk, then=d.X):
    return run(d.SPEC, d.HELD, d.current(x, risk, then=then), at=d.AT)


def test_inputs_that_no_longer_go_together_are_found_and_each_alone_looks_as_ever():
    x, risk = d.rows(2000, seed=21)
    calm = report(x, risk)
    assert d.names(calm) == set()
    assert calm.measure(NAME).value < 0.6
    # Heart and breathing rates go against the others: every single distribution stays.
    rng = np.random.default_rng(22)
    order = np.argsort(x[:, 3] + 6 * rng.normal(size=len(x)))
    turned = x.copy()
    turned[order, 4] = np.sort(x[:, 4])[::-1]
    found = report(turned, risk)
    assert d.names(found) == {("data", "watch", NAME, "inputs together", "")}
    named = next(one for one in found.findings if one.name == NAME)
    assert {"heart_rate", "resp_rate"} <= set(named.also)
    assert "heart rate" in named.meaning


def test_without_the_rows_of_the_validation_it_is_not_shown():
    x, risk = d.rows(1150, seed=9)
    gone = report(x, risk, then=None).measure(NAME)
    assert (gone.state, gone.why) == ("not_shown", "the rows of the validation are not here")
    with pytest.raises(BadInput):
        told_apart(x[:5], x)


def test_chance_alone_is_rarely_told_apart():
    rng = np.random.default_rng(23)
    z = [told_apart(rng.normal(size=(150, 5)), rng.normal(size=(150, 5))).z for _ in range(60)]
    assert np.mean(np.array(z) > 1.645) <= 0.12
    assert max(z) < 4.5
