"""Whether an alert may be put off: by whom, for how long, how often and why, as the plan says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.errors import AttendingError, Denied, NotFound, Refused, did_you_mean
from attending.lifecycle.plans import signed_plan
from attending.times import HOUR, MINUTE, format_length

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.plans import SignedPlan
    from attending.specs.release import SnoozeRules
    from attending.stores.unit import Unit

#: For so long the worklist offers to put an alert off, where the plan lets it.
OFFERED = 2 * HOUR


def plan_of(desk: Desk, content: Mapping[str, Any]) -> SignedPlan | None:
    """Return the signed plan under which a prediction was made, None where none is known."""
    history = desk.home.deployments.history(content["model"], version=content["version"])
    release = content.get("release")
    found = [one for one in history if release is not None and one.release_spec == release]
    return signed_plan(desk, found[-1]) if found else None


def rules_of(desk: Desk, contents: Sequence[Mapping[str, Any]]) -> dict[str | None, dict[str, Any]]:
    """Return by release plan how alerts may be put off, as a form offers it; plans without are not.

    Args:
        desk: where.
        contents: the predictions of the alerts.
    """
    found: dict[str | None, dict[str, Any]] = {}
    for release, content in {one.get("release"): one for one in contents}.items():
        try:
            plan = plan_of(desk, content)
        except AttendingError:  # the list is shown all the same; putting off is refused by name
            continue
        if plan is not None and plan.spec.snooze is not None:
            rules = plan.spec.snooze
            minutes = min(OFFERED, rules.longest) // MINUTE
            found[release] = {"reasons": list(rules.reasons), "minutes": max(1, minutes)}
    return found


@dataclass(frozen=True)
class Allowed:
    """What the signed plan lets be put off, once who, how long and why are known.

    Attributes:
        says: what is kept with the step: the reason, and the plan.
        times: how often one alert may be put off; None where the plan has no rules.
    """

    says: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None

    def require_times(self, desk: Desk, unit: Unit, request_id: str) -> None:
        """Refuse to put an alert off more often than the plan lets one.

        Args:
            desk: where.
            unit: in which the step is kept, so that two at once do not both count.
            request_id: of the prediction.

        Raises:
            Refused: it was put off as often as it may be.
        """
        if self.times is None:
            return
        if desk.home.deliveries.count(unit, request_id, state="snoozed") >= self.times:
            raise Refused(
                f"this alert was put off as often as it may be: {self.times}",
                code="delivery.snooze_often",
                hint="Take it up, or let it be escalated.",
            )


def allowed(desk: Desk, request_id: str, *, reason: str, wait: timedelta) -> Allowed:
    """Return what the plan says of putting an alert off by this person, so long, for this reason.

    Args:
        desk: who puts it off.
        request_id: of the prediction.
        reason: one of the plan's.
        wait: for how long.

    Raises:
        NotFound: there is no such prediction, or no such reason.
        Denied: the plan lets others put it off.
        Refused: not for so long.
    """
    plan = plan_of(desk, json.loads(desk.home.predictions.get(request_id).content))
    rules = plan.spec.snooze if plan else None
    if plan is None or rules is None:
        return Allowed()
    _require_role(desk, rules)
    if wait > timedelta(microseconds=rules.longest):
        raise Refused(
            f"an alert may be put off for {format_length(rules.longest)} at most",
            code="delivery.snooze_long",
            hint="The signed release plan says so; take it up, or put it off for less.",
        )
    if reason not in rules.reasons:
        raise NotFound(
            "an alert is put off for a reason that the release plan names",
            code="delivery.snooze_reason",
            hint=did_you_mean(reason, rules.reasons),
        )
    return Allowed({"reason": reason, "plan": plan.document}, rules.times)


def _require_role(desk: Desk, rules: SnoozeRules) -> None:
    try:
        person = desk.home.users.get(desk.actor)
    except NotFound:
        person = None
    if person is None or not person.active or not set(rules.roles) & set(person.roles):
        raise Denied(
            f"only a {' or a '.join(rules.roles)} may put an alert off",
            code="delivery.snooze_role",
            hint="The signed release plan says so; take it up instead.",
        )
