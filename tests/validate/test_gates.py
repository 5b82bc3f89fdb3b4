"""Each gate met, failed and not shown; too few events is never met."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from attending.specs.validation import ValidationSpec
from attending.specs.validation_gates import Gate
from attending.validate.gates import GATES
from attending.validate.model import validate
from attending.validate.number_gates import NUMBER_GATES
from tests.validate.conftest import make_ward

ASK = {
    "baselines": ["lace"],
    "thresholds": [0.2, {"alerts_per_day": 3}],
    "subgroups": ["age", "site"],
    "high_risk_subgroups": ["age=80+"],
    "decision_curve": {"low": 0.2, "high": 0.2},
    "bootstrap": {"draws": 100},
}


def results(data, *gates):
    report = validate(ValidationSpec(**ASK, gates=gates), data)
    return [(gate.outcome, gate.reason) for gate in report.gates]


def result(data, gate, **more):
    return results(data, {"gate": gate, **more})[0]


def few(data, rows=60):
    """The first rows alone: too few to show anything."""
    lace = data.baselines["lace"]
    return replace(
        data,
        outcome=data.outcome[:rows],
        risk=data.risk[:rows],
        cluster=data.cluster[:rows],
        baselines={"lace": replace(lace, score=lace.score[:rows], risk=lace.risk[:rows])},
        groups={name: values[:rows] for name, values in data.groups.items()},
        prediction_time=data.prediction_time[:rows],
        site=data.site[:rows],
    )


@pytest.fixture(scope="module")
def worse():
    """A model that ranks worse than LACE, with risks twice too extreme."""
    return make_ward(model_noise=6.0, shrunk=0.9)


def test_every_gate_that_a_spec_may_name_has_a_function():
    kinds = get_args(get_args(Gate)[0])
    named = {get_args(kind.model_fields["gate"].annotation)[0] for kind in kinds}
    assert named == set(GATES.names()) | set(NUMBER_GATES.names())


@pytest.mark.parametrize(
    "measure", ["auroc", "average_precision", "brier", "scaled_brier", "sensitivity_at_capacity"]
)
def test_beats_baseline(ward, worse, measure):
    ask = {"baseline": "lace", "measure": measure}
    assert result(ward, "beats_baseline", **ask) == ("met", "")
    assert result(worse, "beats_baseline", **ask) == ("failed", "shown_worse")


def test_a_draw_with_the_baseline_is_not_shown_and_a_margin_makes_it_no_worse(ward):
    equal = replace(ward, risk=ward.baselines["lace"].risk)
    assert result(equal, "beats_baseline", baseline="lace")[0] == "not_shown"
    assert result(equal, "beats_baseline", baseline="lace", margin=0.02)[0] == "met"


def test_a_raw_score_cannot_be_beaten_on_a_measure_it_does_not_have(ward):
    raw = replace(ward, baselines={"lace": replace(ward.baselines["lace"], risk=None)})
    assert result(raw, "beats_baseline", baseline="lace", measure="brier") == (
        "not_shown",
        "baseline_has_no_probability",
    )
    assert result(raw, "beats_baseline", baseline="lace")[0] == "met"


def test_adds_to_baseline(ward):
    assert result(ward, "adds_to_baseline", baseline="lace") == ("met", "")
    same = replace(ward, risk=ward.baselines["lace"].risk)
    assert result(same, "adds_to_baseline", baseline="lace")[0] == "not_shown"
    against = replace(ward, risk=1.0 - ward.risk)
    assert result(against, "adds_to_baseline", baseline="lace")[0] == "failed"


def test_an_addition_without_calibration_or_without_an_agreed_risk_does_not_count(ward):
    doubled = replace(ward, risk=np.minimum(2 * ward.risk, 0.99))
    for name in ("adds_to_baseline", "better_or_adds"):
        assert result(doubled, name, baseline="lace") == ("failed", "outside")
        wide = {"slope_low": 0.1, "slope_high": 3.0, "observed_expected_low": 0.1}
        assert result(doubled, name, baseline="lace", **wide)[0] == "met"
    capacity = ValidationSpec(
        **{**ASK, "thresholds": [{"alerts_per_day": 3}]},
        gates=[{"gate": "adds_to_baseline", "baseline": "lace"}],
    )
    gate = validate(capacity, ward).gates[0]
    assert (gate.outcome, gate.reason) == ("not_shown", "no_agreed_risk")
    with pytest.raises(ValueError, match=r"slope_low 1\.4, expected less than slope_high"):
        ValidationSpec(**ASK, gates=[
            {"gate": "adds_to_baseline", "baseline": "lace", "slope_low": 1.4}
        ])  # fmt: skip
    with pytest.raises(ValueError, match="greater than 0"):
        ValidationSpec(**ASK, gates=[
            {"gate": "better_or_adds", "baseline": "lace", "observed_expected_low": 0}
        ])  # fmt: skip


def test_calibration_slope(ward, worse):
    assert result(ward, "calibration_slope") == ("met", "")
    assert result(worse, "calibration_slope") == ("failed", "outside")
    narrow = {"low": 0.9, "high": 1.0}
    assert result(ward, "calibration_slope", **narrow)[0] != "met"


def test_observed_expected(ward):
    assert result(ward, "observed_expected") == ("met", "")
    doubled = replace(ward, risk=np.minimum(2 * ward.risk, 0.99))
    assert result(doubled, "observed_expected") == ("failed", "outside")
    assert result(few(ward), "observed_expected", low=0.99, high=1.01)[0] != "met"


def test_an_interval_that_crosses_the_bound_is_too_wide_unless_the_estimate_may_judge(ward):
    tight = {"low": 0.97, "high": 1.06}
    assert result(ward, "observed_expected", **tight) in {
        ("not_shown", "interval_too_wide"),
        ("failed", "outside"),
    }
    wide = {"low": 0.8, "high": 1.25, "judged_by": "estimate"}
    assert result(few(ward, 400), "observed_expected", **wide)[0] in {"met", "failed"}


def test_net_benefit_not_worse(ward, worse):
    ask = {"baseline": "lace", "thresholds": [0.15, 0.3]}
    assert result(ward, "net_benefit_not_worse", **ask) == ("met", "")
    assert result(worse, "net_benefit_not_worse", **ask)[0] == "failed"
    assert result(ward, "net_benefit_not_worse", baseline="treat_all")[0] == "met"
    assert result(ward, "net_benefit_not_worse", baseline="treat_none")[0] == "met"


@pytest.mark.requirement("E3")
def test_a_model_that_wins_overall_and_fails_a_high_risk_group_is_blocked(ward):
    guesses = make_ward(bad_in="80+")
    overall = {"gate": "beats_baseline", "baseline": "lace"}
    group = {"gate": "subgroup_not_worse"}
    assert results(guesses, overall)[0] == ("met", "")  # without the gate it would pass
    assert results(guesses, overall, group) == [("met", ""), ("failed", "shown_worse")]
    report = validate(ValidationSpec(**ASK, gates=[overall, group]), guesses)
    assert not report.gates_met
    assert report.gate("subgroup_not_worse").checks[0].group == "age=80+"
    assert results(ward, overall, group) == [("met", ""), ("met", "")]


def test_a_site_that_fails_is_not_hidden_by_the_others(ward):
    south = np.array([site == "south" for site in ward.site])
    guess = np.random.default_rng(1).permutation(ward.risk)
    broken = replace(ward, risk=np.where(south, guess, ward.risk))
    ask = {"value": 0.7, "attributes": ["site"]}
    assert result(ward, "subgroup_auroc_at_least", **ask) == ("met", "")
    report = validate(
        ValidationSpec(**ASK, gates=[{"gate": "subgroup_auroc_at_least", **ask}]), broken
    )
    assert {check.group: check.outcome for check in report.gates[0].checks} == {
        "site=north": "met",
        "site=south": "failed",
    }
    assert report.gates[0].outcome == "failed"


def test_calibration_of_each_group(ward):
    ask = {"attributes": ["age"]}
    assert result(ward, "subgroup_observed_expected", **ask) == ("met", "")
    old = np.array([age == "80+" for age in ward.groups["age"]])
    high = replace(ward, risk=np.where(old, np.minimum(2.5 * ward.risk, 0.99), ward.risk))
    assert result(high, "subgroup_observed_expected", **ask) == ("failed", "outside")


def test_alert_burden_by_day_and_by_hundred(ward):
    assert result(ward, "alert_burden", per_day_at_most=10) == ("met", "")
    assert result(ward, "alert_burden", per_day_at_most=1) == ("failed", "above_capacity")
    assert result(ward, "alert_burden", per_100_at_most=90)[0] == "met"
    floating = replace(ward, calendar="floating")
    assert result(floating, "alert_burden", per_day_at_most=10) == ("not_shown", "no_calendar")


def test_too_few_events_is_never_met(ward):
    gates = [
        {"gate": "beats_baseline", "baseline": "lace"},
        {"gate": "subgroup_not_worse"},
        {"gate": "subgroup_auroc_at_least", "value": 0.5},
        {"gate": "calibration_slope"},
        {"gate": "observed_expected"},
        {"gate": "net_benefit_not_worse", "baseline": "lace"},
        {"gate": "adds_to_baseline", "baseline": "lace"},
        {"gate": "minimum_events"},
    ]
    small = few(ward, 20)
    assert 0 < small.outcome.sum() < 10
    assert {outcome for outcome, _ in results(small, *gates)} == {"not_shown"}
    assert result(small, "minimum_events") == ("not_shown", "too_few_events")
    assert result(ward, "minimum_events") == ("met", "")


def test_a_group_that_nobody_is_in_is_not_shown(ward):
    assert result(ward, "subgroup_not_worse", groups=["age=100+"]) == (
        "not_shown",
        "too_few_events",
    )


def test_no_gate_is_not_the_same_as_all_met(ward):
    assert not validate(ValidationSpec(**ASK), ward).gates_met


def test_corrupting_the_labels_of_one_high_risk_group_is_refused_by_the_groups_name(ward):
    """Negative control: with the group's labels turned about, the group is named and refused."""
    gates = [{"gate": "beats_baseline", "baseline": "lace"}, {"gate": "subgroup_not_worse"}]
    old = np.array([age == "80+" for age in ward.groups["age"]])
    # The labels are turned where the model is sure and the score is not: the model is blamed.
    lace = ward.baselines["lace"].risk
    turned = old & (np.abs(ward.risk - lace) > 0.05)
    truth = np.where(ward.risk > lace, 0, 1).astype(np.int8)
    report = validate(
        ValidationSpec(**ASK, gates=gates),
        replace(ward, outcome=np.where(turned, truth, ward.outcome)),
    )
    found = report.gate("subgroup_not_worse")
    assert found.outcome == "failed"
    assert [check.group for check in found.checks] == ["age=80+"]


def test_thinning_the_group_to_eight_events_gives_not_shown_and_never_met(ward):
    """Negative control: what is too small to tell is not passed."""
    old = np.flatnonzero([age == "80+" for age in ward.groups["age"]])
    events = old[ward.outcome[old] == 1][8:]
    kept = np.setdiff1d(np.arange(ward.outcome.size), events)
    lace = ward.baselines["lace"]
    thin = replace(
        ward,
        outcome=ward.outcome[kept],
        risk=ward.risk[kept],
        cluster=ward.cluster[kept],
        baselines={"lace": replace(lace, score=lace.score[kept], risk=lace.risk[kept])},
        groups={name: list(np.array(v, object)[kept]) for name, v in ward.groups.items()},
        prediction_time=ward.prediction_time[kept],
        site=list(np.array(ward.site)[kept]),
    )
    assert result(thin, "subgroup_not_worse") == ("not_shown", "too_few_events")
    assert result(ward, "subgroup_not_worse") == ("met", "")


def test_a_model_on_shuffled_labels_never_passes(ward):
    gates = [
        {"gate": "beats_baseline", "baseline": "lace"},
        {"gate": "better_or_adds", "baseline": "lace"},
        {"gate": "subgroup_auroc_at_least", "value": 0.55},
    ]
    for seed in range(5):
        guess = np.random.default_rng(seed).permutation(ward.risk)
        assert "met" not in {outcome for outcome, _ in results(replace(ward, risk=guess), *gates)}
