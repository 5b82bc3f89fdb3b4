"""The gate that passes on either: the model beats the baseline, or adds to it; it says which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.records.validation import Check
from attending.validate.data import variants
from attending.validate.decided import decided_row
from attending.validate.gate_baseline import beaten
from attending.validate.gates import GATES, judge_improvement
from attending.validate.increments import increment

if TYPE_CHECKING:
    from attending.specs.validation_gates import BetterOrAdds
    from attending.validate.evidence import Evidence

#: The words by which a gate that is met says on what it passed.
BEATS, ADDS, BOTH = "beats_the_baseline", "adds_to_the_baseline", "beats_and_adds"


@GATES.named("better_or_adds")
def better_or_adds(gate: BetterOrAdds, evidence: Evidence) -> list[Check]:
    """Return one check for each variant of the baseline, on which of the two it passed."""
    names = variants(evidence.data, gate.baseline)
    return [_either(gate, evidence, name) for name in names]


def _either(gate: BetterOrAdds, evidence: Evidence, name: str) -> Check:
    beats = _beats(gate, evidence, name)
    adds = _adds(evidence, name)
    met = (beats.outcome == "met", adds.outcome == "met")
    if met == (True, True):
        return beats.model_copy(update={"reason": BOTH})
    if any(met):
        found, word = (beats, BEATS) if met[0] else (adds, ADDS)
        return found.model_copy(update={"reason": word})
    # Neither is shown. It failed only when it is shown to be worse and to add nothing.
    return (
        adds
        if beats.outcome == "failed" and adds.outcome == "failed"
        else beats.model_copy(
            update={"outcome": "not_shown", "reason": beats.reason or adds.reason}
        )
    )


def _beats(gate: BetterOrAdds, evidence: Evidence, name: str) -> Check:
    if not evidence.data.baselines[name].decision:
        return beaten(evidence, name, measure=gate.measure, margin=gate.margin)
    blank = Check(what="sensitivity at equal alerts", baseline=name, outcome="not_shown")
    if name not in evidence.decided:
        return blank.model_copy(update={"reason": "too_few_events"})
    alerts, found = evidence.decided[name]
    one = decided_row(evidence, name, at="equal_alerts", cut=alerts)
    two = decided_row(evidence, name, at="equal_sensitivity", cut=found)
    row = two if two.verdict == "better" and one.verdict != "better" else one
    what = "sensitivity at equal alerts" if row is one else "share flagged at equal sensitivity"
    if row.difference.value is None:
        return blank.model_copy(update={"reason": "too_few_events"})
    told = {"better": ("met", ""), "worse": ("failed", "shown_worse")}
    outcome, reason = told.get(row.verdict, ("not_shown", "interval_too_wide"))
    figures = row.difference.model_dump()
    return blank.model_copy(update={"what": what, **figures, "outcome": outcome, "reason": reason})


def _adds(evidence: Evidence, name: str) -> Check:
    blank = Check(what="AUROC added to the baseline", baseline=name, outcome="not_shown")
    found = increment(evidence, name).auroc_gained
    if found.value is None:
        return blank.model_copy(update={"reason": "too_few_events"})
    outcome, reason = judge_improvement(found.low, found.high, margin=0.0)
    return blank.model_copy(update={**found.model_dump(), "outcome": outcome, "reason": reason})
