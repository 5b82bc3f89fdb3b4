"""Findings about inputs say what they do to the score: none, a shift, or another order."""

import numpy as np
import pyarrow as pa
import pytest

from attending.digests import canonical
from attending.errors import BadInput
from attending.monitor.effect import as_it_was, effect
from attending.monitor.run import run
from tests.monitor import deployed as d

WEIGHTS = np.array([1.2, 0.0, 0.0, 0.05, 0.0, 0.3])


def risk_of(x):
    """Read creatinine, heart rate and prior stays, a missing value as a usual one."""
    usual = np.nanmedian(d.X, axis=0)
    return 1 / (1 + np.exp(1.9 - (np.where(np.isnan(x), usual, x) - usual) @ WEIGHTS))


def seen(x, **more):
    return run(d.SPEC, d.HELD, d.current(x, risk_of(x), **({"risk_of": risk_of} | more)), at=d.AT)


def found(made, name, subject):
    return next(f for f in made.findings if (f.name, f.subject) == (name, subject))


@pytest.mark.requirement("H6")
def test_a_finding_says_what_the_moved_input_does_to_risk_alerts_and_order():
    x, _ = d.rows(1150, seed=9)
    x[-400:, 0] += 1.0  # every creatinine is one higher, which the model reads
    x[-400:, 2] += 12.0  # every sodium too, which it does not
    made = seen(x)
    moved = next(f for f in made.findings if f.subject == "creatinine").effect
    # The truth: the same patients without the shift.
    right = x[-200:].copy()
    right[:, 0] -= 1.0
    truth = risk_of(x[-200:]).mean() - risk_of(right).mean()
    assert truth > 0.1
    assert moved.n == 200
    assert abs(moved.mean_risk_change - truth) < 0.03
    assert moved.alert_rate_change > 0.1
    meaning = next(f for f in made.findings if f.subject == "creatinine").meaning
    assert "higher on average" in meaning
    assert "more are alerted" in meaning
    harmless = next(f for f in made.findings if f.subject == "sodium")
    assert (harmless.effect.mean_risk_change, harmless.effect.rank_agreement) == (0.0, 1.0)
    assert "risks are the same on average, as many patients are alerted" in harmless.meaning
    assert "patients keep their order" in harmless.meaning
    with pytest.raises(BadInput, match="no column"):
        seen(x, features=pa.table({"creatinine": x[:, 0]}))


def test_a_dead_feed_says_what_all_its_features_do_together():
    x, _ = d.rows(1150, seed=9)
    x[-400:, :3] = np.nan
    feed = found(seen(x), "feed_missing", "labs")
    # All are read as usual patients, so those with other values change places.
    assert feed.effect.rank_agreement < 0.9
    assert "patients change places" in feed.meaning


def test_without_drift_nothing_is_put_back_and_all_is_the_same():
    known = d.HELD.features[0]
    same = as_it_was(known, d.X[:, 0])
    assert np.allclose(same, d.X[:, 0], equal_nan=True)
    none = effect(d.HELD, d.X, [0], risk_of=risk_of)
    assert abs(none.mean_risk_change) < 1e-9
    assert none.rank_agreement == pytest.approx(1.0)


def test_a_unit_switch_is_put_back_to_the_right_values():
    switched = d.X[:400, 0] * 88.42
    back = as_it_was(d.HELD.features[0], switched)
    there = ~np.isnan(back) & ~np.isnan(switched)
    assert np.median(np.abs(back[there] - d.X[:400, 0][there])) < 0.05


def test_without_a_model_no_effect_is_said_and_older_reports_keep_their_bytes():
    x, _ = d.rows(1150, seed=9)
    x[-400:, 0] += 1.0
    made = seen(x, risk_of=None)
    assert made.findings
    assert all(f.effect is None for f in made.findings)
    assert b'"effect"' not in canonical(made.content())
