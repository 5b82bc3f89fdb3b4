"""Gates that compare with the baseline: overall, and in net benefit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.validation import Check
from attending.statistics.bootstrap_draws import spread
from attending.validate.comparisons import AT_CAPACITY, compare, improvement_interval
from attending.validate.data import MODEL, variants
from attending.validate.evidence import ALL
from attending.validate.gates import GATES, judge_improvement

if TYPE_CHECKING:
    from attending.specs.validation_gates import BeatsBaseline, NetBenefitNotWorse
    from attending.validate.evidence import Evidence


@GATES.named("beats_baseline")
def beats_baseline(gate: BeatsBaseline, evidence: Evidence) -> list[Check]:
    """Return one check for each variant of the baseline; the strongest one decides."""
    names = variants(evidence.data, gate.baseline)
    return [beaten(evidence, name, measure=gate.measure, margin=gate.margin) for name in names]


def beaten(
    evidence: Evidence, name: str, *, measure: str, margin: float, group: str = ALL
) -> Check:
    """Return whether the model beats one baseline in one group by more than -margin."""
    blank = Check(what=measure, group=group, baseline=name, outcome="not_shown")
    if measure not in {"auroc", "average_precision", AT_CAPACITY} and not evidence.has_probability(
        name
    ):
        return blank.model_copy(update={"reason": "baseline_has_no_probability"})
    at = _capacity(evidence, name) if measure == AT_CAPACITY else None
    if measure == AT_CAPACITY and at is None:
        return blank.model_copy(update={"reason": "no_capacity_threshold"})
    found = compare(evidence, name, measure=measure, group=group, at=at)
    better = improvement_interval(evidence, name, measure=measure, group=group, at=at)
    if better is None:
        return blank.model_copy(update={"reason": "too_few_events"})
    outcome, reason = judge_improvement(better.low, better.high, margin=margin)
    figures = {"value": found.difference, "low": found.low, "high": found.high}
    return blank.model_copy(update={**figures, "outcome": outcome, "reason": reason})


def _capacity(evidence: Evidence, name: str) -> int | None:
    """Return which threshold is the first capacity that both have."""
    for at, asked in enumerate(evidence.spec.thresholds):
        both = (evidence.cuts[MODEL][at], evidence.cuts[name][at])
        if asked.risk is None and None not in both:
            return at
    return None


@GATES.named("net_benefit_not_worse")
def net_benefit_not_worse(gate: NetBenefitNotWorse, evidence: Evidence) -> list[Check]:
    """Return one check for each variant and threshold."""
    asked = gate.thresholds or tuple(
        found.risk for found in evidence.spec.thresholds if found.risk is not None
    )
    strategies = gate.baseline in {"treat_all", "treat_none"}
    names = [gate.baseline] if strategies else variants(evidence.data, gate.baseline)
    return [
        _net_benefit(evidence, name, threshold=threshold, margin=gate.margin)
        for name in names
        for threshold in asked
    ]


def _net_benefit(evidence: Evidence, name: str, *, threshold: float, margin: float) -> Check:
    blank = Check(what="net_benefit", baseline=name, threshold=threshold, outcome="not_shown")
    rows = evidence.paired(ALL, name)
    if not evidence.enough(evidence.masks[rows]):
        return blank.model_copy(update={"reason": "too_few_events"})
    mine = evidence.draws.values("net_benefit", MODEL, group=rows, threshold=threshold)
    if name == "treat_none":
        theirs = np.zeros_like(mine)
    elif name == "treat_all":
        theirs = evidence.draws.values(
            "net_benefit_treat_all", MODEL, group=rows, threshold=threshold
        )
    elif not evidence.has_probability(name):
        return blank.model_copy(update={"reason": "baseline_has_no_probability"})
    else:
        theirs = evidence.draws.values("net_benefit", name, group=rows, threshold=threshold)
    found = spread((mine - theirs)[1:])
    outcome, reason = judge_improvement(found.low, found.high, margin=margin)
    value = float(mine[0] - theirs[0])
    figures = {"value": value, "low": found.low, "high": found.high}
    return blank.model_copy(update={**figures, "outcome": outcome, "reason": reason})
