"""Looking every day does not inflate the error, and planted shifts get their right name."""

import numpy as np
import pytest

from attending.errors import BadInput
from attending.monitor.sequence import evidence, tilt
from attending.monitor.simulate import simulate
from attending.monitor.simulated_year import Validation
from attending.specs.monitoring import ConceptMonitor, MonitoringSpec, TrustCondition
from tests.monitor import deployed as d

MONITOR = ConceptMonitor()


@pytest.fixture(scope="module")
def report():
    return simulate(d.SPEC, d.HELD, d.VALIDATION, years=6, seed=11, runs=2)


def test_quiet_years_do_not_stop_the_model(report):
    assert report.wrong_stops == 0
    assert (report.rate, report.low) == (0.0, 0.0)
    assert 0.3 < report.high < 0.5
    assert report.acts_per_year <= 2


def test_planted_shifts_are_seen_and_named(report):
    named = {one.shift: one for one in report.shifts}
    assert set(named) == {
        "calibration",
        "helpful_alerts",
        "missing_feed",
        "unit_switch",
        "case_mix",
    }
    for one in named.values():
        assert one.detected == one.runs == one.named_right
    assert named["unit_switch"].median_days <= 7
    assert named["missing_feed"].median_days <= 7


def test_the_same_seed_gives_the_same_report(report):
    small = [
        simulate(d.SPEC, d.HELD, d.VALIDATION, years=1, seed=seed, runs=1) for seed in (5, 5, 6)
    ]
    assert small[0].as_bytes() == small[1].as_bytes()
    assert small[0].digest != small[2].digest
    with pytest.raises(BadInput, match="expected 1 or more"):
        simulate(d.SPEC, d.HELD, Validation(d.X[:, :2], d.RISK), years=1, seed=1)


@pytest.mark.requirement("H12")
def test_trust_conditions_fixed_in_advance_are_tried_before_they_are_trusted():
    def rate(bound):
        trust = (TrustCondition(name="calibrated", measure="oe", at_most=bound, severity="stop"),)
        spec = MonitoringSpec(risk_level="high", trust=trust)
        return simulate(spec, d.HELD, d.VALIDATION, years=3, seed=2, runs=1)

    # A bound that chance alone passes stops a model that is well, and the simulation says so.
    tight = rate(0.99)
    assert (tight.wrong_stops, tight.rate) == (3, 1.0)
    assert rate(1.5).wrong_stops == 0
    with pytest.raises(ValueError, match="at_least or at_most"):
        TrustCondition(name="calibrated", measure="oe")


def _year(rng, odds=1.0, n=4000):
    risk = rng.beta(1, 6, n)
    outcome = (rng.random(n) < tilt(risk, odds)).astype(np.int8)
    return risk, outcome, np.sort(rng.integers(0, 365, n))


def test_a_daily_look_passes_the_limit_no_more_often_than_it_says():
    rng = np.random.default_rng(1)
    # At the edge of the tolerance itself, where it is hardest.
    peaks, naive = [], []
    for _ in range(200):
        risk, outcome, day = _year(rng, MONITOR.tolerance)
        peaks.append(evidence(MONITOR, risk, outcome, day=day, days=365).both.max())
        edge = tilt(risk, MONITOR.tolerance)
        sums = np.cumsum(outcome - edge) / np.sqrt(np.cumsum(edge * (1 - edge)))
        naive.append(np.abs(sums[100:]).max())
    # Control: a daily z-test at 5 % is wrong in far more than 5 % of the years.
    assert np.mean(np.array(naive) > 1.96) > 0.15
    assert np.mean(np.array(peaks) >= 1 / MONITOR.watch_alpha) <= 0.05
    assert np.mean(np.array(peaks) >= 1 / MONITOR.alpha) <= 0.005


def test_evidence_grows_in_the_direction_of_the_drift_and_for_late_ones_too():
    rng = np.random.default_rng(2)
    risk, outcome, day = _year(rng, 2.0)
    seen = evidence(MONITOR, risk, outcome, day=day, days=365)
    assert seen.more[-1] > 1e6
    assert seen.fewer[-1] <= 1
    calm = _year(rng)
    late = np.where(day > 250, outcome, calm[1])
    mixed_risk = np.where(day > 250, risk, calm[0])
    mixed = evidence(MONITOR, mixed_risk, late, day=day, days=365)
    assert mixed.both[-1] >= 1 / MONITOR.alpha
    nothing = evidence(
        MONITOR, np.empty(0), np.empty(0, np.int8), day=np.empty(0, np.int64), days=3
    )
    np.testing.assert_allclose(nothing.both, 1.0)
