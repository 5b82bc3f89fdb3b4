"""Gates of numbers and counts: too few rows or clusters is not shown, and not shown is not met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from attending.records.validation import Check, GateResult
from attending.registry import Registry
from attending.statistics.suppression import is_small
from attending.validate.data import MODEL
from attending.validate.evidence import ALL
from attending.validate.gates import combine, judge_improvement, judge_range
from attending.validate.number_comparisons import compare_numbers, improvement_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.specs.number_validation import IntervalCoverageWithin, MinimumRows
    from attending.specs.validation_gates import (
        BeatsBaseline,
        CalibrationSlopeWithin,
        ObservedExpectedWithin,
        SubgroupNotWorse,
    )
    from attending.validate.number_evidence import NumberEvidence

#: A gate takes its own part of the spec and the evidence, and returns its checks.
NumberGateFunction: TypeAlias = "Callable[[Any, NumberEvidence], list[Check]]"

NUMBER_GATES: Registry[NumberGateFunction] = Registry("gate of numbers")


def answer_number(gate: Any, evidence: NumberEvidence) -> GateResult:  # noqa: ANN401 - any gate
    """Return the result of one gate of the spec.

    Raises:
        BadInput: the gate is for outcomes of yes or no.
    """
    checks = NUMBER_GATES.get(gate.gate, where="validation.yaml: gates")(gate, evidence)
    outcome, reason = combine(checks)
    asked = gate.model_dump(mode="json", exclude={"gate"})
    return GateResult(
        gate=gate.gate,
        outcome=outcome,
        reason=reason,
        asked={k: tuple(v) if isinstance(v, list) else v for k, v in asked.items()},
        checks=tuple(checks),
    )


@NUMBER_GATES.named("beats_baseline")
def _beats_baseline(gate: BeatsBaseline, evidence: NumberEvidence) -> list[Check]:
    return [
        _not_worse(evidence, gate.baseline, measure=gate.measure, group=ALL, margin=gate.margin)
    ]


@NUMBER_GATES.named("subgroup_not_worse")
def _subgroup_not_worse(gate: SubgroupNotWorse, evidence: NumberEvidence) -> list[Check]:
    baseline = gate.baseline or evidence.spec.baselines[0].name
    return [
        _not_worse(evidence, baseline, measure=gate.measure, group=group, margin=gate.margin)
        for group in gate.groups or evidence.spec.high_risk_subgroups
    ]


def _not_worse(
    evidence: NumberEvidence, baseline: str, *, measure: str, group: str, margin: float
) -> Check:
    shown = compare_numbers(evidence, baseline, measure=measure, group=group)
    better = improvement_of(evidence, baseline, measure=measure, group=group)
    blank = Check(
        what=measure,
        group=group,
        baseline=baseline,
        value=shown.difference,
        low=shown.low,
        high=shown.high,
        outcome="not_shown",
        reason="too_few_rows",
    )
    if better is None:
        return blank
    outcome, reason = judge_improvement(better.low, better.high, margin=margin)
    return blank.model_copy(update={"outcome": outcome, "reason": reason})


@NUMBER_GATES.named("calibration_slope")
def _calibration_slope(gate: CalibrationSlopeWithin, evidence: NumberEvidence) -> list[Check]:
    return [_in_range(evidence, "number_slope", gate=gate)]


@NUMBER_GATES.named("observed_expected")
def _observed_expected(gate: ObservedExpectedWithin, evidence: NumberEvidence) -> list[Check]:
    return [_in_range(evidence, "observed_expected_total", gate=gate)]


@NUMBER_GATES.named("interval_coverage")
def _interval_coverage(gate: IntervalCoverageWithin, evidence: NumberEvidence) -> list[Check]:
    return [_in_range(evidence, "interval_coverage", gate=gate)]


def _in_range(
    evidence: NumberEvidence,
    measure: str,
    *,
    gate: CalibrationSlopeWithin | ObservedExpectedWithin | IntervalCoverageWithin,
) -> Check:
    if not evidence.enough(evidence.masks[ALL]):
        return Check(what=measure, outcome="not_shown", reason="too_few_rows")
    found = evidence.drawn(measure, MODEL)
    outcome, reason = judge_range(found, gate.low, gate.high, by=gate.judged_by)
    return Check(what=measure, **found.model_dump(), outcome=outcome, reason=reason)


@NUMBER_GATES.named("minimum_rows")
def _minimum_rows(gate: MinimumRows, evidence: NumberEvidence) -> list[Check]:
    rows, clusters = evidence.counts(evidence.masks[ALL])
    whose = "units" if evidence.data.outcome_type == "count" else "patients"
    return [
        Check(
            what=what,
            value=None if is_small(have, smallest=evidence.small) else float(have),
            outcome="met" if have >= wanted else "not_shown",
            reason="" if have >= wanted else "too_few_rows",
        )
        for what, have, wanted in (("rows", rows, gate.rows), (whose, clusters, gate.clusters))
    ]
