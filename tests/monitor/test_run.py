"""What each monitor sees, what it is called, and what it does not see when nothing is wrong."""

import numpy as np
import pyarrow as pa
import pytest

from attending.errors import BadInput
from attending.monitor.current import matured_until
from attending.monitor.data import psi
from attending.monitor.reference import About, bin_of, count, reference
from attending.monitor.run import run
from attending.monitor.verdict import decide
from attending.monitor.workflow import Responses
from attending.records.base import from_content
from attending.records.monitoring import MonitorReport
from attending.specs.monitoring import DataMonitor, MonitoringSpec, TrustCondition
from tests.monitor import deployed as d

NOW = np.datetime64("2026-06-01", "us")


def seen(x, risk, spec=d.SPEC, **more):
    return run(spec, d.HELD, d.current(x, risk, **more), at=d.AT)


def quiet(n=1150, seed=9, shift=0.0):
    return d.rows(n, seed=seed, shift=shift)


def test_a_quiet_month_gives_no_finding_and_the_same_report_twice():
    x, risk = quiet()
    made = seen(x, risk)
    assert d.names(made) == set()
    assert decide(d.SPEC, made, at=d.AT).answer == "continue"
    assert made.as_bytes() == seen(x, risk).as_bytes()
    assert from_content(MonitorReport, made.content()) == made
    assert made.measure("score_psi").state == "shown"


@pytest.mark.fault("D06")
@pytest.mark.requirement("H1")
def test_a_unit_switch_is_data_drift_and_is_called_so_within_two_hundred_values():
    x, risk = quiet()
    # Control: the mean risk says nothing, because the model's scores hardly move.
    x[-200:, 0] *= 88.42
    made = seen(x, risk)
    assert abs(made.measure("mean_risk_change").value) < 0.02
    assert ("data", "stop", "unit_switch", "creatinine", "") in d.names(made)
    found = next(f for f in made.findings if f.name == "unit_switch")
    assert abs(found.figure / 88.42 - 1) < 0.12
    assert "µmol/L" in found.meaning
    verdict = decide(d.SPEC, made, at=d.AT)
    assert (verdict.answer, verdict.drift) == ("fallback", "data")
    with pytest.raises(BadInput, match="no column"):
        seen(x, risk, features=pa.table({"creatinine": x[:, 0]}))


@pytest.mark.fault("D26")
@pytest.mark.requirement("H14")
def test_completeness_drives_the_answer_by_severity():
    def answer(rate):
        x, risk = quiet()
        x[np.random.default_rng(3).random(len(x)) < rate, 1] = np.nan
        made = seen(x, risk)
        return decide(d.SPEC, made, at=d.AT), made

    # Control: as at validation, 15 % missing, and the model's own scores do not tell.
    verdict, made = answer(0.0)
    assert verdict.answer == "continue"
    for rate, expected in ((0.10, "watch"), (0.40, "freeze"), (0.85, "fallback")):
        verdict, made = answer(rate)
        assert (verdict.answer, verdict.drift) == (expected, "data")
        assert made.measure("score_psi").value < 0.1
        assert any("missing rate: lactate" in line for line in verdict.findings)


@pytest.mark.fault("D11")
def test_a_dead_feed_is_one_finding_with_all_its_features():
    x, risk = quiet()
    # Control: the total volume is as ever.
    assert seen(x, risk).measure("volume_ratio").value > 0.9
    x[-400:, :3] = np.nan
    made = seen(x, risk)
    assert abs(made.measure("volume_ratio").value - 1) < 0.3
    feed = [f for f in made.findings if f.name == "feed_missing"]
    assert [f.subject for f in feed] == ["labs"]
    assert feed[0].also == ("creatinine", "lactate", "sodium")
    assert feed[0].severity == "stop"
    assert not any(f.name == "missing_rate" for f in made.findings)


def test_rows_left_unscored_for_missing_inputs_still_show_the_dead_feed():
    x, risk = quiet()
    x[-400:, :3] = np.nan
    kind = np.where(np.isnan(x[:, 2]), "no_score", "live")
    reasons = np.where(np.isnan(x[:, 2]), "missing_features;no_fallback", "")
    made = seen(x, risk, made=d.predictions(risk, kind=kind, reasons=reasons))
    assert any(f.name == "feed_missing" for f in made.findings)


@pytest.mark.fault("D07")
def test_one_sites_units_are_seen_at_that_site():
    x, risk = quiet(4000)
    south = np.arange(4000) % 18 == 0
    sites = np.where(south, "SOUTH", "NORTH")
    x[south, 0] *= 88.42
    made = d.predictions(risk, sites=sites)
    # Control: the pooled test of the distribution alone does not call for action.
    blind = MonitoringSpec(risk_level="high", data=DataMonitor(mixed_share=0.5))
    pooled = seen(x, risk, spec=blind, made=made)
    assert decide(blind, pooled, at=d.AT).answer in {"continue", "watch"}
    # Six values in a hundred that stand far outside do, and say which unit it looks like.
    mixed = next(one for one in seen(x, risk, made=made).findings if one.name == "mixed_units")
    assert (mixed.subject, mixed.severity) == ("creatinine", "act")
    assert "creatinine mg/dL to µmol/L" in mixed.meaning
    assert 0.03 < mixed.figure < 0.08
    held = reference(d.table(d.X), d.RISK, d.NAMES, about=About("readmission", "v1", site="SOUTH"))
    found = seen(x, risk, made=made, by_site={"SOUTH": held})
    assert ("data", "stop", "unit_switch", "creatinine", "SOUTH") in d.names(found)


def test_other_patients_are_data_drift_and_a_changed_model_file_is_unknown():
    x, risk = quiet(shift=0.8)
    made = seen(x, risk)
    assert {f.drift for f in made.findings} == {"data"}
    assert decide(d.SPEC, made, at=d.AT).drift == "data"
    same, _ = quiet()
    broken = seen(same, np.clip(risk * 1.5, 0, 1))
    assert ("unknown", "act", "score_psi", "score", "") in d.names(broken)
    verdict = decide(d.SPEC, broken, at=d.AT)
    assert (verdict.answer, verdict.drift) == ("fallback", "unknown")


@pytest.mark.requirement("H10")
def test_the_same_shift_harms_in_a_heavy_feature_and_only_informs_in_a_light_one():
    def answer(weight):
        x, risk = quiet()
        x[:, 5] = x[:, 5] ** 2 + 1
        heavy = [
            one.model_copy(update={"weight": weight if one.name == "prior_stays" else 0.2})
            for one in d.HELD.features
        ]
        held = d.HELD.model_copy(update={"features": tuple(heavy)})
        made = run(d.SPEC, held, d.current(x, risk), at=d.AT)
        assert {f.subject for f in made.findings} == {"prior_stays"}
        return decide(d.SPEC, made, at=d.AT).answer

    assert answer(0.2) == "freeze"
    assert answer(0.001) == "watch"


def test_a_short_window_shows_nothing_and_says_so():
    x, risk = quiet(150)
    made = seen(x, risk)
    assert made.measure("score_psi").state == "not_shown"
    assert "200 are needed" in made.measure("score_psi").why


def test_predictions_that_stop_are_seen():
    x, risk = quiet()
    made = run(d.SPEC, d.HELD, d.current(x, risk), at=d.AT + np.timedelta64(10, "D").item())
    assert ("data", "act", "volume", "predictions", "") in d.names(made)
    assert made.measure("volume_ratio").value == 0


def outcomes(odds=1.0, *, n=3000, seed=4, flagged_only=False, mature=None):
    _, risk = d.rows(n, seed=seed)
    factor = np.where(risk >= d.THRESHOLD, odds, 1.0) if flagged_only else odds
    true = factor * risk / (1 - risk + factor * risk)
    label = np.random.default_rng(seed).random(n) < true
    return d.outcomes(risk, label, mature=mature)


@pytest.mark.requirement("H2", "H13")
def test_outcomes_that_no_longer_match_the_scores_are_concept_drift():
    x, risk = quiet()
    calm = seen(x, risk, outcomes=outcomes())
    assert d.names(calm) == set()
    assert 0.85 < calm.measure("oe").value < 1.15
    assert calm.measure("oe").low < 1 < calm.measure("oe").high
    assert calm.measure("oe_e_value").value < 20
    made = seen(x, risk, outcomes=outcomes(2.0))
    assert ("concept", "stop", "calibration", "outcomes", "") in d.names(made)
    assert made.measure("oe_e_value").value > 200
    assert made.measure("calibration_in_the_large").low > 0
    assert decide(d.SPEC, made, at=d.AT).drift == "concept"


def test_too_few_events_are_not_shown_and_never_fine():
    x, risk = quiet()
    few = outcomes(2.0, n=100)
    made = seen(x, risk, outcomes=few)
    assert made.measure("oe").state == "not_shown"
    assert "50 are needed" in made.measure("oe").why
    assert seen(x, risk).measure("auroc").state == "not_shown"
    # None seen where many were expected is not "too few events".
    none = seen(x, risk, outcomes=outcomes(1e-9))
    assert none.measure("oe").value == 0
    assert decide(d.SPEC, none, at=d.AT).answer == "fallback"


@pytest.mark.fault("D30")
def test_the_monitor_does_not_read_immature_outcomes_as_negatives():
    x, risk = quiet()
    mature = np.arange(3000) < 2000
    joined = outcomes(mature=mature)
    # Control: read as "no event", they make a calibrated model look far too high.
    naive = joined.set_column(
        joined.column_names.index("label"), "label", joined["label"].fill_null(0)
    )
    naive = naive.set_column(
        naive.column_names.index("matured_at"), "matured_at", joined["prediction_time"]
    )
    wrong = seen(x, risk, outcomes=naive)
    assert wrong.measure("oe").value < 0.75
    assert decide(d.SPEC, wrong, at=d.AT).answer != "continue"
    made = seen(x, risk, outcomes=joined)
    assert made.n_matured == 2000
    assert 0.85 < made.measure("oe").value < 1.15
    assert decide(d.SPEC, made, at=d.AT).answer == "continue"


@pytest.mark.fault("D31")
def test_alerts_that_help_are_workflow_and_not_a_reason_to_retrain():
    x, risk = quiet()
    helped = outcomes(0.4, flagged_only=True, n=4000)
    # Control: in silent nobody acts on an alert, and the same figures are concept drift.
    silent = seen(x, risk, outcomes=helped, stage="silent")
    assert any(f.drift == "concept" for f in silent.findings)
    made = seen(x, risk, outcomes=helped)
    assert ("workflow", "act", "outcomes_after_alerts", "outcomes", "") in d.names(made)
    verdict = decide(d.SPEC, made, at=d.AT)
    assert verdict.drift == "workflow"
    assert "do not retrain" in verdict.action


def test_only_the_first_prediction_of_a_stay_counts():
    _, risk = d.rows(100, seed=1)
    joined = d.outcomes(risk, np.zeros(100))
    double = pa.concat_tables([joined, joined])
    assert len(matured_until(double, NOW)) == 100
    assert len(matured_until(joined, np.datetime64("2020-01-01", "us"))) == 0
    fallback = joined.set_column(
        joined.column_names.index("kind"), "kind", pa.array(["fallback"] * 100)
    )
    assert len(matured_until(fallback, NOW)) == 0


@pytest.mark.requirement("H3")
def test_what_nobody_recorded_is_not_observed_and_what_they_did_is():
    x, risk = quiet()
    silent = seen(x, risk)
    assert silent.measure("acknowledged_share").state == "not_observed"
    assert silent.measure("acknowledged_share").value is None
    assert not any(f.drift == "workflow" for f in silent.findings)
    made = seen(x, risk, responses=Responses(shown=200, acknowledged=60, overridden=30))
    assert ("workflow", "act", "acknowledged", "alerts", "") in d.names(made)
    assert made.measure("override_share").value == 0.15
    few = seen(x, risk, responses=Responses(shown=3, acknowledged=0, overridden=0))
    assert few.measure("acknowledged_share").state == "not_shown"


@pytest.mark.requirement("H17")
def test_use_outside_the_plan_is_seen():
    x, risk = quiet()
    out = np.arange(len(risk)) % 4 == 0
    made = d.predictions(
        risk,
        kind=np.where(out, "no_score", "live"),
        reasons=np.where(out, "out_of_scope:under_age", ""),
    )
    found = seen(x, risk, made=made)
    assert ("workflow", "watch", "scope_refusals", "requests", "") in d.names(found)
    assert found.measure("refused_share").value == pytest.approx(0.25, abs=0.01)
    assert seen(x, risk).measure("refused_share").value == 0


def test_trust_conditions_fixed_in_advance_are_held_to():
    trust = (
        TrustCondition(name="complete", measure="missing_share", at_most=0.05),
        TrustCondition(name="calibrated", measure="oe", at_least=0.8, required=True),
        TrustCondition(name="read", measure="acknowledged_share", at_least=0.5),
    )
    spec = MonitoringSpec(risk_level="high", trust=trust)
    x, risk = quiet()
    made = seen(x, risk, spec, outcomes=outcomes())
    states = {c.name: c.state for c in made.conditions}
    assert states == {"complete": "met", "calibrated": "met", "read": "not_observed"}
    blind = seen(x, risk, spec)
    assert ("unknown", "act", "trust_not_shown", "calibrated", "") in d.names(blind)
    assert decide(spec, blind, at=d.AT).answer == "fallback"
    x[:200, 3] = np.nan
    holes = seen(x, risk, spec, outcomes=outcomes())
    assert ("data", "act", "trust", "complete", "") in d.names(holes)
    with pytest.raises(ValueError, match="at_least or at_most"):
        TrustCondition(name="empty", measure="oe")


def test_an_overdue_review_shows_in_the_verdict():
    x, risk = quiet()
    made = seen(x, risk, overdue=("quarterly outcomes",))
    verdict = decide(d.SPEC, made, at=d.AT)
    assert verdict.answer == "watch"
    assert "quarterly outcomes" in verdict.because
    (late,) = [one for one in made.findings if one.name == "review_overdue"]
    assert late.remedies == ("monitor",)
    assert "attending review record" in verdict.action


def test_counts_of_two_windows_add_up_to_the_counts_of_both():
    x, risk = quiet(900)
    parts = [count(d.HELD, d.table(x[s]), risk[s]) for s in (slice(0, 300), slice(300, 900))]
    both, whole = parts[0] + parts[1], count(d.HELD, d.table(x), risk)
    np.testing.assert_array_equal(both.bins, whole.bins)
    np.testing.assert_array_equal(both.score_bins, whole.score_bins)
    assert (both.n, both.n_scored) == (whole.n, whole.n_scored)
    assert both.risk_sum == pytest.approx(whole.risk_sum)


def test_psi_of_the_reference_itself_is_nothing_and_missing_has_a_bin_of_its_own():
    own = count(d.HELD, d.table(d.X), d.RISK)
    shares = np.array([one.shares for one in d.HELD.features])
    np.testing.assert_allclose(psi(shares, own.bins), 0, atol=1e-12)
    assert bin_of(np.array([1.0]), np.array([np.nan])).tolist() == [10]
    empty = reference(
        pa.table({"never": np.full(50, np.nan)}),
        np.full(50, 0.1),
        ["never"],
        about=About("m", "v1"),
    )
    assert empty.features[0].missing_rate == 1.0
    assert empty.features[0].edges == ()
    with pytest.raises(BadInput, match="expected the same"):
        reference(pa.table({"a": [1.0]}), np.array([]), ["a"], about=About("m", "v1"))
