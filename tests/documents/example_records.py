"""Records as a validation of a readmission model would leave them, for the tests of documents.

The figures come from a small simulation, so that curves look as real ones do.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from attending.documents.card_assembly import CardSources, assemble_card
from attending.records.catalogue import FeatureLineage, FeatureRead, SourceTable
from attending.records.cohort import Cohort, StatusCounts, Step
from attending.records.explanation import StabilityReport
from attending.records.monitoring import Finding, Measure, MonitorReport
from attending.records.range import Range
from attending.records.run import (
    ArtifactDigest,
    CandidateFacts,
    Measured,
    Run,
    SliceCount,
    SplitFacts,
)
from attending.records.validation import (
    Calibration,
    CalibrationBin,
    Check,
    Comparison,
    CurvePoint,
    Curves,
    DecisionRow,
    Estimate,
    GateResult,
    Headline,
    HistogramBar,
    ModelFigures,
    ModelRef,
    PeriodRow,
    RocPoint,
    SampleSizeRow,
    SubgroupRow,
    ThresholdRow,
    ValidationReport,
)
from attending.specs.features import FeaturesSpec
from attending.specs.monitoring import MonitoringSpec
from attending.specs.release import ReleaseSpec
from attending.times import parse_instant

N = 6000


def patients():
    """Risks of the model and of a bedside score, and what became of them."""
    draw = np.random.default_rng(7)
    severity = draw.normal(-1.9, 0.9, N)
    outcome = (draw.random(N) < 1 / (1 + np.exp(-severity))).astype(int)
    model = 1 / (1 + np.exp(-(0.9 * severity - 0.15 + draw.normal(0, 0.45, N))))
    score = np.clip(np.round(8 + 2.2 * (severity + draw.normal(0, 1.1, N))), 0, 19)
    baseline = 1 / (1 + np.exp(-(-2.0 + 0.22 * (score - 4))))
    return outcome, model, baseline


def curve(name, outcome, risk):
    points = []
    for threshold in np.quantile(np.unique(risk), np.linspace(1, 0, min(60, len(set(risk))))):
        flagged = risk >= threshold
        hit = int((flagged & (outcome == 1)).sum())
        points.append(
            RocPoint(
                threshold=round(float(threshold), 4),
                sensitivity=hit / int(outcome.sum()),
                specificity=1 - int((flagged & (outcome == 0)).sum()) / int((outcome == 0).sum()),
                precision=hit / max(int(flagged.sum()), 1),
            )
        )
    return Curves(model=name, points=tuple(points))


def calibration(outcome, risk):
    bins, points = [], []
    for rows in np.array_split(np.argsort(risk), 10):
        n, share = len(rows), float(outcome[rows].mean())
        half = 1.96 * (share * (1 - share) / n) ** 0.5
        bins.append(
            CalibrationBin(
                predicted=float(risk[rows].mean()), observed=share,
                low=max(share - half, 0), high=share + half, n=n,
            )
        )  # fmt: skip
    for at in np.linspace(risk.min(), np.quantile(risk, 0.995), 40):
        value = float(1.06 * at - 0.01)
        half = 0.008 + 0.12 * at**1.5
        points.append(
            CurvePoint(predicted=float(at), observed=max(value, 0),
                       low=max(value - half, 0), high=min(value + half, 1))
        )  # fmt: skip
    return Calibration(
        model="model", smoother="restricted cubic spline, 5 knots", bins=tuple(bins),
        curve=tuple(points), intercept=Range(value=0.041, low=-0.036, high=0.118),
        slope=Range(value=1.06, low=0.98, high=1.14), clipped=0,
    )  # fmt: skip


def histogram(outcome, risk):
    edges = np.linspace(0, 1, 21)
    bars = []
    for low, high in pairwise(edges):
        inside = (risk >= low) & (risk < high)
        events, others = int((inside & (outcome == 1)).sum()), int((inside & (outcome == 0)).sum())
        bars.append(
            HistogramBar(
                low=float(low), high=float(high),
                events=None if 0 < events < 11 else events,
                non_events=None if 0 < others < 11 else others,
            )
        )  # fmt: skip
    return tuple(bars)


def benefit(outcome, risk, threshold):
    flagged = risk >= threshold
    odds = threshold / (1 - threshold)
    return float((flagged & (outcome == 1)).mean() - (flagged & (outcome == 0)).mean() * odds)


def decision(outcome, model, baseline):
    rows, share = [], float(outcome.mean())
    for threshold in np.round(np.arange(0.05, 0.401, 0.01), 2):
        odds = threshold / (1 - threshold)
        value = benefit(outcome, model, threshold)
        everyone = share - (1 - share) * odds
        rows.append(
            DecisionRow(
                threshold=float(threshold),
                model=Range(value=value, low=value - 0.006, high=value + 0.006),
                treat_all=everyone, baselines={"lace": benefit(outcome, baseline, threshold)},
                avoided_per_100=100 * (value - everyone) / odds,
            )
        )  # fmt: skip
    return tuple(rows)


def estimate(name, label, value, spread, **more):
    low, high = (None, None) if spread is None else (value - spread, value + spread)
    return Estimate(name=name, label=label, value=value, low=low, high=high, **more)


FIGURES = (
    ModelFigures(
        name="model", label="readmission-30d", role="model", rows=N, missing=0,
        estimates=(
            estimate("auroc", "AUROC", 0.7438, 0.017, direction="higher", method="DeLong"),
            estimate("average_precision", "Average precision", 0.381, 0.027, direction="higher"),
            estimate("brier", "Brier score", 0.1183, 0.0041, direction="lower"),
            estimate("observed_expected", "Observed / expected", 1.031, 0.062,
                     direction="target:1"),
            estimate("calibration_slope", "Calibration slope", 1.06, 0.08, direction="target:1"),
            estimate("calibration_in_the_large", "Calibration in the large", 0.041, 0.077,
                     direction="target:0"),
            estimate("ici", "Integrated calibration index", 0.0089, None, direction="lower"),
        ),
    ),
    ModelFigures(
        name="lace", label="LACE", role="baseline", score="lace", knowability="as knowable",
        rows=5980, missing=20,
        estimates=(
            estimate("auroc", "AUROC", 0.7121, 0.018, direction="higher", method="DeLong"),
            estimate("average_precision", "Average precision", 0.342, 0.026, direction="higher"),
            estimate("brier", "Brier score", 0.1229, 0.0040, direction="lower"),
        ),
    ),
)  # fmt: skip


def compared(measure, group, figures, verdict, **more):
    model, baseline, low, high = figures
    return Comparison(
        measure=measure, model="model", baseline="lace", group=group, rows=more.pop("rows", 5980),
        model_value=model, baseline_value=baseline,
        difference=None if model is None else model - baseline, low=low, high=high,
        verdict=verdict, **more,
    )  # fmt: skip


COMPARISONS = (
    compared("auroc", "all", (0.7438, 0.7121, 0.0128, 0.0502), "better"),
    compared("brier", "all", (0.1183, 0.1229, -0.0068, -0.0024), "better"),
    compared("sensitivity_at_capacity", "all", (0.412, 0.381, -0.004, 0.066), "not_shown",
             threshold=0.24),
    compared("auroc", "age=80+", (0.662, 0.694, -0.061, -0.003), "worse", rows=1204),
    compared("auroc", "site=south", (None, None, None, None), "not_shown", rows=None),
)  # fmt: skip


def threshold_row(threshold, figures, alerts):
    sens, spec, ppv, npv = figures

    def around(value, half=0.02):
        return Range(value=value, low=value - half, high=value + half)

    return ThresholdRow(
        model="model", rule="alerts_per_day" if alerts else "risk", asked=alerts or threshold,
        threshold=threshold, sensitivity=around(sens), specificity=around(spec),
        ppv=around(ppv), npv=around(npv), nne=1 / ppv, alert_rate=around(0.25),
        net_benefit=around(0.041, 0.006), alerts_per_day=12.4 if alerts else 15.8,
        busy_day=19.0, alerts_per_100_patients=28.1, patients_alerted_per_100=24.0,
    )  # fmt: skip


def group(attribute, name, n, events, auroc, **more):
    known = auroc is not None
    half = 0.02 if known else None
    return SubgroupRow(
        attribute=attribute, group=name, n=n, events=events,
        suppressed=events is None, status="ok" if known else "insufficient",
        auroc=Range(value=auroc, low=auroc - half, high=auroc + half) if known else Range(),
        observed_expected=Range(value=1.04, low=0.93, high=1.16) if known else Range(),
        sensitivity=Range(value=0.41, low=0.36, high=0.46) if known else Range(),
        auroc_gap=more.pop("gap", Range()), **more,
    )  # fmt: skip


SUBGROUPS = (
    group("age", "18-64", 2701, 381, 0.761, reference=True),
    group("age", "65-79", 2095, 371, 0.738, gap=Range(value=-0.023, low=-0.051, high=0.006)),
    group("age", "80+", 1204, 259, 0.662, gap=Range(value=-0.099, low=-0.141, high=-0.058)),
    group("sex", "F", 3122, 522, 0.747, reference=True),
    group("sex", "M", 2878, 489, 0.741, gap=Range(value=-0.006, low=-0.033, high=0.021)),
    group("site", "north", 5871, 1001, 0.745, reference=True),
    group("site", "south", 129, None, None),
)

GATES = (
    GateResult(gate="beats_baseline", outcome="met", asked={"baseline": "lace", "margin": 0.0},
               checks=(Check(what="auroc", baseline="lace", value=0.0317, low=0.0128, high=0.0502,
                             outcome="met"),)),
    GateResult(gate="calibration_slope", outcome="met", asked={"low": 0.8, "high": 1.2},
               checks=(Check(what="calibration_slope", value=1.06, low=0.98, high=1.14,
                             outcome="met"),)),
    GateResult(gate="subgroup_not_worse", outcome="failed", reason="shown_worse",
               asked={"baseline": "lace", "margin": 0.0},
               checks=(Check(what="auroc", group="age=80+", baseline="lace", value=-0.032,
                             low=-0.061, high=-0.003, outcome="failed", reason="shown_worse"),)),
    GateResult(gate="subgroup_auroc_at_least", outcome="not_shown", reason="too_few_events",
               asked={"value": 0.65},
               checks=(Check(what="auroc", group="site=south", outcome="not_shown",
                             reason="too_few_events"),)),
)  # fmt: skip


@cache
def report():
    outcome, model, baseline = patients()
    return ValidationReport(
        model=ModelRef(name="readmission-30d", run="a" * 64, snapshot="b" * 64, cohort="c" * 64),
        spec="d" * 64, primary="auroc", n=N, events=int(outcome.sum()),
        prevalence=float(outcome.mean()), patients=5210, calendar="real",
        start=parse_instant("2025-01-01T06:00:00Z"), end=parse_instant("2025-09-30T18:20:00Z"),
        sites=("north", "south"), bootstrap_draws=500, bootstrap_seed=20260101,
        suppress_counts_up_to=10, figures=FIGURES, comparisons=COMPARISONS,
        calibration=(calibration(outcome, model),),
        decision_curve=decision(outcome, model, baseline),
        thresholds=(
            threshold_row(0.24, (0.412, 0.83, 0.329, 0.871), 12),
            threshold_row(0.2, (0.521, 0.75, 0.297, 0.886), None),
        ),
        curves=(curve("model", outcome, model), curve("lace", outcome, baseline)),
        histogram=histogram(outcome, model), subgroups=SUBGROUPS,
        periods=tuple(
            PeriodRow(period=f"2025-Q{q}", n=2000, events=337, suppressed=False, status="ok",
                      auroc=Range(value=v, low=v - 0.03, high=v + 0.03),
                      observed_expected=Range(value=1.02, low=0.91, high=1.14))
            for q, v in ((1, 0.751), (2, 0.744), (3, 0.735))
        ),
        sample_size=(
            SampleSizeRow(criterion="observed / expected", needed=1906, have=N, met=True,
                          reference="Riley 2021"),
            SampleSizeRow(criterion="calibration slope", needed=7102, have=N, met=False,
                          reference="Riley 2021"),
        ),
        gates=GATES, gates_met=False,
        summary=(
            Headline(measure="auroc", label="AUROC", baseline="lace", baseline_label="LACE",
                     knowability="as knowable", model_value=0.7438, baseline_value=0.7121,
                     difference=0.0317, low=0.0128, high=0.0502, verdict="better"),
        ),
        notes=("for correctness, not performance",),
    )  # fmt: skip


def run(**changes):
    measured = Measured(auroc=0.74, brier=0.118, mean_risk=0.163, event_rate=0.1685)
    values: dict[str, Any] = {
        "model": "readmission-30d",
        "outcome": "unplanned readmission within 30 days of discharge",
        "project_commit": "a41f09c2d7e61b0c5f3e9d8b7a6c5d4e3f2a1b0c",
        "clean": True, "code_digest": "e" * 64, "interpreter": "CPython 3.11.9",
        "platform": "Linux x86_64, glibc 2.36", "packages": (), "snapshot": "b" * 64,
        "contract_report": "f" * 64, "cohort": "c" * 64, "cohort_spec": "1" * 64,
        "feature_set": "2" * 64, "feature_table": "3" * 64, "model_spec": "4" * 64,
        "split": SplitFacts(
            kind="temporal", reason="", cut=parse_instant("2025-01-01T00:00:00Z"),
            slices=(SliceCount(name="fit", rows=14204, events=2391, patients=11873),
                    SliceCount(name="calibration", rows=3551, events=598, patients=2968),
                    SliceCount(name="test", rows=N, events=1011, patients=5210)),
            unlabelled=212, ungrouped=0, purged=804, embargoed=96, patient_overlap="allow",
            overlap_patients=1433, overlap_rows=0, encounter_rows=0, folds=0),
        "seed": 7, "estimator": "lightgbm", "parameters": {"num_leaves": 15},
        "calibration": "platt", "baselines": ("lace",),
        "metrics_agreed": ("auroc", "brier", "calibration_slope"),
        "candidates": (CandidateFacts(name="lightgbm", estimator="lightgbm", parameters={},
                                      chosen=True, test=measured, out_of_fold=None),),
        "sample_size": None, "artifacts": (ArtifactDigest(name="model.txt", digest="5" * 64),),
        "agreement": "6" * 64, "exploratory": False, "reasons": (), "exceptions": (),
    }  # fmt: skip
    return Run(**(values | changes))


def monitor_report():
    def psi(subject, figure, bound, severity):
        return Finding(
            drift="data", severity=severity, name="psi", subject=subject, figure=figure,
            bound=bound, meaning="Values have moved.", action="Look at it.", owner="technical",
        )  # fmt: skip

    return MonitorReport(
        model="readmission-30d", version="v3", stage="limited",
        at=parse_instant("2026-03-02T06:05:00Z"), reference="7" * 64, spec="8" * 64,
        n_predictions=1204, n_matured=310, n_events=52,
        findings=(psi("creatinine_last_24h", 0.31, 0.25, "act"),
                  psi("sodium_min_48h", 0.14, 0.1, "watch")),
        measures=(Measure(name="score_psi", value=0.06, bound=0.25, n=1204),),
    )  # fmt: skip


def cohort(**changes):
    steps = (
        Step(name="stays", title="inpatient stays that ended in a discharge", kept=31240,
             removed=0),
        Step(name="age_at_least", title="18 years or older", kept=29104, removed=2136),
        Step(name="alive", title="alive at discharge", kept=28377, removed=727),
        Step(name="ama", title="did not leave against medical advice", kept=28371, removed=6),
        Step(name="transfer", title="not transferred to another acute hospital, where the stay "
             "goes on", kept=25004, removed=3367),
        Step(name="hospice", title="not discharged to hospice", kept=24212, removed=792),
    )  # fmt: skip
    values: dict[str, Any] = {
        "name": "readmission_30d", "version": "2", "spec_digest": "1" * 64,
        "label_digest": "9" * 64, "label": {"kind": "readmission", "horizon": "30d"},
        "snapshot": "b" * 64, "as_of": parse_instant("2025-11-15T00:00:00Z"), "steps": steps,
        "rows": 24212, "subjects": 18420,
        "statuses": StatusCounts(event=4000, no_event=20000, immature=150, censored=40,
                                 competing=22),
        "labelled": 24000, "positives": 4000, "prevalence": 4000 / 24000,
        "first_prediction": parse_instant("2023-01-01T09:00:00Z"),
        "last_prediction": parse_instant("2025-09-30T18:20:00Z"), "table_digest": "0" * 64,
    }  # fmt: skip
    return Cohort(**(values | changes))


def release_spec():
    return ReleaseSpec.model_validate({
        "model": "readmission-30d",
        "intended_use": {
            "population": "adults who leave an inpatient stay alive and go home",
            "decision_point": "the morning of the day of discharge",
            "outcome": "unplanned readmission within 30 days of discharge",
            "user_roles": ["discharge nurse", "hospitalist"],
        },
        "non_intended": ["deciding whether to discharge", "patients in observation"],
        "risk_level": "medium",
        "oversight": "A nurse reads every score; it informs and never decides.",
        "scope": {"min_age": 18, "classes": ["INPATIENT"], "sites": ["north"]},
        "stages": [
            {"stage": "silent", "at_least": "14d"},
            {"stage": "limited", "sites": ["north"], "at_least": "28d"},
            {"stage": "live", "at_least": "90d"},
        ],
        "delivery": [{"channel": "task_queue", "pattern": "batch", "clicks_to_action": 2,
                      "wording": "High risk of unplanned readmission: plan a call."}],
        "action_window": "24h",
        "threshold": {"from_validation": True},
        "rollback_criteria": [{"measure": "missing_share", "above": 0.2, "over": "1d"}],
        "fallback": {"kind": "score", "score": "lace", "threshold": 10,
                     "downtime_pathway": "Use the paper LACE form at the ward desk."},
        "owners": {"technical": "ben", "clinical": "ada", "operational": "cleo",
                   "incident": "dan"},
        "playbook": {"notify": ["ada", "ben"], "contain": "disable the version",
                     "assess": "list all who were scored", "communicate": "ward huddle"},
        "training_material": {"material": "ten-minute course", "version": "2",
                              "required_roles": ["discharge nurse"]},
    })  # fmt: skip


def features_spec():
    return FeaturesSpec.model_validate({
        "name": "readmission", "version": "3",
        "features": [
            {"name": "creatinine_last_24h", "label": "creatinine, newest of 24 hours",
             "codes": ["LOINC//2160-0"], "window": "24h", "aggregate": "last", "unit": "mg/dL",
             "owner": "laboratory", "purpose": "kidney function", "status": "approved",
             "freshness": "48h"},
            {"name": "age", "label": "age in years", "kind": "age", "unit": "a",
             "owner": "registration", "purpose": "baseline risk", "status": "approved"},
        ],
    })  # fmt: skip


def sources(**changes):
    values: dict[str, Any] = {
        "run": run(), "release": release_spec(), "report": report(), "cohort": cohort(),
        "features": features_spec(),
        "monitoring": MonitoringSpec.model_validate({
            "risk_level": "medium",
            "trust": [{"name": "as many events as foretold", "measure": "oe", "at_least": 0.8,
                       "at_most": 1.25}],
            "reviews": [{"name": "calibration", "every": "90d", "owner": "ada"}],
        }),
        "stability": StabilityReport(
            patients=200, draws=20, top=5, seed=7, relative_error=0.05, mean_jaccard=0.83,
            low_jaccard=0.64, same_first=0.91, mean_risk_change=0.004, threshold=0.6, steady=True),
    }  # fmt: skip
    return CardSources(**(values | changes))


def card():
    return assemble_card(sources(), version="v3", synthetic=True)


LONG_CODE = "LOINC//A_LOCAL_CODE_OF_THE_LABORATORY_WITHOUT_ANY_BLANK_THAT_HARDLY_ENDS_000123"
LONG_FEATURE = "creatinine_by_urea_highest_of_the_last_24_hours_on_the_ward@12"
LONG_TABLE = "city-hospital-laboratory-information-system-2026/RESULTS_OBSERVATIONS_FINAL"


def lineage() -> FeatureLineage:
    """Return the way of a feature that is derived twice, with names longer than a box is wide."""
    hearts = tuple(f"ICD10CM//I{number}*" for number in range(10, 40))
    values = ("code", "numeric_value")
    first, second = ("LOINC//2160-0", LONG_CODE), ("LOINC//3094-0",)
    return FeatureLineage(
        feature=LONG_FEATURE,
        digest_of_feature="0123456789abcdef" * 4,
        owner="Laboratory medicine of the City Hospital, North and South",
        operands=("creatinine_max@3", "urea_max@1", "hearts@2", "ratio@1"),
        codes=(*first, *second, *hearts),
        reads=(
            FeatureRead(feature="creatinine_max@3", codes=first, columns=values, operands=()),
            FeatureRead(feature="urea_max@1", codes=second, columns=values, operands=()),
            FeatureRead(feature="hearts@2", codes=hearts, columns=("code",), operands=()),
            FeatureRead(
                feature="ratio@1", codes=(), columns=(), operands=("creatinine_max@3", "urea_max@1")
            ),
            FeatureRead(
                feature=LONG_FEATURE, codes=(), columns=(), operands=("ratio@1", "hearts@2")
            ),
        ),
        snapshot="fedcba9876543210" * 4,
        tables=(
            SourceTable(table=LONG_TABLE, codes=(*first, *second)),
            SourceTable(table="hospital/diagnoses", codes=("ICD10CM//I10", "ICD10CM//I109")),
        ),
        models=("icu_mortality", "readmission_within_30_days_of_an_unplanned_discharge"),
    )
