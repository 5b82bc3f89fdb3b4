"""Looking every day does not inflate the error, and planted shifts get their right name."""

from dataclasses import replace

import numpy as np
import pytest

from attending.errors import BadInput
from attending.monitor.lived import World, live
from attending.monitor.planted import KINDS, Plant
from attending.monitor.reference import reference
from attending.monitor.sequence import evidence, tilt
from attending.monitor.simulate import simulate
from attending.monitor.simulated_year import Validation
from attending.specs.monitoring import ConceptMonitor, MonitoringSpec, TrustCondition
from tests.monitor import deployed as d

MONITOR = ConceptMonitor()
DAYS = range(365)


WORLD = World.of(d.SPEC, d.HELD, d.VALIDATION)
SITES = ("CITY", "HILL", "VALLEY")
AT = np.random.default_rng(9).choice(3, len(d.RISK), p=[0.5, 0.3, 0.2])


@pytest.fixture(scope="module")
def report():
    return simulate(WORLD, years=20, seed=11, runs=2)


@pytest.fixture(scope="module")
def three_sites():
    """A world of three sites, the middle one with 30 % of the patients."""
    by_site = {}
    for at, name in enumerate(SITES):
        here = at == AT
        about = replace(d.ABOUT, site=name)
        of = {"outcome": d.Y[here], "times": d.TIMES[here]}
        by_site[name] = reference(d.table(d.X[here]), d.RISK[here], d.NAMES, about=about, **of)
    drawn = Validation(d.X, d.RISK, sites=SITES, site=AT)
    return World.of(d.SPEC, d.HELD, drawn, by_site=by_site)


def test_quiet_years_do_not_stop_the_model(report):
    assert report.wrong_stops == 0
    assert (report.rate, report.low) == (0.0, 0.0)
    assert 0.1 < report.high < 0.2
    assert report.actionable_per_year <= 2
    assert report.informational_per_year <= 12


def test_sixteen_kinds_in_three_sizes_are_planted_and_large_ones_seen_and_named(report):
    assert len({one.shift for one in report.shifts}) == len(KINDS) == 16
    assert len(report.shifts) == 48
    large = [one for one in report.shifts if one.size == "large"]
    assert all(one.detected == one.runs for one in large)
    assert sum(one.named_right for one in large) >= 0.9 * sum(one.runs for one in large)
    days = {one.shift: one.median_days for one in large}
    assert days["unit_switch"] <= 7
    assert days["missing_feed"] <= 2
    assert all(one.median_outcomes > 0 for one in large)


def test_policies_that_nobody_should_use_lose(report):
    ours, *others = report.stubs
    assert ours.policy == "the policy"
    assert [one.policy for one in others] == [
        "always continue",
        "always watch",
        "random, as often",
    ]
    assert ours.seen == 1.0
    assert all(one.seen < 0.5 and one.named_right < 0.3 for one in others)


@pytest.mark.parametrize(
    ("kind", "drift"),
    [("unit_switch", "data"), ("more_events", "concept"), ("alerts_unread", "workflow")],
)
def test_a_shift_at_one_site_is_seen_and_the_site_is_named(three_sites, kind, drift):
    figure = next(one.sizes[2] for one in KINDS if one.name == kind)
    lived = live(three_sites, Plant(kind, figure, 130, 1), seed=(4, 4))
    calm = live(three_sites, None, seed=(4, 4))
    found = [one for day in range(130, 280) for one in lived.on(day).findings]
    serious = [one for one in found if one.severity in {"act", "stop"}]
    assert {one.drift for one in serious if one.site == "HILL"} == {drift}
    before = [one for day in range(130, 280) for one in calm.on(day).findings]
    assert not [one for one in before if one.severity in {"act", "stop"}]


def test_every_kind_in_every_size_is_planted_at_one_site_too_and_large_ones_get_their_name(
    three_sites,
):
    found = simulate(three_sites, years=1, seed=11, runs=1).shifts
    planted = {(one.shift, one.size, one.site) for one in found}
    assert len(planted) == len(found) == 96
    assert {site for _, _, site in planted} == {"", "HILL"}
    for site in ("", "HILL"):
        large = [one for one in found if (one.size, one.site) == ("large", site)]
        assert len(large) == len(KINDS) == 16
        assert {one.expected for one in large} == {"data", "concept", "workflow", "unknown"}
        assert sum(one.detected for one in large) == 16
        assert sum(one.named_right for one in large) >= 0.9 * 16


def test_sites_cost_no_chance_of_a_wrong_alarm(three_sites):
    # Half of the stake is on all and half on the sites, so together they stay under the limit.
    lived = live(three_sites, None, seed=(8, 1))
    places = lived.proof.places
    expected = (places[""] + np.mean([places[name] for name in SITES], axis=0)) / 2
    assert (lived.proof.total <= expected + 1e-9).all()


@pytest.mark.fault("D32")
def test_d32_winter_weekends_and_holidays_raise_no_alarm_beyond_the_budget(three_sites):
    lived = [live(three_sites, None, seed=(32, at)) for at in range(5)]
    # Control: a look a day at the volume against the mean day, two standard deviations off.
    alarms = []
    for one in lived:
        daily = np.diff(one.seen.rows)
        alarms.append(int((np.abs(daily - daily.mean()) > 2 * daily.mean() ** 0.5).sum()))
    assert min(alarms) > 10
    # Five years of three sites: the budget of actionable findings is two a year.
    findings = [
        {(f.name, f.subject, f.site) for day in DAYS for f in one.on(day).findings if _acts(f)}
        for one in lived
    ]
    assert sum(map(len, findings)) <= 2 * len(lived)
    answers = {(day.verdict and day.verdict.answer) for one in lived for day in map(one.on, DAYS)}
    assert not answers & {"fallback", "stop", "restrict"}


def _acts(finding):
    return finding.severity in {"act", "stop"}


def test_the_same_seed_gives_the_same_report(report):
    small = [simulate(WORLD, years=1, seed=5, runs=1) for _ in range(2)]
    assert small[0].as_bytes() == small[1].as_bytes()
    assert small[0].digest != report.digest
    with pytest.raises(BadInput, match="expected 6"):
        World.of(d.SPEC, d.HELD, Validation(d.X[:, :2], d.RISK))
    with pytest.raises(BadInput, match="expected 1 or more"):
        simulate(WORLD, years=0, seed=1)


@pytest.mark.requirement("H12")
def test_trust_conditions_fixed_in_advance_are_tried_before_they_are_trusted():
    def rate(bound):
        trust = (TrustCondition(name="calibrated", measure="oe", at_most=bound, severity="stop"),)
        spec = MonitoringSpec(risk_level="high", trust=trust)
        world = World.of(spec, d.HELD, d.VALIDATION)
        quiet = [live(world, None, seed=(2, 0, at)) for at in range(3)]
        return sum(
            any((day.verdict and day.verdict.answer) == "fallback" for day in map(one.on, DAYS))
            for one in quiet
        )

    # A bound that chance alone passes stops a model that is well, and the simulation says so.
    assert rate(0.99) == 3
    assert rate(1.5) == 0
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
