"""The thresholds that clinical leads signed for the places of a deployment, at its gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import IntegrityBroken
from attending.lifecycle.standing import standing_on
from attending.records.decisions import ThresholdDecision
from attending.records.governance import Approval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.plans import SignedPlan
    from attending.records.release import Deployment

#: The place of a decision that counts for everyone.
ALL = "all"
#: More decisions and signatures than any home has.
_MOST = 1_000_000


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

    Raises:
        IntegrityBroken: a decision or a signature on one that the ledger names is not there, so
            that another threshold would count in silence.
    """
    made = _decided(desk, stands.run)
    found = {
        one.place: one.threshold
        for one in made
        if one.release == plan.document and one.threshold is not None and _signed(desk, one, stands)
    }
    validated = found.pop(ALL, None)
    value = plan.spec.threshold.value
    return validated if value is None else value, found


def _decided(desk: Desk, run: str) -> list[ThresholdDecision]:
    """Return every decision on a run, oldest first, once all are there that the ledger names."""
    catalog = desk.home.catalog
    lines = [line.digest for line in catalog.list(ThresholdDecision.kind)]
    entries = desk.home.ledger.search(action="threshold.decide", limit=_MOST)
    _require_there({one.subject for one in entries}, lines)
    if not lines:
        return []
    made = [one for name in lines if (one := catalog.get(name, ThresholdDecision)).run == run]
    names = {one.digest for one in made}
    signed = [
        one
        for one in desk.home.ledger.search(action="approval.sign", limit=_MOST)
        if one.details.get("document") in names
    ]
    held = [one.digest for name in names for one in catalog.all(Approval, document=name)]
    _require_there({one.subject for one in signed}, held)
    return made


def _require_there(named: set[str], held: Sequence[str]) -> None:
    if named - set(held):
        raise IntegrityBroken(
            "a threshold's decision, or a signature on it, that the ledger names is gone",
            code="threshold.gone",
            hint="Restore it from a backup; nobody is answered by this version meanwhile.",
        )


def _signed(desk: Desk, decision: ThresholdDecision, stands: Deployment) -> bool:
    return any(
        (one.role, one.meaning) == ("clinical_lead", "approval")
        and one.signed_at <= stands.effective_at
        for one in standing_on(desk, decision.digest)
    )
