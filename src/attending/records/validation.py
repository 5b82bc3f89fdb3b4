"""What a validation leaves: every figure of the report, as data. Pages and documents only show it.

Counts from 1 to 10, and what would tell them, are null (the spec may set another limit).
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from attending.records.base import Part, Record, When
from attending.specs.base import Grown, Scalar

#: The answer of a gate. Too few events is `not_shown`, never `met`.
Outcome: TypeAlias = Literal["met", "failed", "not_shown"]
#: What a comparison shows at its confidence level.
Shown: TypeAlias = Literal["better", "worse", "not_shown"]
Role: TypeAlias = Literal["model", "baseline", "other"]


class ModelRef(Part):
    """Which model, run and data the report is of; digests where they exist."""

    name: str = "model"
    run: str = ""
    snapshot: str = ""
    cohort: str = ""
    notes: tuple[str, ...] = ()


class Range(Part):
    """A value with its 95 % interval; null where it is not defined or not shown."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class Estimate(Part):
    """A measure of a model, with how its interval was made."""

    name: str
    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    direction: str = ""
    method: str = ""


class ModelFigures(Part):
    """All measures of the model, of a baseline or of another candidate.

    Attributes:
        name: `model`, or the name that the data gave.
        score: which baseline of the spec it is.
        knowability: `as knowable` at the prediction time, or `as coded later` (for comparison).
        rows: rows with a value; comparisons are made on these.
        missing: rows without one; null when suppressed.
        recalibrated: whether it has a probability; if not, only its ranking is measured.
    """

    name: str
    label: str
    role: Role
    score: str = ""
    knowability: str = ""
    rows: int | None
    missing: int | None
    recalibrated: bool = True
    estimates: tuple[Estimate, ...]


class Comparison(Part):
    """Model minus baseline on the same rows and draws.

    Attributes:
        group: `all`, or a subgroup such as `age=80+`.
        threshold: the model's; at a capacity each has its own, at equal numbers of alerts.
        verdict: whether the interval shows the model better or worse, in the measure's direction.
    """

    measure: str
    model: str
    baseline: str
    group: str = "all"
    threshold: float | None = None
    rows: int | None
    model_value: float | None = None
    baseline_value: float | None = None
    difference: float | None
    low: float | None
    high: float | None
    verdict: Shown


class CalibrationBin(Part):
    """Observed against mean predicted risk in rows of similar risk."""

    predicted: float
    observed: float
    low: float
    high: float
    n: int


class CurvePoint(Part):
    """One point of the smooth calibration curve with its pointwise band."""

    predicted: float
    observed: float
    low: float
    high: float


class Calibration(Part):
    """Calibration of one model: bins, smooth curve, and how many risks were clipped for it."""

    model: str
    smoother: str
    bins: tuple[CalibrationBin, ...]
    curve: tuple[CurvePoint, ...]
    intercept: Range
    slope: Range
    clipped: int | None


class DecisionRow(Part):
    """Net benefit at one threshold; acting on none is 0."""

    threshold: float
    model: Range
    treat_all: float | None
    treat_none: float = 0.0
    baselines: dict[str, float | None] = Field(default_factory=dict)
    others: dict[str, float | None] = Field(default_factory=dict)
    avoided_per_100: float | None


class ThresholdRow(Part):
    """What one threshold does with one model.

    Attributes:
        rule: `risk`, `alerts_per_day` or `alerts_per_100`; `asked` is its figure.
        threshold: the risk from which a row is flagged.
        nne: flagged rows for each event among them.
        alerts_per_day: mean over all days of the period; null without a real calendar.
        busy_day: the 90th percentile of alerts in a day.
    """

    model: str
    rule: str
    asked: float
    threshold: float
    sensitivity: Range
    specificity: Range
    ppv: Range
    npv: Range
    nne: float | None
    alert_rate: Range
    net_benefit: Range
    alerts_per_day: float | None
    busy_day: float | None
    alerts_per_100_patients: float | None
    patients_alerted_per_100: float | None
    alerts_per_100_patient_days: float | None = None


class RocPoint(Part):
    """One threshold of the ROC and the precision-recall curve."""

    threshold: float
    sensitivity: float
    specificity: float
    precision: float


class Curves(Part):
    """Thinned curves of one model."""

    model: str
    points: tuple[RocPoint, ...]


class HistogramBar(Part):
    """Rows by outcome whose risk lies from `low` up to, not including, `high`."""

    low: float
    high: float
    events: int | None
    non_events: int | None


class SubgroupRow(Grown, Part):
    """The model in one group.

    Attributes:
        status: `insufficient` when events or non-events are below the minimum; figures are null.
        suppressed: whether a count was hidden to protect patients.
        reference: whether gaps of this attribute are taken against this group, its largest.
        auroc_gap: AUROC minus that of the reference, on the same draws.
        sensitivity_gap: sensitivity at the first threshold, likewise.
        auroc_gap_p: two-sided, from the draws, adjusted by Holm over all groups of all attributes.
        shown_worse: whether the gap is below 0 and its adjusted p-value below 0.05.
    """

    LATER = frozenset({"auroc_gap_p", "shown_worse"})

    attribute: str
    group: str
    n: int | None
    events: int | None
    suppressed: bool
    status: Literal["ok", "insufficient"]
    reference: bool = False
    prevalence: float | None = None
    auroc: Range = Range()
    observed_expected: Range = Range()
    brier: Range = Range()
    sensitivity: Range = Range()
    specificity: Range = Range()
    ppv: Range = Range()
    alert_rate: Range = Range()
    net_benefit: Range = Range()
    auroc_gap: Range = Range()
    sensitivity_gap: Range = Range()
    auroc_gap_p: float | None = None
    shown_worse: bool = False


class PeriodRow(Part):
    """The model in one quarter of a real calendar."""

    period: str
    n: int | None
    events: int | None
    suppressed: bool
    status: Literal["ok", "insufficient"]
    auroc: Range = Range()
    observed_expected: Range = Range()


class Trend(Part):
    """How much a measure changes from the first to the last period, along a fitted line.

    Attributes:
        periods: how many periods have events enough; the line is fitted through these.
        change: for O:E the factor by which it changes; for the AUROC the difference.
    """

    measure: Literal["auroc", "observed_expected"]
    periods: int
    change: Range


class IncrementRow(Part):
    """What the model adds to a baseline: the baseline alone, and both together, cross-fitted.

    Attributes:
        rows: rows on which the baseline has a value; null when suppressed.
        coefficient: of the model's logit beside the baseline's.
        auroc_alone, auroc_both: of fits that did not see the patient.
        auroc_gained: both minus alone, on the same draws.
        brier_gained: how much lower the Brier score is.
        net_benefit_gained: by threshold, as text such as `0.2`, at the risks that the plan names.
        gain, p: twice the log-likelihood gained, and its p-value as if rows were independent.
    """

    baseline: str
    rows: int | None
    coefficient: Range = Range()
    auroc_alone: float | None = None
    auroc_both: float | None = None
    auroc_gained: Range = Range()
    brier_gained: Range = Range()
    net_benefit_gained: dict[str, Range] = Field(default_factory=dict)
    gain: float | None = None
    p: float | None = None


class DecisionsRow(Part):
    """The model beside recorded decisions, at as many alerts and at as many found.

    Attributes:
        at: `equal_alerts` compares sensitivity, `equal_sensitivity` compares the share flagged.
        threshold: the model's risk from which that holds in these rows; held fixed in draws.
        model_value, decision_value: sensitivity, or share flagged.
        difference: model minus decisions.
    """

    baseline: str
    at: Literal["equal_alerts", "equal_sensitivity"]
    rows: int | None
    threshold: float | None = None
    model_value: float | None = None
    decision_value: float | None = None
    difference: Range = Range()
    verdict: Shown = "not_shown"


class WorkloadRow(Part):
    """What the first threshold costs and gains when a stay may not alert again for a while.

    Attributes:
        snooze: such as `24h`; `0d` is none.
        per_clinician_shift: alerts that one clinician gets in one shift.
        patient_days_are: `given`, or `days with a prediction` of a patient.
        first_alert_rate: share of patients with an alert, each counted once.
        nne: alerts for each one that is followed by the event in its horizon.
        events_alerted: share of events with an alert before.
        lead_hours: median from the first true alert to the event, with its quarters.
    """

    snooze: str
    alerts: int | None
    alerts_per_day: float | None
    per_clinician_shift: float | None
    per_100_patient_days: float | None
    patient_days_are: Literal["given", "days with a prediction", "not known"]
    first_alert_rate: float | None
    nne: float | None
    events_alerted: float | None = None
    lead_hours: Range = Range()


class PlacePoint(Part):
    """One threshold of a place's trade-off: what it finds and what it costs."""

    threshold: float
    sensitivity: float
    ppv: float
    alerts_per_day: float | None
    alerts_per_100: float


class PlaceRow(Part):
    """The threshold of one unit or site, from its capacity and from what a false alert costs.

    Attributes:
        by_capacity: the lowest risk at which its alerts stay within what it can act on.
        by_harm: the risk below which acting does more harm than good.
        threshold: the higher of the two; null with too few events to look at it.
        bound_by: which of the two it is.
        action, instead_of: what is done for a flagged patient, and what is done today.
        curve: the trade-off, without points that would tell a small count.
    """

    place: str
    n: int | None
    events: int | None
    status: Literal["ok", "insufficient"]
    rule: str
    capacity: float
    false_alerts_per_event: float
    by_capacity: float | None = None
    by_harm: float
    threshold: float | None = None
    bound_by: Literal["", "capacity", "harm"] = ""
    sensitivity: Range = Range()
    ppv: Range = Range()
    alerts_per_day: float | None = None
    busy_day: float | None = None
    alerts_per_100: float | None = None
    nne: float | None = None
    net_benefit: float | None = None
    action: str
    instead_of: str
    curve: tuple[PlacePoint, ...] = ()


class SiteRow(Part):
    """The model at one site.

    Attributes:
        held_out: whether no row of the site was fitted on.
        slope: calibration slope at the site.
    """

    site: str
    held_out: bool
    n: int | None
    events: int | None
    status: Literal["ok", "insufficient"]
    auroc: Range = Range()
    observed_expected: Range = Range()
    slope: Range = Range()
    brier: Range = Range()
    net_benefit: Range = Range()


class SiteSpread(Part):
    """How much a figure differs between sites beyond chance.

    Attributes:
        pooled: mean over sites with its 95 % interval, random effects.
        new_site: where a further site's figure would lie in 95 of 100 cases; three sites or more.
        i2: share of the variance between sites that is not chance.
    """

    measure: Literal["auroc", "observed_expected"]
    sites: int
    pooled: Range
    new_site: Range
    i2: float
    tau2: float
    p: float


class LossRow(Part):
    """The model when a feature, or all features of a feed, go missing.

    Attributes:
        what: the feature or the feed.
        kind: which of the two.
        rate: share of rows that lose it; null stands for the rate of the site that has it least.
        lost: share of rows in which it was there and is now not.
        auroc_change, alert_ratio: against the model with all of it, on the same rows.
    """

    what: str
    kind: Literal["feature", "feed"]
    rate: float | None
    lost: float | None
    auroc: float | None
    auroc_change: Range
    observed_expected: float | None
    alert_ratio: float | None


class CensoredRow(Part):
    """A measure with censored rows left out, and with them stood for by weights.

    Attributes:
        complete: over rows whose outcome is known.
        weighted: inverse-probability-of-censoring weighted, with its interval over patients.
        censored: how many rows were lost before their outcome could be known; null when few.
    """

    measure: str
    complete: float | None
    weighted: Range
    censored: int | None


class SampleSizeRow(Part):
    """Rows that a precise external validation needs by one criterion, and how many there are."""

    criterion: str
    needed: int | None
    have: int | None
    met: bool | None
    reference: str


class FoldRow(Part):
    """One fold of a cross-validation."""

    fold: str
    n: int | None
    events: int | None
    auroc: float | None


class CrossValidation(Part):
    """AUROC fold by fold; folds vary by chance, so this is no interval of the model's AUROC."""

    folds: tuple[FoldRow, ...]
    mean: float | None
    lowest: float | None
    highest: float | None


class Check(Part):
    """One figure that a gate looked at, and what it was measured against."""

    what: str
    group: str = "all"
    baseline: str = ""
    threshold: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    outcome: Outcome
    reason: str = ""


class GateResult(Part):
    """The answer of one gate: failed if any check failed, met only if all are met.

    Attributes:
        asked: the gate's parameters.
        reason: a stable word such as `too_few_events`, `shown_worse`, `interval_too_wide`.
    """

    gate: str
    outcome: Outcome
    reason: str = ""
    asked: dict[str, Scalar | tuple[Scalar, ...] | None] = Field(default_factory=dict)
    checks: tuple[Check, ...] = ()


class Headline(Part):
    """The parts of a sentence: which is better on the primary measure, and by how much."""

    measure: str
    label: str
    baseline: str
    baseline_label: str
    knowability: str = ""
    model_value: float | None
    baseline_value: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: Shown


class ValidationReport(Grown, Record):
    """A validation of one model against its clinical baselines.

    Attributes:
        spec: digest of the `validation.yaml` that asked for it.
        calendar: `real`, `floating` or `relative`; only real days have quarters and daily alerts.
        start, end: first and last prediction time; null unless the calendar is real.
        gates_met: whether every gate is met; false when there is none.
        period: `test` for the rows that the run kept apart, `later` for a later cohort, `silent`
            for predictions made in silent mode.
        prior: the run of the version that this one would follow, on the same rows.
    """

    LATER = frozenset(
        {
            "trends", "increments", "decisions", "workload", "places", "places_by", "sites_table",
            "site_spread", "losses", "censoring", "period", "prior",
        }
    )  # fmt: skip

    kind: ClassVar[str] = "validation"

    model: ModelRef
    spec: str
    primary: str
    n: int
    events: int | None
    prevalence: float | None
    patients: int | None
    calendar: Literal["real", "floating", "relative"]
    start: When | None = None
    end: When | None = None
    sites: tuple[str, ...] = ()
    bootstrap_draws: int
    bootstrap_seed: int
    suppress_counts_up_to: int
    figures: tuple[ModelFigures, ...]
    comparisons: tuple[Comparison, ...]
    calibration: tuple[Calibration, ...]
    decision_curve: tuple[DecisionRow, ...]
    thresholds: tuple[ThresholdRow, ...]
    curves: tuple[Curves, ...]
    histogram: tuple[HistogramBar, ...]
    subgroups: tuple[SubgroupRow, ...]
    periods: tuple[PeriodRow, ...]
    sample_size: tuple[SampleSizeRow, ...]
    cross_validation: CrossValidation | None = None
    gates: tuple[GateResult, ...]
    gates_met: bool
    summary: tuple[Headline, ...]
    notes: tuple[str, ...] = ()
    trends: tuple[Trend, ...] = ()
    increments: tuple[IncrementRow, ...] = ()
    decisions: tuple[DecisionsRow, ...] = ()
    workload: tuple[WorkloadRow, ...] = ()
    places: tuple[PlaceRow, ...] = ()
    places_by: str = ""
    sites_table: tuple[SiteRow, ...] = ()
    site_spread: tuple[SiteSpread, ...] = ()
    losses: tuple[LossRow, ...] = ()
    censoring: tuple[CensoredRow, ...] = ()
    period: Literal["test", "later", "silent"] = "test"
    prior: str = ""

    def estimate(self, name: str, *, model: str = "model") -> Estimate | None:
        """Return one measure of one model, or None when it was not asked for."""
        for figures in self.figures:
            if figures.name == model:
                return next((found for found in figures.estimates if found.name == name), None)
        return None

    def gate(self, name: str) -> GateResult | None:
        """Return the first gate of that name, or None."""
        return next((found for found in self.gates if found.gate == name), None)
