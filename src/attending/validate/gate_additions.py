"""The gate of what the model adds to the baseline, and the calibration without which it is luck.

A model that was fitted on shuffled labels is still a mixture of features that tell something, so
its risks often add to a baseline that lacks them. What tells it from a model that learnt is that
its risks do not come true. So an addition counts only with calibration, and by what follows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput
from attending.records.range import Range
from attending.records.validation import Check
from attending.statistics.recalibration import recalibration
from attending.validate.data import MODEL, variants
from attending.validate.estimates import drawn
from attending.validate.evidence import ALL
from attending.validate.gates import GATES, judge_improvement, judge_range
from attending.validate.increments import increment

if TYPE_CHECKING:
    from attending.specs.validation_gates import AddsToBaseline, CalibratedAddition
    from attending.validate.evidence import Evidence

AUROC_ADDED = "AUROC added to the baseline"
BENEFIT_ADDED = "net benefit added to the baseline"
COEFFICIENT = "coefficient of the model"


@GATES.named("adds_to_baseline")
def adds_to_baseline(gate: AddsToBaseline, evidence: Evidence) -> list[Check]:
    """Return what the model adds to each variant of the baseline, and whether it is calibrated."""
    names = variants(evidence.data, gate.baseline)
    added = [check for name in names for check in additions(evidence, name)]
    return [*added, *calibration_of(gate, evidence)] if added else []


def additions(evidence: Evidence, name: str) -> list[Check]:
    """Return what the model adds to one baseline: coefficient, AUROC and net benefit.

    AUROC and net benefit are those of risks from fits that did not see the patient, against such
    risks of the baseline alone, on the same draws. The coefficient says which way the model
    points: a fit of both turns a model about that ranks backwards.
    """
    found = increment(evidence, name)
    risks = [asked.risk for asked in evidence.spec.thresholds if asked.risk is not None]
    # The first agreed risk only: the best of several would be found by looking.
    first = risks[0] if risks else None
    gained = Range() if first is None else found.net_benefit_gained.get(f"{first:g}", Range())
    rows = evidence.masks[evidence.paired(ALL, name)]
    empty = "not_defined" if evidence.enough(rows) else "too_few_events"
    return [
        _above_zero(found.auroc_gained, AUROC_ADDED, name=name, empty=empty),
        _above_zero(found.coefficient, COEFFICIENT, name=name, empty=empty),
        _above_zero(
            gained, BENEFIT_ADDED, name=name, empty=empty if risks else "no_agreed_risk"
        ).model_copy(update={"threshold": first}),
    ]


def _above_zero(found: Range, what: str, *, name: str, empty: str) -> Check:
    """Return whether the lower bound lies above 0; `empty` is why there is no figure."""
    blank = Check(what=what, baseline=name, outcome="not_shown", reason=empty)
    if found.value is None:
        return blank
    outcome, reason = judge_improvement(found.low, found.high, margin=0.0)
    return blank.model_copy(update={**found.model_dump(), "outcome": outcome, "reason": reason})


def calibration_of(gate: CalibratedAddition, evidence: Evidence) -> list[Check]:
    """Return the model's calibration slope, by its interval, and its O:E, by its estimate."""
    blank = Check(what="calibration_slope", outcome="not_shown", reason="too_few_events")
    ratio = blank.model_copy(update={"what": "observed_expected"})
    if not evidence.enough(evidence.masks[ALL]):
        return [blank, ratio]
    slope = _slope(evidence)
    outcome, reason = judge_range(slope, gate.slope_low, gate.slope_high, by="interval")
    told = {**slope.model_dump(), "outcome": outcome, "reason": reason}
    total = drawn(evidence.draws, "observed_expected", MODEL, group=ALL, threshold=None)
    low, high = gate.observed_expected_low, gate.observed_expected_high
    outcome, reason = judge_range(total, low, high, by="estimate")
    also = {**total.model_dump(), "outcome": outcome, "reason": reason}
    return [blank.model_copy(update=told), ratio.model_copy(update=also)]


def _slope(evidence: Evidence) -> Range:
    """Return the calibration slope; empty where there is no fit, as with one risk for all."""
    data = evidence.data
    try:
        found = recalibration(data.outcome, data.risk, cluster=evidence.patient).slope
    except BadInput:
        return Range()
    return Range(value=found.value, low=found.low, high=found.high)
