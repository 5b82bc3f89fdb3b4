"""The gates that `validation.yaml` may name, each with what it asks, and the words of the plan."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Spec
from attending.specs.number_validation import IntervalCoverageWithin, MinimumRows

Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=64)]
#: One group of an attribute, written `age=80+`.
GroupName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*=.+$", max_length=200)]
Risk: TypeAlias = Annotated[float, Field(gt=0.0, lt=1.0)]
Margin: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
Positive: TypeAlias = Annotated[float, Field(gt=0.0)]
#: Measures that a paired comparison may name.
ComparedMeasure: TypeAlias = Literal[
    "auroc",
    "average_precision",
    "brier",
    "scaled_brier",
    "sensitivity_at_capacity",
    "mae",
    "rmse",
    "poisson_deviance",
]
#: What must lie inside a range: the whole interval, or the estimate alone.
Judged: TypeAlias = Literal["interval", "estimate"]


class BeatsBaseline(Spec):
    """Met when the lower bound of the paired improvement lies above -margin.

    With a margin of 0 the model must be better; above 0 it must be no worse than that.
    """

    gate: Literal["beats_baseline"]
    baseline: Name
    measure: ComparedMeasure = "auroc"
    margin: Margin = 0.0


class RangeGate(Spec):
    """A gate that is met when a figure lies in a range."""

    low: float
    high: float
    judged_by: Judged = "interval"

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"got low {self.low:g}, expected less than high {self.high:g}")
        return self


class CalibratedAddition(Spec):
    """The calibration that a model must have before what it adds to a baseline counts.

    Any mixture of features that tell something adds to a baseline that lacks them, also one that
    was drawn by lot. Only a model that learnt has risks that come true.

    Attributes:
        slope_low, slope_high: the whole interval of its calibration slope lies between them.
        observed_expected_low, observed_expected_high: its observed over expected events do.
    """

    slope_low: float = 0.7
    slope_high: float = 1.3
    observed_expected_low: Positive = 0.8
    observed_expected_high: Positive = 1.25

    @model_validator(mode="after")
    def _both_rising(self) -> Self:
        for name in ("slope", "observed_expected"):
            low, high = getattr(self, f"{name}_low"), getattr(self, f"{name}_high")
            if low >= high:
                raise ValueError(f"got {name}_low {low:g}, expected less than {name}_high {high:g}")
        return self


class AddsToBaseline(CalibratedAddition):
    """Met when baseline and model are shown to do better together than the baseline alone.

    In ranking, across patients that the fit did not see, and in net benefit at the first risk of
    `thresholds`, the model's risk pointing the right way and being calibrated by itself.
    """

    gate: Literal["adds_to_baseline"]
    baseline: Name


class CalibrationSlopeWithin(RangeGate):
    """Met when the calibration slope lies in a range."""

    gate: Literal["calibration_slope"]
    low: float = 0.8
    high: float = 1.2


class ObservedExpectedWithin(RangeGate):
    """Met when observed over expected events lie in a range."""

    gate: Literal["observed_expected"]
    low: Positive = 0.8
    high: Positive = 1.25


class NetBenefitNotWorse(Spec):
    """Met when the net benefit is at most `margin` below the baseline's at every threshold.

    Attributes:
        baseline: a listed baseline, `treat_all` or `treat_none`.
        thresholds: the risks to look at; those of the spec when empty.
        margin: net true positives per patient; 0.002 is 2 per 1,000.
    """

    gate: Literal["net_benefit_not_worse"]
    baseline: Name
    thresholds: tuple[Risk, ...] = ()
    margin: Margin = 0.002


class SubgroupNotWorse(Spec):
    """Met when the model is not worse than the baseline in any high-risk subgroup.

    Attributes:
        groups: such as `age=80+`; those of `high_risk_subgroups` when empty.
        baseline: a listed baseline; the first when absent.
        measure: what is compared.
        margin: how much worse is still accepted.
    """

    gate: Literal["subgroup_not_worse"]
    groups: tuple[GroupName, ...] = ()
    baseline: Name | None = None
    measure: Literal["auroc", "average_precision", "brier", "scaled_brier", "mae", "rmse"] = "auroc"
    margin: Margin = 0.05


class SubgroupAurocAtLeast(Spec):
    """Met when the AUROC of every group of the attributes is shown to be at least a value."""

    gate: Literal["subgroup_auroc_at_least"]
    value: Annotated[float, Field(ge=0.5, lt=1.0)]
    attributes: tuple[Name, ...] = ()
    judged_by: Judged = "interval"


class SubgroupObservedExpected(RangeGate):
    """Met when O:E of every group of the attributes lies in a range."""

    gate: Literal["subgroup_observed_expected"]
    low: Positive = 0.7
    high: Positive = 1.4
    attributes: tuple[Name, ...] = ()


class AlertBurden(Spec):
    """Met when the alerts of the first threshold are not more than the team can act on.

    Attributes:
        per_shift_at_most: alerts of one clinician in one shift, after the snooze of `workload`.
    """

    gate: Literal["alert_burden"]
    per_day_at_most: Positive | None = None
    per_100_at_most: Positive | None = None
    per_shift_at_most: Positive | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        asked = (self.per_day_at_most, self.per_100_at_most, self.per_shift_at_most)
        if sum(most is not None for most in asked) != 1:
            raise ValueError(
                "expected one of per_day_at_most, per_100_at_most and per_shift_at_most"
            )
        return self


class MinimumEvents(Spec):
    """Met when there are events, and non-events, enough to say anything."""

    gate: Literal["minimum_events"]
    events: Annotated[int, Field(ge=1)] = 100
    non_events: Annotated[int, Field(ge=1)] = 100


class BetterOrAdds(CalibratedAddition):
    """Met when the model beats the baseline, or adds to it as `adds_to_baseline` asks.

    On either ground it must be calibrated. The answer says which of the two is met. With a
    baseline of recorded decisions "beats" is more found at equal alerts, or fewer alerts for as
    many found.

    Attributes:
        baseline: a listed baseline.
        measure: in which it is beaten.
        margin: as in `beats_baseline`, for beating it only.
    """

    gate: Literal["better_or_adds"]
    baseline: Name
    measure: ComparedMeasure = "auroc"
    margin: Margin = 0.0


class StableOverTime(Spec):
    """Met when a measure is shown to change less than `margin` from the first to the last period.

    For the AUROC only a fall counts; for O:E a change by more than the factor 1 + margin either
    way. It wants three periods with events enough.
    """

    gate: Literal["stable_over_time"]
    measure: Literal["auroc", "observed_expected"] = "auroc"
    margin: Annotated[float, Field(gt=0.0, le=1.0)] = 0.05


class HeldOutSites(RangeGate):
    """Met when the model holds at every site that the fit never saw.

    Attributes:
        auroc_at_least: the AUROC of each such site.
        low, high: its observed over expected events.
    """

    gate: Literal["held_out_sites"]
    auroc_at_least: Annotated[float, Field(ge=0.5, lt=1.0)]
    low: Positive = 0.7
    high: Positive = 1.4


class RobustToMissing(Spec):
    """Met when no feature and no feed that goes missing costs more than this.

    Attributes:
        auroc_fall_at_most: how much AUROC one loss may cost.
        alert_ratio_at_most: by what factor alerts at the first threshold may rise or fall.
    """

    gate: Literal["robust_to_missing"]
    auroc_fall_at_most: Annotated[float, Field(gt=0.0, le=0.5)] = 0.05
    alert_ratio_at_most: Annotated[float, Field(gt=1.0)] = 1.5


class NotWorseThanPrior(Spec):
    """Met when the model is not worse than the version that it would follow, on the same rows."""

    gate: Literal["not_worse_than_prior"]
    measure: Literal["auroc", "average_precision", "brier", "scaled_brier"] = "auroc"
    margin: Margin = 0.01


Gate: TypeAlias = Annotated[
    BeatsBaseline
    | AddsToBaseline
    | CalibrationSlopeWithin
    | ObservedExpectedWithin
    | NetBenefitNotWorse
    | SubgroupNotWorse
    | SubgroupAurocAtLeast
    | SubgroupObservedExpected
    | AlertBurden
    | MinimumEvents
    | IntervalCoverageWithin
    | MinimumRows
    | BetterOrAdds
    | StableOverTime
    | HeldOutSites
    | RobustToMissing
    | NotWorseThanPrior,
    Field(discriminator="gate"),
]
