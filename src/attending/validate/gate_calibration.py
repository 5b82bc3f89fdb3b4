"""Gates of calibration, and of having events enough to say anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.records.range import Range
from attending.records.validation import Check
from attending.statistics.recalibration import recalibration
from attending.validate.data import MODEL
from attending.validate.estimates import drawn
from attending.validate.evidence import ALL
from attending.validate.gates import GATES, judge_range

if TYPE_CHECKING:
    from attending.specs.validation_gates import (
        CalibrationSlopeWithin,
        MinimumEvents,
        ObservedExpectedWithin,
    )
    from attending.validate.evidence import Evidence


@GATES.named("calibration_slope")
def calibration_slope(gate: CalibrationSlopeWithin, evidence: Evidence) -> list[Check]:
    """Return whether the calibration slope lies in the range."""
    blank = Check(what="calibration_slope", outcome="not_shown", reason="too_few_events")
    if not evidence.enough(evidence.masks[ALL]):
        return [blank]
    data = evidence.data
    slope = recalibration(data.outcome, data.risk, cluster=evidence.patient).slope
    found = Range(value=slope.value, low=slope.low, high=slope.high)
    outcome, reason = judge_range(found, gate.low, gate.high, by=gate.judged_by)
    return [blank.model_copy(update={**found.model_dump(), "outcome": outcome, "reason": reason})]


@GATES.named("observed_expected")
def observed_expected(gate: ObservedExpectedWithin, evidence: Evidence) -> list[Check]:
    """Return whether observed over expected events lie in the range."""
    blank = Check(what="observed_expected", outcome="not_shown", reason="too_few_events")
    if not evidence.enough(evidence.masks[ALL]):
        return [blank]
    found = drawn(evidence.draws, "observed_expected", MODEL, group=ALL, threshold=None)
    outcome, reason = judge_range(found, gate.low, gate.high, by=gate.judged_by)
    return [blank.model_copy(update={**found.model_dump(), "outcome": outcome, "reason": reason})]


@GATES.named("minimum_events")
def minimum_events(gate: MinimumEvents, evidence: Evidence) -> list[Check]:
    """Return whether there are events and non-events enough; fewer is not shown, never met."""
    n, events = evidence.counts(evidence.masks[ALL])
    return [
        Check(
            what=what,
            outcome="met" if have >= wanted else "not_shown",
            reason="" if have >= wanted else "too_few_events",
        )
        for what, have, wanted in (
            ("events", events, gate.events),
            ("non_events", n - events, gate.non_events),
        )
    ]
