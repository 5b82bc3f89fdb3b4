"""Gates of subgroups: winning overall does not excuse failing a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.records.validation import Check
from attending.validate.data import MODEL, variants
from attending.validate.estimates import drawn
from attending.validate.gate_baseline import beaten
from attending.validate.gates import GATES, judge_range

if TYPE_CHECKING:
    from attending.specs.validation_gates import (
        SubgroupAurocAtLeast,
        SubgroupNotWorse,
        SubgroupObservedExpected,
    )
    from attending.validate.evidence import Evidence


@GATES.named("subgroup_not_worse")
def subgroup_not_worse(gate: SubgroupNotWorse, evidence: Evidence) -> list[Check]:
    """Return one check for each high-risk group and variant of the baseline."""
    name = gate.baseline or evidence.spec.baselines[0].name
    return [
        beaten(evidence, variant, measure=gate.measure, margin=gate.margin, group=group)
        for group in gate.groups or evidence.spec.high_risk_subgroups
        for variant in variants(evidence.data, name)
    ]


@GATES.named("subgroup_auroc_at_least")
def subgroup_auroc_at_least(gate: SubgroupAurocAtLeast, evidence: Evidence) -> list[Check]:
    """Return one check for each group of each attribute."""
    return [
        _in_range(evidence, group, measure="auroc", ends=(gate.value, 1.0), by=gate.judged_by)
        for group in _groups(evidence, gate.attributes)
    ]


@GATES.named("subgroup_observed_expected")
def subgroup_observed_expected(gate: SubgroupObservedExpected, evidence: Evidence) -> list[Check]:
    """Return one check for each group of each attribute."""
    ends = (gate.low, gate.high)
    return [
        _in_range(evidence, group, measure="observed_expected", ends=ends, by=gate.judged_by)
        for group in _groups(evidence, gate.attributes)
    ]


def _groups(evidence: Evidence, attributes: tuple[str, ...]) -> list[str]:
    """Return every group of the attributes, or of all subgroups when none is named."""
    return [
        f"{attribute}={label}"
        for attribute in attributes or evidence.spec.subgroups
        for label in evidence.attributes[attribute].labels
    ]


def _in_range(
    evidence: Evidence, group: str, *, measure: str, ends: tuple[float, float], by: str
) -> Check:
    if (group, MODEL) not in evidence.draws.names:
        return Check(what=measure, group=group, outcome="not_shown", reason="too_few_events")
    found = drawn(evidence.draws, measure, MODEL, group=group, threshold=None)
    outcome, reason = judge_range(found, *ends, by=by)
    return Check(what=measure, group=group, **found.model_dump(), outcome=outcome, reason=reason)
