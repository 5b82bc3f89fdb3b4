"""A validation end to end: figures, comparisons, calendar, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from attending.errors import BadInput
from attending.records.base import from_content
from attending.records.validation import ModelRef, ValidationReport
from attending.specs.validation import ValidationSpec
from attending.statistics.inputs import TooFewOutcomes
from attending.validate.data import Baseline
from attending.validate.model import validate
from attending.validate.recalibrate import recalibrate_score

SPEC = ValidationSpec(
    baselines=["lace"],
    thresholds=[0.2, {"alerts_per_day": 3}],
    subgroups=["age", "sex", "site", "language"],
    high_risk_subgroups=["age=80+"],
    decision_curve={"low": 0.1, "high": 0.4, "step": 0.1},
    bootstrap={"draws": 100},
    gates=[{"gate": "beats_baseline", "baseline": "lace"}],
)


@pytest.fixture(scope="module")
def report(ward):
    return validate(SPEC, ward)


@pytest.mark.requirement("E4", "E6")
def test_discrimination_and_brier_score_are_reported_with_intervals(report, ward):
    from sklearn.metrics import brier_score_loss, roc_auc_score

    for name, reference in (("auroc", roc_auc_score), ("brier", brier_score_loss)):
        found = report.estimate(name)
        assert found.value == pytest.approx(reference(ward.outcome, ward.risk), abs=1e-12)
        assert found.low < found.value < found.high
    with pytest.raises(BadInput, match="not finite"):
        validate(SPEC, replace(ward, risk=np.where(np.arange(6000) == 3, np.nan, ward.risk)))


@pytest.mark.requirement("E1")
def test_the_model_is_compared_with_the_score_on_the_same_rows(report, ward):
    headline = report.summary[0]
    assert (headline.baseline, headline.verdict) == ("lace", "better")
    assert headline.difference == pytest.approx(headline.model_value - headline.baseline_value)
    assert 0 < headline.low < headline.difference < headline.high
    with pytest.raises(BadInput) as refusal:
        validate(SPEC, replace(ward, baselines={}))
    assert refusal.value.code == "validate.no_baseline"


def test_the_same_inputs_give_the_same_bytes_in_any_order_of_rows(report, ward):
    at = np.random.default_rng(1).permutation(ward.outcome.size)
    lace = ward.baselines["lace"]
    shuffled = replace(
        ward,
        outcome=ward.outcome[at],
        risk=ward.risk[at],
        cluster=ward.cluster[at],
        baselines={"lace": Baseline(lace.score[at], lace.risk[at], "LACE")},
        groups={name: [values[k] for k in at] for name, values in ward.groups.items()},
        prediction_time=ward.prediction_time[at],
        site=[ward.site[k] for k in at],
    )
    assert validate(SPEC, ward).as_bytes() == report.as_bytes()
    again = validate(SPEC, shuffled)
    assert again.comparisons == report.comparisons
    assert again.subgroups == report.subgroups
    assert again.gates == report.gates


def test_the_report_survives_its_own_bytes(report):
    assert from_content(ValidationReport, report.content()) == report


def test_a_missing_score_is_counted_and_left_out_of_the_comparison(without_scores):
    report = validate(SPEC, without_scores)
    model, lace = report.figures
    assert (model.rows, model.missing) == (6000, 0)
    assert (lace.rows, lace.missing) == (4800, 1200)
    found = next(c for c in report.comparisons if c.measure == "auroc" and c.group == "all")
    assert found.rows == 4800
    on_all = report.estimate("auroc").value
    assert found.model_value != on_all  # the model, too, is measured on the 4,800


def test_a_score_with_no_value_at_all_is_not_shown_rather_than_beaten(ward):
    nothing = np.full(ward.outcome.size, np.nan)
    blank = replace(ward, baselines={"lace": Baseline(nothing, nothing, "LACE")})
    report = validate(SPEC, blank)
    assert report.summary[0].verdict == "not_shown"
    assert report.gates[0].outcome == "not_shown"
    assert not report.gates_met


def test_both_variants_of_a_coded_score_are_compared_and_noted(ward):
    lace = ward.baselines["lace"]
    late = replace(lace, label="LACE, as coded later", knowability="as coded later", of="lace")
    report = validate(SPEC, replace(ward, baselines={"lace": lace, "lace_late": late}))
    assert [headline.knowability for headline in report.summary] == [
        "as knowable",
        "as coded later",
    ]
    assert [check.baseline for check in report.gates[0].checks] == ["lace", "lace_late"]
    assert any("as coded later" in note for note in report.notes)


def test_a_score_without_a_probability_is_compared_by_ranking_alone(ward):
    raw = replace(ward.baselines["lace"], risk=None)
    report = validate(SPEC, replace(ward, baselines={"lace": raw}))
    assert {found.name for found in report.figures[1].estimates} == {
        "auroc",
        "average_precision",
    }
    assert [found.model for found in report.calibration] == ["model"]
    assert {row.rule for row in report.thresholds if row.model == "lace"} == {"alerts_per_day"}


def test_calibration_has_bins_a_curve_and_what_made_it(report):
    found = report.calibration[0]
    assert found.smoother == "logistic RCS, 5 knots"
    assert sum(each.n for each in found.bins) == 6000
    assert len(found.curve) == 101
    assert found.slope.low < found.slope.value < found.slope.high


def test_quarters_and_days_only_where_the_calendar_is_real(report, ward):
    assert [row.period for row in report.periods] == [f"2025-Q{k}" for k in (1, 2, 3, 4)]
    assert sum(row.n for row in report.periods) == 6000
    floating = validate(SPEC, replace(ward, calendar="floating"))
    assert floating.periods == ()
    assert (floating.start, floating.end) == (None, None)
    assert {row.rule for row in floating.thresholds} == {"risk"}
    assert any("calendar is not real" in note for note in floating.notes)


def test_sample_size_and_folds_are_told(ward):
    folds = [f"fold {k % 5}" for k in range(ward.outcome.size)]
    report = validate(SPEC, replace(ward, fold=folds), about=ModelRef(notes=("a note",)))
    assert {row.met for row in report.sample_size} <= {True, False}
    auroc = next(row for row in report.sample_size if row.criterion.startswith("AUROC"))
    assert auroc.met
    assert len(report.cross_validation.folds) == 5
    assert report.cross_validation.lowest < report.cross_validation.mean
    assert report.notes[0] == "a note"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"cluster": np.arange(3)}, "validate.lengths"),
        ({"groups": {"age": ["80+"] * 6000}}, "validate.unknown_attribute"),
    ],
)
def test_data_that_cannot_answer_are_refused_by_name(ward, change, code):
    with pytest.raises(BadInput) as refusal:
        validate(SPEC, replace(ward, **change))
    assert refusal.value.code == code


def test_a_measure_that_needs_a_threshold_is_refused(ward):
    spec = SPEC.model_copy(update={"measures": ("auroc", "ppv")})
    with pytest.raises(BadInput, match="need a threshold"):
        validate(spec, ward)


def test_outcomes_that_are_all_alike_are_refused(ward):
    with pytest.raises(TooFewOutcomes):
        validate(SPEC, replace(ward, outcome=np.zeros(6000, np.int8)))


def test_recalibration_refuses_a_score_that_never_changes_or_tells_the_outcome():
    with pytest.raises(BadInput, match="same on every"):
        recalibrate_score([3, 3, 3], [0, 1, 0], score_test=[3])
    with pytest.raises(BadInput):
        recalibrate_score([1, 1, 9, 9], [0, 0, 1, 1], score_test=[3])


@pytest.mark.data
@pytest.mark.requirement("E1")
def test_real_intensive_care_scores_compare_as_published(data_folder):
    """SAPS-I against SOFA for death in hospital: near 0.65 and 0.62 in the 4,000 stays."""
    text = (data_folder / "physionet-2012-set-a" / "Outcomes-a.txt").read_text()
    table = np.array([line.split(",") for line in text.splitlines()[1:]], dtype=float)
    saps, sofa = (np.where(table[:, k] < 0, np.nan, table[:, k]) for k in (1, 2))
    death = table[:, 5].astype(np.int8)
    train = table[:, 0] % 2 == 0
    known = ~train & ~np.isnan(saps)
    made = {
        name: recalibrate_score(score[train], death[train], score_test=score[known])
        for name, score in (("saps_i", saps), ("sofa", sofa))
    }
    from attending.validate.data import ValidationData

    data = ValidationData(
        death[known],
        made["saps_i"],
        table[known, 0].astype(np.int64),
        baselines={"sofa": Baseline(sofa[known], made["sofa"], "SOFA")},
        calendar="relative",
    )
    spec = ValidationSpec(
        baselines=["sofa"],
        thresholds=[0.15],
        bootstrap={"draws": 200},
        gates=[{"gate": "beats_baseline", "baseline": "sofa"}],
    )
    report = validate(spec, data)
    assert report.estimate("auroc").value == pytest.approx(0.65, abs=0.04)
    assert report.estimate("auroc", model="sofa").value == pytest.approx(0.62, abs=0.04)
    assert report.estimate("observed_expected").value == pytest.approx(1.0, abs=0.2)
    assert report.gates[0].outcome in {"met", "not_shown"}
    with pytest.raises(BadInput, match="which the spec compares with"):
        validate(ValidationSpec(baselines=["apache"], thresholds=[0.15]), data)
