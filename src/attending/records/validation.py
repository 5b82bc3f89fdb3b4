"""What a validation leaves: every figure of the report, as data. Pages and documents only show it.

Counts from 1 to 10, and what would tell them, are null (the spec may set another limit).
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from pydantic import Field

from attending.records.base import GrownPart, Part, Record, When
from attending.records.number_validation import NumberFigures  # noqa: TC001 - pydantic reads it
from attending.records.range import Range as Range  # noqa: PLC0414 - others read it here
from attending.records.validation_parts import (  # noqa: TC001 - pydantic reads them
    CensoredRow,
    DecisionsRow,
    IncrementRow,
    LossRow,
    PlaceRow,
    Shown,
    SiteRow,
    SiteSpread,
    Trend,
    WorkloadRow,
)
from attending.specs.base import Scalar  # noqa: TC001 - pydantic reads it

#: The answer of a gate. Too few events is `not_shown`, never `met`.
Outcome: TypeAlias = Literal["met", "failed", "not_shown"]
Role: TypeAlias = Literal["model", "baseline", "other"]


class ModelRef(Part):
    """Which model, run and data the report is of; digests where they exist."""

    name: str = "model"
    run: str = ""
    snapshot: str = ""
    cohort: str = ""
    notes: tuple[str, ...] = ()


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


class SubgroupRow(GrownPart):
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

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups in which it stands as it does, such as `age=80+`; none for all rows."""
        found = (c.group for c in self.checks if c.outcome == self.outcome and c.group != "all")
        return tuple(dict.fromkeys(found))

    @property
    def named(self) -> str:
        """Return its name with the groups in which it is not met.

        >>> old = Check(what="auroc", group="age=80+", outcome="failed")
        >>> GateResult(gate="subgroup_not_worse", outcome="failed", checks=(old,)).named
        'subgroup_not_worse (age=80+)'
        """
        groups = () if self.outcome == "met" else self.groups
        return f"{self.gate} ({', '.join(groups)})" if groups else self.gate


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


class ValidationReport(GrownPart, Record):
    """A validation of one model against its clinical baselines.

    Attributes:
        spec: digest of the `validation.yaml` that asked for it.
        calendar: `real`, `floating` or `relative`; only real days have quarters and daily alerts.
        start, end: first and last prediction time; null unless the calendar is real.
        gates_met: whether every gate is met; false when there is none.
        period: `test` for the rows that the run kept apart, `later` for a later cohort, `silent`
            for predictions made in silent mode.
        prior: the run of the version that this one would follow, on the same rows.
        number: what only a number or a count has; null where the outcome is yes or no.
    """

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
    number: NumberFigures | None = None
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

    def threshold_row(self, planned: float | None) -> ThresholdRow | None:
        """Return what the model does at a threshold; at the first one where that was not asked.

        Who shows it says at which threshold it was: `threshold` of the row.
        """
        own = [row for row in self.thresholds if row.model == "model"]
        return next((row for row in own if row.threshold == planned), own[0] if own else None)

    def gate(self, name: str) -> GateResult | None:
        """Return the first gate of that name, or None."""
        return next((found for found in self.gates if found.gate == name), None)
