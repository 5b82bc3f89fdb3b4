"""The playbook of an incident: from the signed plan, with a clock for each step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attending.records.incident import STEPS, Task

if TYPE_CHECKING:
    from attending.records.incident import Harm, Step
    from attending.specs.release import ReleaseSpec
    from attending.types import Instant

#: Hours from the opening until a step must be done. A drill keeps the same clocks.
HOURS: dict[Harm, dict[Step, int]] = {
    "high": {"notify": 1, "contain": 2, "assess": 24, "communicate": 48},
    "medium": {"notify": 4, "contain": 8, "assess": 72, "communicate": 120},
    "low": {"notify": 24, "contain": 72, "assess": 168, "communicate": 336},
}
#: A review is owed this long after the opening.
REVIEW_DAYS: dict[Harm, int] = {"high": 7, "medium": 14, "low": 30}
#: Roles that must all sign the review before an incident is closed.
CLOSERS = ("clinical_lead", "operator")


def tasks(plan: ReleaseSpec, *, harm: Harm, at: Instant) -> tuple[Task, ...]:
    """Return who does what by when.

    Args:
        plan: signed; its playbook and owners.
        harm: what may have come of it; sets the clocks.
        at: when the incident is opened.
    """
    book, owners = plan.playbook, plan.owners
    does = {
        "notify": ((owners.incident,), f"Tell {', '.join(book.notify)}."),
        "contain": ((owners.operational, owners.technical), book.contain),
        "assess": ((owners.clinical, owners.technical), book.assess),
        "communicate": ((owners.clinical, owners.incident), book.communicate),
    }
    return tuple(
        Task(
            step=step,
            owners=tuple(dict.fromkeys(does[step][0])),
            what=does[step][1],
            due=at + timedelta(hours=HOURS[harm][step]),
        )
        for step in STEPS
    )
