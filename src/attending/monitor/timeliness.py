"""Scores that came after the declared action window, when nobody could act on them any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.documents.times import stated
from attending.monitor.findings import make
from attending.records.monitoring import Measure

if TYPE_CHECKING:
    from attending.monitor.together import Seen
    from attending.records.monitoring import Severity
    from attending.specs.monitoring import MonitoringSpec


@dataclass(frozen=True)
class Lateness:
    """Scores and alerts of a window that readers could see, and how many of them came too late.

    Attributes:
        action_window: of the signed plan, in microseconds.
    """

    made: int
    late: int
    action_window: int


def look_at_lateness(spec: MonitoringSpec, found: Lateness | None) -> Seen:
    """Return what a window shows of scores that came late.

    Args:
        spec: the policy.
        found: counts; None where no reader could see a score.
    """
    name = "late_share"
    if found is None or not found.made:
        why = "no reader could see a score in this window"
        return (), (Measure(name=name, state="not_observed", why=why),)
    share = found.late / found.made
    measure = Measure(name=name, value=share, bound=spec.workflow.late_act, n=found.made)
    if not found.late:
        return (), (measure,)
    severity, bound = _severity(spec, share)
    meaning = (
        f"{found.late} of {found.made} scores came more than "
        f"{stated(found.action_window)} after their time; nobody could act on them."
    )
    late = make(
        spec,
        ("workflow", severity),
        "late",
        subject="scores",
        figure=(share, bound),
        meaning=meaning,
    )
    return (late,), (measure,)


def _severity(spec: MonitoringSpec, share: float) -> tuple[Severity, float]:
    if share >= spec.workflow.late_act:
        return "act", spec.workflow.late_act
    return ("watch" if share >= spec.workflow.late_watch else "info"), spec.workflow.late_watch
