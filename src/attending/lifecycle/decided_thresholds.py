"""The thresholds that clinical leads signed for the places of a deployment, at its gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.lifecycle.standing import standing_on
from attending.records.decisions import ThresholdDecision

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.plans import SignedPlan
    from attending.records.release import Deployment

#: The place of a decision that counts for everyone.
ALL = "all"


def decided_thresholds(
    desk: Desk, stands: Deployment, *, plan: SignedPlan
) -> tuple[float | None, dict[str, float]]:
    """Return the threshold of everyone, and of each place that has its own, as they were signed.

    One that is decided or signed later counts from the next act on the version, so that no
    threshold moves without a gate. Of two for a place the newer counts. A number in the plan
    counts for everyone; where it leaves that to validation, the decision for `all` does.

    Args:
        desk: where.
        stands: the deployment.
        plan: what was decided on another plan does not count.
    """
    made = desk.home.catalog.all(ThresholdDecision, run=stands.run)
    found = {
        one.place: one.threshold
        for one in made
        if one.release == plan.document and one.threshold is not None and _signed(desk, one, stands)
    }
    validated = found.pop(ALL, None)
    value = plan.spec.threshold.value
    return validated if value is None else value, found


def _signed(desk: Desk, decision: ThresholdDecision, stands: Deployment) -> bool:
    return any(
        (one.role, one.meaning) == ("clinical_lead", "approval")
        and one.signed_at <= stands.effective_at
        for one in standing_on(desk, decision.digest)
    )
