"""What a home waits for from one person: conditions of gates, reviews, incidents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from attending.errors import Refused
from attending.lifecycle import calendar, incidents
from attending.lifecycle.desk import in_view
from attending.lifecycle.gates_ahead import gates_ahead
from attending.lifecycle.overview import decisions
from attending.lifecycle.plans import signed_plan
from attending.specs.release import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attending.lifecycle.desk import Desk
    from attending.records.release import Deployment
    from attending.types import Instant

_STAGES: tuple[str, ...] = get_args(Stage)


@dataclass(frozen=True)
class Owed:
    """One thing that somebody waits for.

    Attributes:
        what: `gate`, `review` or `incident`.
        due: when it should be done; None where no clock runs.
    """

    what: str
    model: str
    says: str
    due: Instant | None = None
    late: bool = False


def owed_by(desk: Desk, person: str, roles: Sequence[str]) -> tuple[Owed, ...]:
    """Return what waits for a person, what is late first, then what is due soonest.

    Args:
        desk: where and when.
        person: by login.
        roles: that the person has now.
    """
    desk, found = in_view(desk), list[Owed]()
    for model in desk.home.deployments.models():
        stands = desk.home.deployments.current(model)
        if stands is not None:
            found += _conditions(desk, stands, roles)
            found += _reviews(desk, stands, person, roles=roles)
    found += _incidents(desk, person)
    ends = [one.due for one in found if one.due is not None]
    last = max(ends, default=desk.at)
    return tuple(sorted(found, key=lambda one: (not one.late, one.due or last, one.model)))


def _conditions(desk: Desk, stands: Deployment, roles: Sequence[str]) -> Iterator[Owed]:
    """Yield what the next gate waits for from one of some roles, as it was last asked."""
    reached = _STAGES.index(stands.stage)
    ahead = gates_ahead(desk, stands, only_next=True)
    asks = {one.name: one.asks for gate in ahead for one in gate.conditions}
    for gate in decisions(desk, stands.model):
        if gate.allowed or _STAGES.index(gate.to_stage) != reached + 1:
            continue
        for one in gate.open_conditions():
            if one.whose in roles:
                words = asks.get(one.name, "")
                asked = f"{gate.gate} asks that {words}" if words else f"{gate.gate}: {one.name}"
                says = f"{asked}: {one.note}" if one.note else asked
                yield Owed("gate", stands.model, says.replace("_", " "))


def _reviews(
    desk: Desk, stands: Deployment, person: str, *, roles: Sequence[str]
) -> Iterator[Owed]:
    """Yield the tasks of the review calendar that are a person's; none without a signed plan."""
    try:
        signed_plan(desk, stands)
    except Refused:
        return
    for task in calendar.tasks(desk, stands):
        role = task.owner.strip().lower().replace(" ", "_")
        if task.person == person or (not task.person and role in roles):
            late = task.overdue(desk.at)
            yield Owed("review", stands.model, task.name, due=task.due, late=late)


def _incidents(desk: Desk, person: str) -> Iterator[Owed]:
    """Yield the open steps of incidents of which a person is an owner."""
    for one in incidents.incidents(desk, open_only=True):
        for task in one.open_tasks():
            if person in task.owners:
                says = f"{one.incident.title}: {task.step}"
                late = task.due < desk.at
                yield Owed("incident", one.incident.model, says, due=task.due, late=late)
