"""Gates: each looks at some figures and answers met, failed or not shown.

A gate is a function registered by the name that the spec writes. Too few events, no baseline,
no calendar and an interval too wide to tell are all `not_shown`, and `not_shown` is not `met`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from attending.records.range import Range  # noqa: TC001 - its examples use it
from attending.records.validation import Check, GateResult
from attending.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.records.validation import Outcome
    from attending.validate.evidence import Evidence

#: A gate takes its own part of the spec and the evidence, and returns its checks.
GateFunction: TypeAlias = "Callable[[Any, Evidence], list[Check]]"

GATES: Registry[GateFunction] = Registry("gate")


def answer(gate: Any, evidence: Evidence) -> GateResult:  # noqa: ANN401 - any gate of the spec
    """Return the result of one gate of the spec."""
    checks = GATES.get(gate.gate)(gate, evidence)
    outcome, reason = combine(checks)
    asked = gate.model_dump(mode="json", exclude={"gate"})
    return GateResult(
        gate=gate.gate,
        outcome=outcome,
        reason=reason,
        asked={k: tuple(v) if isinstance(v, list) else v for k, v in asked.items()},
        checks=tuple(checks),
    )


def combine(checks: Sequence[Check]) -> tuple[Outcome, str]:
    """Return the worst outcome and its reason; no check at all is not shown.

    A gate that is met on one of several grounds gives the ground that its first check names.

    >>> combine([Check(what="a", outcome="met"), Check(what="b", outcome="not_shown", reason="x")])
    ('not_shown', 'x')
    >>> combine([])
    ('not_shown', 'nothing_to_check')
    """
    if not checks:
        return "not_shown", "nothing_to_check"
    for wanted in ("failed", "not_shown"):
        for check in checks:
            if check.outcome == wanted:
                return check.outcome, check.reason
    return "met", checks[0].reason


def judge_range(found: Range, low: float, high: float, *, by: str) -> tuple[Outcome, str]:
    """Return whether a figure lies in a range: its whole interval, or the estimate alone.

    >>> judge_range(Range(value=1.0, low=0.9, high=1.1), 0.8, 1.2, by="interval")
    ('met', '')
    >>> judge_range(Range(value=1.0, low=0.7, high=1.1), 0.8, 1.2, by="interval")
    ('not_shown', 'interval_too_wide')
    >>> judge_range(Range(value=1.3, low=1.1, high=1.5), 0.8, 1.2, by="interval")
    ('failed', 'outside')
    """
    if found.value is None:
        return "not_shown", "not_defined"
    if not low <= found.value <= high:
        return "failed", "outside"
    if by == "estimate":
        return "met", ""
    if found.low is None or found.high is None:
        return "not_shown", "no_interval"
    inside = low <= found.low and found.high <= high
    return ("met", "") if inside else ("not_shown", "interval_too_wide")


def judge_improvement(
    low: float | None, high: float | None, *, margin: float
) -> tuple[Outcome, str]:
    """Return whether an improvement is shown to lie above -margin.

    >>> judge_improvement(0.01, 0.05, margin=0.0)
    ('met', '')
    >>> judge_improvement(-0.2, -0.1, margin=0.05)
    ('failed', 'shown_worse')
    >>> judge_improvement(-0.2, 0.1, margin=0.05)
    ('not_shown', 'interval_too_wide')
    """
    if low is None or high is None:
        return "not_shown", "too_few_events"
    if low > -margin:
        return "met", ""
    if high < 0.0:
        return "failed", "shown_worse"
    return "not_shown", "interval_too_wide"
