"""What needs somebody, over all models of a home: one matter for each cause, with its owner."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.documents.times import when
from attending.errors import Refused
from attending.lifecycle import calendar, incidents
from attending.lifecycle.holding import signatures_of
from attending.lifecycle.missed import days_done, due_policy
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.policies import in_use
from attending.records.governance import GateException
from attending.records.monitoring import SEVERITIES, MonitorReport, Verdict
from attending.times import DAY, from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.holding import Held
    from attending.records.monitoring import Finding, Severity
    from attending.records.release import Deployment
    from attending.specs.release import ReleaseSpec
    from attending.stores.deliveries import Step
    from attending.types import Instant

TECHNICAL, CLINICAL, OPERATIONAL = "technical owner", "clinical owner", "operational owner"


@dataclass(frozen=True)
class Matter:
    """One thing that needs somebody, whatever it was found by.

    Attributes:
        model, version: empty for the home.
        cause: the same as long as it is the same thing.
        more: further findings of the same cause.
        owner: as the policy names them; `person` is who that is by the signed plan, or empty.
    """

    model: str
    version: str
    cause: str
    severity: Severity
    says: str
    action: str
    owner: str
    person: str = ""
    more: int = 0

    @property
    def about(self) -> str:
        """Return whose it is, for people."""
        return f"{self.model}@{self.version}" if self.model else "home"

    def told(self) -> dict[str, str | int]:
        """Return it as it is printed."""
        return dict(vars(self))


def matters(desk: Desk) -> tuple[Matter, ...]:
    """Return what needs somebody now, the most severe first; what only informs is not there."""
    found = [one for stands in scoring_versions(desk) for one in of_version(desk, stands)]
    found += _of_home(desk)
    return most_severe_first(found)


def most_severe_first(found: Iterable[Matter]) -> tuple[Matter, ...]:
    """Return matters by severity, then by whose and by cause."""
    rank = {name: -place for place, name in enumerate(SEVERITIES)}
    return tuple(sorted(found, key=lambda one: (rank[one.severity], one.about, one.cause)))


def scoring_versions(desk: Desk) -> tuple[Deployment, ...]:
    """Return every version of every model that scores, by name."""
    return tuple(
        stands
        for model in desk.home.deployments.models()
        for stands in desk.home.deployments.standing(model).values()
        if stands.stage in calendar.OWING
    )


def of_version(desk: Desk, stands: Deployment) -> Iterator[Matter]:
    """Yield what needs somebody about one version that scores."""
    plan = _plan(desk, stands)
    every = (
        *_findings(desk, stands),
        *_verdict(desk, stands),
        *_reviews(desk, stands, plan),
        *_signatures(desk, stands),
        *_exceptions(desk, stands),
        *_incidents(desk, stands),
        *_failed(desk, stands.model, stands.version),
    )
    for one in every:
        person = calendar.owner_of(plan.owners, one.owner) if plan else ""
        yield replace(one, person=one.person or person)


def _plan(desk: Desk, stands: Deployment) -> ReleaseSpec | None:
    try:
        return signed_plan(desk, stands).spec
    except Refused:
        return None


def _matter(
    stands: Deployment, cause: str, severity: Severity, *, says: str, action: str, owner: str
) -> Matter:
    return Matter(
        stands.model, stands.version, cause, severity, says=says, action=action, owner=owner
    )


def _findings(desk: Desk, stands: Deployment) -> Iterator[Matter]:
    """Yield one matter for each type of drift and place, with its most severe finding."""
    report = desk.home.catalog.latest(MonitorReport, model=stands.model, version=stands.version)
    for cause, some in sorted(by_cause(report).items()):
        first = max(some, key=lambda one: SEVERITIES.index(one.severity))
        made = _matter(
            stands,
            cause,
            first.severity,
            says=f"{first.name.replace('_', ' ')}: {first.meaning}",
            action=first.action,
            owner=first.owner,
        )
        yield replace(made, more=len(some) - 1)


def by_cause(report: MonitorReport | None) -> dict[str, list[Finding]]:
    """Return the findings that need somebody by type of drift and place."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for one in report.findings if report else ():
        if one.severity != "info" and one.name != "review_overdue":
            groups[f"{one.drift}:{one.site or 'everywhere'}"].append(one)
    return groups


def _verdict(desk: Desk, stands: Deployment) -> Iterator[Matter]:
    verdict = desk.home.catalog.latest(Verdict, model=stands.model, version=stands.version)
    if verdict is not None and verdict.at <= desk.at < verdict.expires_at:
        return
    said = (
        f"No verdict holds since {when(verdict.expires_at)}" if verdict else "No verdict was made"
    )
    yield _matter(
        stands,
        "verdict",
        "act",
        says=f"{said}; the score is restricted, then falls back.",
        action="See `attending run-due --list`, and why the timer or the job does not run.",
        owner=TECHNICAL,
    )


def _reviews(desk: Desk, stands: Deployment, plan: ReleaseSpec | None) -> Iterator[Matter]:
    owed = calendar.tasks(desk, stands) if plan else ()
    late: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in owed:
        if one.overdue(desk.at):
            late[one.owner, one.person].append(one.name)
    for (owner, person), names in sorted(late.items()):
        made = _matter(
            stands,
            f"reviews:{owner}",
            "watch",
            says=f"Overdue reviews: {', '.join(sorted(names))}.",
            action="Do each, and have its result recorded: `attending review record` "
            "(`attending review due` lists them).",
            owner=owner,
        )
        yield replace(made, person=person)


def _signatures(desk: Desk, stands: Deployment) -> Iterator[Matter]:
    """Yield a matter for each signature that ended or soon does; whose it is, is who signed."""
    keeps = in_use(desk).spec.serves_days
    soon = due_policy(desk.home.root).expiring
    # One signature may have opened more than one gate, and one person may have signed a paper
    # before more than one of them: it is asked for once, by what stands worst.
    worst: dict[tuple[str, str, str], Held] = {}
    for held in signatures_of(desk, stands):
        one = held.approval
        known = worst.setdefault((one.document_kind, one.role, one.signer), held)
        if _stands(held) < _stands(known):
            worst[one.document_kind, one.role, one.signer] = held
    for held in worst.values():
        one = held.approval
        left = to_micros(one.signed_at) + keeps * DAY - to_micros(desk.at)
        kind, role = one.document_kind.replace("_", " "), one.role.replace("_", " ")
        who = {"action": f"Sign the {kind} again, as it is now.", "owner": role}
        cause = f"signature:{one.digest[:16]}"
        severity: Severity
        what = f"the signature on the {kind} by {one.printed_name} ({role})"
        if held.fault:
            severity, says = "act", f"Not standing: {what}: {held.fault}."
        elif left <= soon:
            ends = when(from_micros(to_micros(desk.at) + left))
            severity, says = "watch", f"Ends at {ends}: {what}."
        else:
            continue
        yield replace(_matter(stands, cause, severity, says=says, **who), person=one.signer)


def _stands(held: Held) -> tuple[bool, Instant]:
    """Return how well a signature stands; the least is the worst."""
    return not held.fault, held.approval.signed_at


def _exceptions(desk: Desk, stands: Deployment) -> Iterator[Matter]:
    soon = timedelta(microseconds=due_policy(desk.home.root).expiring)
    for one in desk.home.catalog.all(GateException):
        mine = one.run == stands.run
        if mine and one.expires_at <= desk.at + soon:
            ended = one.expires_at <= desk.at
            yield _matter(
                stands,
                f"exception:{one.digest[:16]}",
                "act" if ended else "watch",
                says=f"The exception from {one.condition} "
                f"{'ended' if ended else 'ends'} at {when(one.expires_at)}.",
                action="Meet the condition, or sign a new exception.",
                owner=CLINICAL,
            )


def _incidents(desk: Desk, stands: Deployment) -> Iterator[Matter]:
    for one in incidents.incidents(desk, model=stands.model, open_only=True):
        late = one.overdue(desk.at)
        if late and one.incident.version == stands.version and not one.incident.drill:
            yield _matter(
                stands,
                f"incident:{one.digest[:16]}",
                "act",
                says=f"Incident {one.digest[:8]} ({one.incident.type}) is late: {', '.join(late)}.",
                action=f"See `attending incident show {one.digest[:8]}`.",
                owner="incident owner",
            )


def _failed(desk: Desk, model: str, version: str) -> Iterator[Matter]:
    newest: dict[str, Step] = {}
    for one in sorted(days_done(desk), key=lambda day: day.day):
        if (one.model, one.version) == (model, version):
            newest[one.job] = one.last
    for job, last in sorted(newest.items()):
        if last.state == "failed":
            says = str(last.content.get("says", ""))
            yield Matter(
                model,
                version,
                f"job:{job}",
                "watch",
                says=f"The job {job} failed: {says}.",
                action="See `attending run-due --list`; it is tried again by the next runs.",
                owner=TECHNICAL,
            )


def _of_home(desk: Desk) -> Iterator[Matter]:
    yield from _failed(desk, "", "")
    every = due_policy(desk.home.root).backup_every
    if every is None:
        return
    made = desk.home.ledger.search(action="backup.make", limit=1000)
    newest = max((one.at for one in made), default=None)
    if newest is None or to_micros(desk.at) - to_micros(newest) > every:
        yield Matter(
            "",
            "",
            "backup",
            "watch",
            says=f"The newest backup is of {when(newest)}."
            if newest
            else "There is no backup yet.",
            action="Run `attending backup make`, and keep it elsewhere.",
            owner=OPERATIONAL,
        )
