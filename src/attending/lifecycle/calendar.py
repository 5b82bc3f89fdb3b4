"""The review calendar of a home: what is due, whose it is, and each review signed by its owner.

The clock of a task starts when the version first enters the stage that the task names, or a later
one; a version that is retired owes nothing. The signed policy of change counts where there is one,
so that nobody is rid of a review by an edit of monitoring.yaml.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attending.errors import BadInput, Denied, NotFound, did_you_mean
from attending.govern.content import missing_fields
from attending.govern.roles import ROLES
from attending.lifecycle.desk import keep
from attending.lifecycle.people import acting_person
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.said_specs import spec_said
from attending.lifecycle.standing import standing_on
from attending.monitor.calendar import Task, begins, due, load
from attending.records.decisions import SpecDocument
from attending.records.monitoring import MonitorReport, Verdict
from attending.records.task_review import TaskReview
from attending.specs.monitoring import MonitoringSpec

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Person, Role
    from attending.records.release import Deployment
    from attending.specs.change_control import Review
    from attending.specs.release import Owners, Stage
    from attending.types import Instant

#: Stages in which a version owes reviews.
OWING: frozenset[Stage] = frozenset({"silent", "limited", "live"})


def signed_policy(desk: Desk, model: str) -> MonitoringSpec | None:
    """Return the newest policy of change that a clinical lead approved, None without one."""
    found = [
        one
        for one in desk.home.catalog.all(SpecDocument, model=model, spec="retraining")
        if approved(desk, one.digest)
    ]
    return spec_said(found[-1], MonitoringSpec) if found else None


def approved(desk: Desk, digest: str) -> bool:
    """Return whether a clinical lead's approval of a document stands."""
    asked = ("clinical_lead", "approval")
    return any((one.role, one.meaning) == asked for one in standing_on(desk, digest))


def tasks(
    desk: Desk, stands: Deployment, *, asked: MonitoringSpec | None = None
) -> tuple[Task, ...]:
    """Return the reviews that a version owes, the most urgent first.

    Args:
        desk: where and when.
        stands: the version.
        asked: monitoring.yaml as it is, which counts until a policy is signed.
    """
    policy = signed_policy(desk, stands.model) or asked
    if policy is None or stands.stage not in OWING:
        return ()
    entered = _entered(desk, stands)
    begun = [(one, begins(entered, one.begins)) for one in policy.reviews]
    if not any(began for _, began in begun):
        return ()
    last, owners = _last(desk, stands), signed_plan(desk, stands).spec.owners
    found = [
        _task(review, stands, owners, began=began, last=last.get(review.name))
        for review, began in begun
        if began is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.due, one.name)))


def _task(
    review: Review, stands: Deployment, owners: Owners, *, began: Instant, last: Instant | None
) -> Task:
    return Task(
        model=stands.model,
        version=stands.version,
        name=review.name,
        owner=review.owner,
        covers=review.covers,
        due=due(review, began=began, last=last),
        last=last,
        minutes=review.minutes,
        every=timedelta(microseconds=review.every),
        person=owner_of(owners, review.owner),
    )


def owner_of(owners: Owners, words: str) -> str:
    """Return the person whom a signed plan names for `clinical owner` and the like, else empty."""
    named = owners.model_dump()
    return str(named.get(words.strip().lower().removesuffix(" owner"), ""))


def _entered(desk: Desk, stands: Deployment) -> dict[Stage, Instant]:
    """Return when the version first entered each stage."""
    found: dict[Stage, Instant] = {}
    for item in desk.home.deployments.history(stands.model, version=stands.version):
        found.setdefault(item.stage, item.effective_at)
    return found


def _last(desk: Desk, stands: Deployment) -> dict[str, Instant]:
    """Return when each task of the version was last found in order; else it stays owed."""
    made = desk.home.catalog.all(TaskReview, model=stands.model, version=stands.version)
    done = sorted((one for one in made if one.in_order), key=lambda one: one.reviewed_at)
    return {one.task: one.reviewed_at for one in done}


def overdue(
    desk: Desk, stands: Deployment, *, asked: MonitoringSpec | None = None
) -> tuple[str, ...]:
    """Return the names of the tasks that should have been done by now."""
    return tuple(one.name for one in tasks(desk, stands, asked=asked) if one.overdue(desk.at))


def burden(
    desk: Desk, found: tuple[Task, ...], *, model: str, asked: MonitoringSpec
) -> list[dict[str, object]]:
    """Return by owner the minutes a week that tasks take, beside the capacity that is stated."""
    stated = (signed_policy(desk, model) or asked).capacity
    return [
        {
            "owner": name,
            "minutes_a_week": round(taken),
            "capacity": stated.get(name),
            "over": name in stated and taken > stated[name],
        }
        for name, taken in sorted(load(found).items())
    ]


def record_review(  # noqa: PLR0913 - a signed review has these parts
    desk: Desk,
    stands: Deployment,
    name: str,
    *,
    asked: MonitoringSpec,
    person: str,
    passphrase: str,
    finding: str,
    in_order: bool = True,
) -> TaskReview:
    """Return the review of one task of the calendar, signed by its owner and kept.

    Args:
        desk: where and when.
        stands: the version that was looked at.
        name: of the task.
        asked: monitoring.yaml as it is, which counts until a policy is signed.
        person: who looked, by login.
        passphrase: given again.
        finding: what was found, in words.
        in_order: whether all was as it should be.

    Raises:
        NotFound: the version owes no such task now.
        Denied: wrong passphrase, or the task is another's.
        BadInput: the finding says nothing.
    """
    owed = {one.name: one for one in tasks(desk, stands, asked=asked)}
    if name not in owed:
        raise NotFound(
            f"{stands.model}@{stands.version} owes no review '{name}' now",
            code="task.unknown",
            hint=did_you_mean(name, list(owed)) if owed else "See `attending review due`.",
        )
    task = owed[name]
    signer = acting_person(desk, person, passphrase)
    role = _role(signer, task)
    if missing_fields({"finding": finding}):
        raise BadInput("a review says what was found", code="task.finding", where="--finding")
    record = TaskReview(
        model=stands.model,
        version=stands.version,
        task=name,
        person_id=signer.person_id,
        role=role,
        finding=finding.strip(),
        in_order=in_order,
        due_at=task.due,
        looked_at=_seen(desk, stands),
        reviewed_at=desk.at,
    )
    keep(
        desk,
        record,
        action="review.record",
        keys={"model": stands.model, "version": stands.version, "task": name},
        details={"task": name, "in_order": in_order, "late": task.overdue(desk.at)},
    )
    return record


def _role(signer: Person, task: Task) -> Role:
    """Return the role in which a person does a task.

    Raises:
        Denied: the task is another's.
    """
    role = task.owner.strip().lower().replace(" ", "_")
    if task.person == signer.person_id and signer.roles:
        return signer.roles[0]
    if not task.person and role in ROLES and role in signer.roles:
        return next(one for one in signer.roles if one == role)
    raise Denied(
        "a review is recorded by its owner",
        code="task.owner",
        hint=f"It is for the {task.owner}{f', {task.person}' if task.person else ''}.",
    )


def _seen(desk: Desk, stands: Deployment) -> tuple[str, ...]:
    catalog = desk.home.catalog
    keys = {"model": stands.model, "version": stands.version}
    found = (catalog.latest(MonitorReport, **keys), catalog.latest(Verdict, **keys))
    return tuple(one.digest for one in found if one is not None)
