"""What a team asks of a validation (`validation.yaml`): measures, baselines, thresholds, gates.

A gate answers met, failed or not shown. Too few events is never met.
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    model_validator,
)

from attending.specs.base import Spec
from attending.specs.explanations import ExplanationsAsked
from attending.specs.number_validation import with_number_measures
from attending.specs.validation_gates import (
    Gate,
    GroupName,
    Name,
    Positive,
    Risk,
    SubgroupNotWorse,
)
from attending.specs.workload import MissingnessAsked, PlacesAsked, WorkloadAsked

DEFAULT_MEASURES: tuple[Name, ...] = (
    "auroc",
    "average_precision",
    "brier",
    "scaled_brier",
    "log_loss",
    "observed_expected",
    "calibration_in_the_large",
    "calibration_slope",
    "ici",
    "e50",
    "e90",
    "emax",
    "ece",
    "spiegelhalter_z",
)


class BaselineToBeat(Spec):
    """What clinicians use today, compared with the model on the same rows.

    Attributes:
        name: a registered score, a typed rule, or a recorded column, such as `lace` or `triage`.
        recalibrate: give it a probability by a logistic fit on the training period, without which
            it has no net benefit and no calibration.
        decision: its values are decisions, 1 for acting and 0 for not, such as who was called.
            The model is then compared at as many alerts, and at as many found.
    """

    name: Name
    recalibrate: bool = True
    decision: bool = False


def named(value: object) -> object:
    """Return a plain name as what has it.

    >>> named("lace")
    {'name': 'lace'}
    """
    return {"name": value} if isinstance(value, str) else value


class ThresholdAsked(Spec):
    """A threshold: a risk, or the lowest risk that a capacity allows. A plain number is a risk.

    Attributes:
        risk: flag when the risk is at least this.
        alerts_per_day: alerts that the team can act on in a day, over all sites of the data.
        alerts_per_100: alerts for every 100 predictions, where days are not known.
    """

    risk: Risk | None = None
    alerts_per_day: Positive | None = None
    alerts_per_100: Annotated[float, Field(gt=0.0, le=100.0)] | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("expected one of risk, alerts_per_day and alerts_per_100")
        return self

    @property
    def rule(self) -> str:
        """Return which of the three it is."""
        return next(iter(self.model_dump(exclude_none=True)))

    @property
    def asked(self) -> float:
        """Return its figure."""
        return float(self.model_dump(exclude_none=True)[self.rule])


def _risk(value: object) -> object:
    return {"risk": value} if isinstance(value, (str, float, int)) else value


class DecisionCurveAsked(Spec):
    """The thresholds at which somebody would act, argued before the figures are seen."""

    low: Risk = 0.05
    high: Risk = 0.50
    step: Annotated[float, Field(ge=0.001, le=0.5)] = 0.01

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"got low {self.low}, expected high {self.high} or less")
        return self


class BootstrapAsked(Spec):
    """How many draws of patients, and the seed of their weights."""

    draws: Annotated[int, Field(ge=50, le=10_000)] = 500
    seed: Annotated[int, Field(ge=0, lt=1 << 53)] = 20_260_101


class ValidationSpec(Spec):
    """What `validation.yaml` says, agreed before the model is fitted.

    Attributes:
        primary: the measure that the summary speaks of.
        measures: what is reported of each model, by name.
        baselines: clinical scores to compare with; at least one.
        thresholds: risks or capacities; name the one of the release plan first.
        decision_curve: the range of thresholds at which somebody would act.
        subgroups: attributes of the cohort, without `group_`.
        high_risk_subgroups: groups that must not be failed, such as `age=80+`.
        minimum_events: fewer in a group, and it is insufficient; never met.
        minimum_non_events: likewise.
        minimum_rows: of a number or a count; fewer in a group, and it is insufficient.
        minimum_clusters: likewise, patients of a number and units of a count.
        suppress_counts_up_to: counts from 1 to this are not shown; 0 shows all.
        gates: what must be met.
        workload: shifts, clinicians and snooze, from which the burden of alerts is counted.
        places: units or sites that each get a threshold from their own capacity.
        missingness: which features and feeds are taken away to see what that costs.
        explanations: how far explanations must hold.

    >>> ValidationSpec(baselines=["lace"]).baselines[0].name
    'lace'
    """

    primary: Name = "auroc"
    measures: tuple[Name, ...] = DEFAULT_MEASURES
    baselines: tuple[Annotated[BaselineToBeat, BeforeValidator(named)], ...] = Field(min_length=1)
    thresholds: tuple[Annotated[ThresholdAsked, BeforeValidator(_risk)], ...] = Field(
        default=(ThresholdAsked(risk=0.2),), min_length=1
    )
    decision_curve: DecisionCurveAsked = DecisionCurveAsked()
    subgroups: tuple[Name, ...] = ()
    high_risk_subgroups: tuple[GroupName, ...] = ()
    minimum_events: Annotated[int, Field(ge=2)] = 10
    minimum_non_events: Annotated[int, Field(ge=2)] = 10
    minimum_rows: Annotated[int, Field(ge=11)] = 30
    minimum_clusters: Annotated[int, Field(ge=2)] = 20
    bootstrap: BootstrapAsked = BootstrapAsked()
    suppress_counts_up_to: Annotated[int, Field(ge=0, le=100)] = 10
    gates: tuple[Gate, ...] = ()
    workload: WorkloadAsked = WorkloadAsked()
    places: PlacesAsked | None = None
    missingness: MissingnessAsked | None = None
    explanations: ExplanationsAsked = ExplanationsAsked()

    @model_validator(mode="before")
    @classmethod
    def _of_numbers(cls, said: object) -> object:
        return with_number_measures(said)

    @model_validator(mode="after")
    def _names_meet(self) -> Self:
        if self.primary not in self.measures:
            raise ValueError(f"got primary '{self.primary}', expected one of the measures")
        names = [baseline.name for baseline in self.baselines]
        if len(set(names)) < len(names):
            raise ValueError("a baseline is listed twice")
        for gate in self.gates:
            self._check_gate(gate, {*names, "treat_all", "treat_none"})
        for group in self.groups_compared():
            self._check_attribute(group.split("=", 1)[0])
        if self.places is not None:
            self._check_attribute(self.places.by)
        return self

    def _check_gate(self, gate: Any, known: set[str]) -> None:  # noqa: ANN401 - any gate
        baseline = getattr(gate, "baseline", None)
        if baseline is not None and baseline not in known:
            raise ValueError(f"gate {gate.gate} names baseline '{baseline}', which is not listed")
        if baseline in {"treat_all", "treat_none"} and gate.gate != "net_benefit_not_worse":
            raise ValueError(f"gate {gate.gate} cannot compare with '{baseline}'")
        if gate.gate == "subgroup_not_worse" and not (gate.groups or self.high_risk_subgroups):
            raise ValueError(
                "gate subgroup_not_worse has no groups; name them or high_risk_subgroups"
            )
        for attribute in getattr(gate, "attributes", ()):
            self._check_attribute(attribute)
        if gate.gate == "robust_to_missing" and self.missingness is None:
            raise ValueError("gate robust_to_missing needs the part 'missingness'")
        if getattr(gate, "per_shift_at_most", None) and self.workload.clinicians is None:
            raise ValueError("per_shift_at_most needs workload.clinicians and workload.shift")

    def _check_attribute(self, attribute: str) -> None:
        if attribute not in self.subgroups:
            raise ValueError(f"attribute '{attribute}' is not listed under subgroups")

    def groups_compared(self) -> tuple[str, ...]:
        """Return the groups in which the model is compared with baselines, in a fixed order."""
        named = [gate.groups for gate in self.gates if isinstance(gate, SubgroupNotWorse)]
        return tuple(dict.fromkeys([*self.high_risk_subgroups, *(g for gs in named for g in gs)]))
