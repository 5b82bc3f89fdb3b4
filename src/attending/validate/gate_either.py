"""The gate that passes on either: the model beats the baseline, or adds to it; it says which.

On either ground the model must be calibrated: see `gate_additions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.records.validation import Check
from attending.validate.data import variants
from attending.validate.decided import decided_row
from attending.validate.gate_additions import additions, calibration_of
from attending.validate.gate_baseline import beaten
from attending.validate.gates import GATES, combine

if TYPE_CHECKING:
    from attending.specs.validation_gates import BetterOrAdds
    from attending.validate.evidence import Evidence

#: The words by which a gate that is met says on what it passed.
BEATS, ADDS, BOTH = "beats_the_baseline", "adds_to_the_baseline", "beats_and_adds"


@GATES.named("better_or_adds")
def better_or_adds(gate: BetterOrAdds, evidence: Evidence) -> list[Check]:
    """Return the ground on which it passed, for each variant, and whether it is calibrated."""
    names = variants(evidence.data, gate.baseline)
    found = [check for name in names for check in _either(gate, evidence, name)]
    return [*found, *calibration_of(gate, evidence)] if found else []


def _either(gate: BetterOrAdds, evidence: Evidence, name: str) -> list[Check]:
    """Return the checks of the ground that is met, its word on the first; else why neither is."""
    beats, adds = _beats(gate, evidence, name), additions(evidence, name)
    added, why = combine(adds)
    if beats.outcome == "met" or added == "met":
        word = BOTH if beats.outcome == added else BEATS if beats.outcome == "met" else ADDS
        checks = [beats] * (beats.outcome == "met") + adds * (added == "met")
        return [checks[0].model_copy(update={"reason": word}), *checks[1:]]
    # Neither is shown. It failed only when it is shown to be worse and to add nothing.
    if beats.outcome == added:
        return [beats, *(check for check in adds if check.outcome == added)]
    return [beats.model_copy(update={"outcome": "not_shown", "reason": beats.reason or why})]


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
