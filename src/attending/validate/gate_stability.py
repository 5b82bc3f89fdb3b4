"""Gates of the model elsewhere and later: over time, at new sites, with gaps, after a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.in_print import printed_measure
from attending.records.range import Range
from attending.records.validation import Check
from attending.validate.comparisons import compare, improvement_interval
from attending.validate.data import MODEL
from attending.validate.estimates import drawn
from attending.validate.evidence import QUARTER, SITE
from attending.validate.gates import GATES, judge_improvement, judge_range
from attending.validate.losses import loss_rows
from attending.validate.sites import held_out
from attending.validate.stability import FEWEST, trend

if TYPE_CHECKING:
    from attending.records.validation_parts import LossRow
    from attending.specs.validation_gates import (
        HeldOutSites,
        NotWorseThanPrior,
        RobustToMissing,
        StableOverTime,
    )
    from attending.validate.evidence import Evidence


@GATES.named("stable_over_time")
def stable_over_time(gate: StableOverTime, evidence: Evidence) -> list[Check]:
    """Return whether the change from the first to the last period lies within the margin."""
    blank = Check(what=f"change of {printed_measure(gate.measure)}", outcome="not_shown")
    if QUARTER not in evidence.attributes:
        return [blank.model_copy(update={"reason": "no_calendar"})]
    found = trend(evidence, gate.measure)
    if found.periods < FEWEST or found.change.value is None:
        return [blank.model_copy(update={"reason": "too_few_periods"})]
    if gate.measure == "auroc":
        outcome, reason = judge_improvement(found.change.low, found.change.high, margin=gate.margin)
    else:
        most = 1.0 + gate.margin
        outcome, reason = judge_range(found.change, 1.0 / most, most, by="interval")
    figures = found.change.model_dump()
    return [blank.model_copy(update={**figures, "outcome": outcome, "reason": reason})]


@GATES.named("held_out_sites")
def held_out_sites(gate: HeldOutSites, evidence: Evidence) -> list[Check]:
    """Return two checks for each site that the fit never saw: its AUROC and its O:E."""
    column = evidence.attributes.get(SITE)
    sites = [] if column is None else [s for s in column.labels if held_out(evidence, s)]
    if not sites:
        return [Check(what="sites", outcome="not_shown", reason="no_held_out_site")]
    asked = {"auroc": (gate.auroc_at_least, 1.0), "observed_expected": (gate.low, gate.high)}
    return [
        _at_site(evidence, site, measure=measure, ends=ends, by=gate.judged_by)
        for site in sites
        for measure, ends in asked.items()
    ]


def _at_site(
    evidence: Evidence, site: str, *, measure: str, ends: tuple[float, float], by: str
) -> Check:
    group = f"{SITE}={site}"
    if (group, MODEL) not in evidence.draws.names:
        return Check(what=measure, group=group, outcome="not_shown", reason="too_few_events")
    found = drawn(evidence.draws, measure, MODEL, group=group, threshold=None)
    outcome, reason = judge_range(found, *ends, by=by)
    return Check(what=measure, group=group, **found.model_dump(), outcome=outcome, reason=reason)


@GATES.named("robust_to_missing")
def robust_to_missing(gate: RobustToMissing, evidence: Evidence) -> list[Check]:
    """Return one check a loss: the fall in AUROC, then what happens to the alerts."""
    rows = loss_rows(evidence)
    if not rows:
        return [Check(what="losses", outcome="not_shown", reason="no_inputs")]
    return [check for row in rows for check in _of_loss(row, gate)]


def _of_loss(row: LossRow, gate: RobustToMissing) -> list[Check]:
    share = (
        "as at the site that has it least"
        if row.rate is None
        else f"in {100 * row.rate:g} % of rows"
    )
    lost = f"without {row.kind} {row.what} {share}"
    found = row.auroc_change
    outcome, reason = judge_improvement(found.low, found.high, margin=gate.auroc_fall_at_most)
    if outcome == "failed" and (found.value or 0.0) >= -gate.auroc_fall_at_most:
        outcome, reason = "not_shown", "interval_too_wide"
    checks = [
        Check(what=f"change of AUROC {lost}", **found.model_dump(), outcome=outcome, reason=reason)
    ]
    if row.alert_ratio is not None:
        most = gate.alert_ratio_at_most
        ends = Range(value=row.alert_ratio)
        outcome, reason = judge_range(ends, 1.0 / most, most, by="estimate")
        what = f"alerts, times as many, {lost}"
        checks.append(Check(what=what, value=row.alert_ratio, outcome=outcome, reason=reason))
    return checks


@GATES.named("not_worse_than_prior")
def not_worse_than_prior(gate: NotWorseThanPrior, evidence: Evidence) -> list[Check]:
    """Return whether the model is no worse than the version it would follow, on the same rows."""
    prior = evidence.data.prior
    blank = Check(what=gate.measure, baseline=prior, outcome="not_shown")
    if not prior:
        return [blank.model_copy(update={"reason": "no_prior"})]
    found = compare(evidence, prior, measure=gate.measure)
    better = improvement_interval(evidence, prior, measure=gate.measure)
    if better is None:
        return [blank.model_copy(update={"reason": "too_few_events"})]
    outcome, reason = judge_improvement(better.low, better.high, margin=gate.margin)
    figures = {"value": found.difference, "low": found.low, "high": found.high}
    return [blank.model_copy(update={**figures, "outcome": outcome, "reason": reason})]
