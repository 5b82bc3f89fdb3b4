"""The model over time, at sites that it never saw, with inputs gone, and beside its forerunner."""

from dataclasses import replace

import numpy as np
import pytest

from attending.errors import BadInput
from attending.specs.validation import ValidationSpec
from attending.statistics.auroc import auroc
from attending.validate.data import FollowUp, Inputs
from attending.validate.model import validate
from tests.validate.conftest import N, expit

ASK = {
    "baselines": ["lace"],
    "thresholds": [0.2],
    "subgroups": ["age"],
    "decision_curve": {"low": 0.2, "high": 0.2},
    "bootstrap": {"draws": 100},
}
HELD = {"gate": "held_out_sites", "auroc_at_least": 0.65, "low": 0.7, "high": 1.4}


def validated(data, *gates, **more):
    return validate(ValidationSpec(**{**ASK, **more}, gates=gates), data)


@pytest.fixture(scope="module")
def sites(ward):
    rng = np.random.default_rng(3)
    names = rng.choice(["east", "north", "south", "west"], N, p=[0.3, 0.3, 0.25, 0.15])
    return replace(ward, site=names.tolist(), fitted_sites=frozenset({"north", "east"}))


def at(data, site):
    return np.array([name == site for name in data.site])


@pytest.mark.requirement("E18")
def test_each_held_out_site_is_measured_and_one_that_fails_is_refused_by_its_name(sites):
    report = validated(sites, HELD)
    assert {row.site: row.held_out for row in report.sites_table} == {
        "east": False, "north": False, "south": True, "west": True,
    }  # fmt: skip
    south = next(row for row in report.sites_table if row.site == "south")
    mask = at(sites, "south")
    assert south.auroc.value == pytest.approx(auroc(sites.outcome[mask], sites.risk[mask]))
    assert south.slope.low < 1.0 < south.slope.high
    assert report.gates[0].outcome == "met"
    guess = np.random.default_rng(1).permutation(sites.risk)
    broken = replace(sites, risk=np.where(at(sites, "west"), guess, sites.risk))
    assert validated(broken, {"gate": "beats_baseline", "baseline": "lace"}).gates_met
    refused = validated(broken, HELD).gates[0]
    failed = {check.group for check in refused.checks if check.outcome == "failed"}
    assert (refused.outcome, failed) == ("failed", {"site=west"})


def test_without_a_site_that_the_fit_did_not_see_nothing_is_shown(sites, ward):
    for data in (ward, replace(sites, fitted_sites=frozenset(set(sites.site)))):
        gate = validated(data, HELD).gates[0]
        assert (gate.outcome, gate.reason) == ("not_shown", "no_held_out_site")


def test_sites_that_are_alike_differ_little_and_a_broken_one_shows(sites):
    alike = {found.measure: found for found in validated(sites).site_spread}
    assert alike["auroc"].sites == 4
    assert alike["auroc"].new_site.low < alike["auroc"].pooled.value
    shifted = np.where(at(sites, "west"), np.minimum(3 * sites.risk, 0.95), sites.risk)
    apart = {found.measure: found for found in validated(replace(sites, risk=shifted)).site_spread}
    assert apart["observed_expected"].i2 > 0.8 > alike["observed_expected"].i2
    assert apart["observed_expected"].p < 0.001


@pytest.mark.requirement("E13")
def test_a_model_that_fades_is_refused_and_a_steady_one_is_met(ward):
    gate = {"gate": "stable_over_time", "measure": "auroc", "margin": 0.08}
    steady = validated(ward, gate)
    assert steady.trends[0].periods == 4
    assert steady.trends[0].change.low < 0 < steady.trends[0].change.high
    assert steady.gates[0].outcome == "met"
    day = (ward.prediction_time - ward.prediction_time.min()).astype("timedelta64[D]").astype(int)
    guess = np.random.default_rng(1).permutation(ward.risk)
    mixed = np.random.default_rng(2).random(N) < day / 365
    fading = validated(replace(ward, risk=np.where(mixed, guess, ward.risk)), gate)
    assert fading.trends[0].change.high < 0
    assert (fading.gates[0].outcome, fading.gates[0].reason) == ("failed", "shown_worse")
    timeless = validated(replace(ward, calendar="floating"), gate).gates[0]
    assert (timeless.outcome, timeless.reason) == ("not_shown", "no_calendar")


def test_a_drift_of_calibration_is_a_factor_and_too_few_quarters_make_no_trend(ward):
    gate = {"gate": "stable_over_time", "measure": "observed_expected", "margin": 0.4}
    assert validated(ward, gate).gates[0].outcome == "met"
    day = (ward.prediction_time - ward.prediction_time.min()).astype("timedelta64[D]").astype(int)
    risk = np.clip(ward.risk * np.exp(-1.2 * day / 365), 0.001, 0.999)
    drifted = validated(replace(ward, risk=risk), gate)
    assert drifted.trends[1].change.value > 1.8
    assert drifted.gates[0].outcome == "failed"
    early = day < 150
    short = replace(
        ward,
        outcome=ward.outcome[early], risk=ward.risk[early], cluster=ward.cluster[early],
        baselines={"lace": replace(
            ward.baselines["lace"],
            score=ward.baselines["lace"].score[early], risk=ward.baselines["lace"].risk[early],
        )},
        groups={name: list(np.array(v, object)[early]) for name, v in ward.groups.items()},
        prediction_time=ward.prediction_time[early], site=list(np.array(ward.site)[early]),
    )  # fmt: skip
    assert validated(short, gate).gates[0].reason == "too_few_periods"


@pytest.fixture(scope="module")
def with_inputs(ward):
    """A model of two feeds: one that carries nearly all, and one that carries nearly nothing."""
    rng = np.random.default_rng(6)
    main = np.log(ward.risk / (1 - ward.risk))
    x = np.column_stack([main, rng.normal(size=N)])
    north = np.array([site == "north" for site in ward.site])
    x[north & (rng.random(N) < 0.5), 1] = np.nan

    def risk_of(inputs):
        filled = np.where(np.isnan(inputs), [[-1.8, 0.0]], inputs)
        return expit(filled[:, 0] + 0.02 * filled[:, 1])

    inputs = Inputs(x, ("lactate", "sodium"), {"LAB": ("lactate",), "ADT": ("sodium",)}, risk_of)
    return replace(ward, risk=risk_of(x), inputs=inputs)


LOSE = {"missingness": {"rates": [0.2, 1.0], "features": ["sodium"]}}


def test_what_each_loss_costs_is_shown_and_a_model_that_hangs_on_one_feed_is_refused(with_inputs):
    gate = {"gate": "robust_to_missing", "auroc_fall_at_most": 0.05}
    report = validated(with_inputs, gate, **LOSE)
    rows = {(row.what, row.rate): row for row in report.losses}
    assert rows["LAB", 1.0].auroc_change.high < -0.2
    assert rows["LAB", 0.2].auroc_change.value > rows["LAB", 1.0].auroc_change.value
    assert abs(rows["ADT", 1.0].auroc_change.value) < 0.01
    assert rows["sodium", None].lost == pytest.approx(0.375, abs=0.05)
    assert report.gates[0].outcome == "failed"
    failed = [c.what for c in report.gates[0].checks if c.outcome == "failed"]
    assert failed and all("feed LAB" in what for what in failed)
    bare = validated(replace(with_inputs, inputs=None), gate, **LOSE).gates[0]
    assert (bare.outcome, bare.reason) == ("not_shown", "no_inputs")
    with pytest.raises(BadInput, match="feature 'sodum'"):
        validated(with_inputs, missingness={"features": ["sodum"]})


@pytest.mark.requirement("I4")
def test_a_new_version_stands_beside_the_one_before_on_the_same_rows(ward):
    rng = np.random.default_rng(4)
    gate = {"gate": "not_worse_than_prior", "margin": 0.01}
    linear = np.log(ward.risk / (1 - ward.risk))
    older = replace(ward, others={"v1": expit(linear + rng.normal(0, 0.6, N))}, prior="v1")
    report = validated(older, gate)
    row = next(c for c in report.comparisons if c.baseline == "v1" and c.measure == "auroc")
    assert (row.verdict, row.rows, report.gates[0].outcome) == ("better", N, "met")
    worse = replace(older, risk=older.others["v1"], others={"v1": older.risk})
    refused = validated(worse, gate).gates[0]
    assert (refused.outcome, refused.checks[0].baseline) == ("failed", "v1")
    assert validated(ward, gate).gates[0].reason == "no_prior"


def test_censored_rows_are_stood_for_by_weights(ward):
    rng = np.random.default_rng(7)
    gone = rng.random(N) < 0.3
    times = np.where(ward.outcome == 1, rng.uniform(0, 30, N), 30.0)
    leaves = rng.uniform(0, 30, N)
    lost = gone & (leaves < times)
    kept = ~lost
    lace = ward.baselines["lace"]
    some = replace(
        ward,
        outcome=ward.outcome[kept], risk=ward.risk[kept], cluster=ward.cluster[kept],
        baselines={"lace": replace(lace, score=lace.score[kept], risk=lace.risk[kept])},
        groups={name: list(np.array(v, object)[kept]) for name, v in ward.groups.items()},
        prediction_time=ward.prediction_time[kept], site=list(np.array(ward.site)[kept]),
        follow_up=FollowUp(
            times[kept], leaves[lost], np.full(lost.sum(), -1, np.int8), ward.risk[lost],
            ward.cluster[lost], 30.0,
        ),
    )  # fmt: skip
    rows = {row.measure: row for row in validated(some).censoring}
    truth = ward.outcome.mean()
    assert rows["prevalence"].complete > truth + 0.01
    assert rows["prevalence"].weighted.low < truth < rows["prevalence"].weighted.high
    assert rows["auroc"].weighted.low < rows["auroc"].weighted.value < rows["auroc"].weighted.high
    assert rows["auroc"].censored == int(lost.sum())
    assert {row.measure: row for row in validated(some).censoring} == rows
    wrong = replace(some, follow_up=replace(some.follow_up, followed=times))
    with pytest.raises(BadInput, match="follow_up"):
        validated(wrong)
