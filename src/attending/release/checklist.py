"""What a release plan still lacks, and whether a stage has run for long enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from attending.records.governance import Role
from attending.release.criteria import MEASURES
from attending.times import HOUR, format_length, to_micros

if TYPE_CHECKING:
    from collections.abc import Collection

    from attending.specs.release import ReleaseSpec, Stage
    from attending.types import Instant

#: Below this action window a nightly batch comes too late.
BATCH_NEEDS = 12 * HOUR


def gaps(spec: ReleaseSpec, persons: Collection[str]) -> tuple[str, ...]:
    """Return what is missing in a release plan before it can be signed; empty when nothing is.

    Args:
        spec: the plan.
        persons: the ids of active persons.
    """
    owners = spec.owners.model_dump()
    unknown = [
        f"owners.{role}: not an active person" for role in owners if owners[role] not in persons
    ]
    late = [
        f"delivery.{place}: pattern 'batch' is too slow for an action window of "
        f"{format_length(spec.action_window)}"
        for place, item in enumerate(spec.delivery)
        if item.pattern == "batch" and pattern_for(spec.action_window) == "on_demand"
    ]
    silent_high = spec.risk_level == "high" and spec.fallback.kind == "none"
    safety = ["fallback.kind: a high risk needs a fallback score"] if silent_high else []
    unmeasured = [
        f"rollback_criteria.{place}: '{item.measure}' is not measured; "
        f"known are {', '.join(MEASURES)}"
        for place, item in enumerate(spec.rollback_criteria)
        if item.measure not in MEASURES
    ]
    strange = [
        f"snooze.roles: '{role}' is no role"
        for role in (spec.snooze.roles if spec.snooze else ())
        if role not in get_args(Role)
    ]
    return (*unknown, *late, *safety, *unmeasured, *strange)


def pattern_for(action_window: int) -> Literal["batch", "on_demand"]:
    """Return how scores must be made for readers to act within a window.

    >>> pattern_for(48 * HOUR), pattern_for(2 * HOUR)
    ('batch', 'on_demand')
    """
    return "batch" if action_window >= BATCH_NEEDS else "on_demand"


def remaining(spec: ReleaseSpec, stage: Stage, *, entered: Instant, at: Instant) -> int:
    """Return how many microseconds a stage must still run before the next is asked for.

    Args:
        spec: the plan.
        stage: silent, limited or live; another stage has no least time.
        entered: when the stage was entered.
        at: now.
    """
    least = next((step.at_least for step in spec.stages if step.stage == stage), 0)
    return max(0, least - (to_micros(at) - to_micros(entered)))
