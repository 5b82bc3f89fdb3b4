"""Rollback criteria held against what happened; a breach takes the version back at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput, Refused
from attending.lifecycle import incidents
from attending.lifecycle.desk import note
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.scoring import deployed
from attending.records.ledger import Subject
from attending.records.monitoring import MonitorReport
from attending.release import advance as steps
from attending.release.criteria import MEASURES, Window, judge
from attending.times import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.incident import IncidentType
    from attending.records.release import Deployment
    from attending.release.criteria import Judged
    from attending.stores.predictions import Answer
    from attending.types import Instant

    #: Gives what happened from an instant on up to now.
    _Look: TypeAlias = Callable[[Desk, Deployment, Instant], Window]

#: The newest requests whose latency counts; older ones of a long time do not move a percentile.
_NEWEST = 10_000
#: What kind of incident a breach is.
_KINDS: dict[str, IncidentType] = {
    "latency_p99_seconds": "outage",
    "unscored_rate": "outage",
    "oe": "wrong_prediction",
}
#: The code of the reason with which a reader says that an alert is not understood.
CONFUSING = "confusing"
#: Severities of findings that ask for an act.
_ASKS = frozenset({"act", "stop"})


@dataclass(frozen=True)
class Taken:
    """How every criterion stands, and what was done about it."""

    judged: tuple[Judged, ...]
    stands: tuple[Deployment, ...] = ()
    incident: str | None = None

    @property
    def breached(self) -> tuple[Judged, ...]:
        """Return the criteria that are breached."""
        return tuple(one for one in self.judged if one.state == "breached")


def criteria(desk: Desk, project: Project, *, version: str = "") -> tuple[Judged, ...]:
    """Return how the rollback criteria of the signed plan stand now.

    For a version that answers again because another was taken back, what was before does not count.

    Args:
        desk: where and when.
        project: whose model.
        version: such as `v1`; the newest that scores when empty.

    Raises:
        Refused: no version stands in silent or later, or its plan is not signed.
        BadInput: the plan names a measure that nobody takes.
    """
    stands = deployed(desk, project, version)
    plan = signed_plan(desk, stands).spec
    unknown = [one.measure for one in plan.rollback_criteria if one.measure not in MEASURES]
    if unknown:
        raise BadInput(
            f"the plan names measures that nobody takes: {', '.join(unknown)}",
            code="release.criterion",
            hint=f"Known are {', '.join(MEASURES)}.",
        )
    windows: dict[tuple[_Look, int], Window] = {}
    for one in plan.rollback_criteria:
        look = _LOOKS[one.measure]
        if (look, one.over) not in windows:
            since = max(desk.at - timedelta(microseconds=one.over), _begun(stands))
            windows[look, one.over] = look(desk, stands, since)
    return tuple(
        judge(one, windows[_LOOKS[one.measure], one.over]) for one in plan.rollback_criteria
    )


def enforce(desk: Desk, project: Project, *, version: str = "") -> Taken:
    """Return how the criteria stand, after taking back a version that breaches one.

    The version falls to *validated*; the one before it, the fallback score or nothing answers. An
    incident is opened, so that its owners are told by the playbook.

    Args:
        desk: where and when.
        project: whose model.
        version: such as `v1`; the one that answers readers when empty. Another is judged only.

    Raises:
        Refused: no version stands in silent or later, or its plan is not signed.
    """
    history = desk.home.deployments.history(project.name)
    now = steps.answering(history)
    # Readers are protected from what answers them, not from a newer version in silent.
    judged = criteria(desk, project, version=version or (now.version if now else ""))
    taken = Taken(judged)
    if not taken.breached or now is None or version not in {"", now.version}:
        return taken
    words = "; ".join(one.words for one in taken.breached)
    machine = replace(desk, actor="system")
    opened = incidents.drawn(
        machine,
        now,
        type=_KINDS.get(taken.breached[0].measure, "unexplained_score_change"),
        harm="medium",
        title=f"rollback criterion: {words}"[:200],
    )
    plan = signed_plan(desk, now).spec
    made = steps.rollback(history, plan.fallback, at=desk.at, by="system", reason=words)
    with desk.home.database.transaction() as unit:
        # Somebody may have acted since the history was read; then nothing is opened either.
        desk.home.deployments.require_unchanged(unit, project.name, seen=history[-1].digest)
        incident = incidents.keep_opened(machine, unit, opened)
        for item in made:
            digest = desk.home.deployments.enter(unit, item)
            details = {"version": item.version, "serves": item.serves, "by": "system"}
            subject = Subject(kind="deployment", digest=digest)
            note(machine, unit, action="release.rollback", subject=subject, details=details)
    return Taken(judged, made, incident)


def in_service(desk: Desk, project: Project) -> bool:
    """Return whether a version of a model answers readers, so that one could be taken back."""
    return steps.answering(desk.home.deployments.history(project.name)) is not None


def watch(desk: Desk, project: Project) -> str:
    """Return how the version that answers readers stands; one that breaches is taken back.

    Any number of processes may do this at any time: of two that find a breach one acts.

    Args:
        desk: where and when.
        project: whose model.

    Raises:
        Refused: the plan of the version is not signed.
        BadInput: the plan names a measure that nobody takes.
    """
    try:
        taken = enforce(desk, project)
    except Refused as refused:
        if refused.code != "release.conflict":
            raise
        return "another act came first; judged again at the next run"
    words = "; ".join(one.words for one in taken.breached)
    if not taken.stands:
        return words or f"{len(taken.judged)} criteria, none breached"
    return f"taken back: {words}; incident {(taken.incident or '')[:8]}"


def _begun(stands: Deployment) -> Instant:
    """Return since when what happened counts for a version.

    One that answers again because another was taken back begins anew: readers answered that one.
    """
    return stands.effective_at if stands.act == "rollback" else EPOCH


def _latencies(desk: Desk, stands: Deployment, since: Instant) -> Window:
    entries = desk.home.ledger.search(action="score.one", limit=_NEWEST)
    mine = [
        one.details["latency_us"]
        for one in entries
        if one.at >= since
        and one.details.get("version") == stands.version
        and one.details.get("model") == stands.model
    ]
    micros = np.array([found for found in mine if isinstance(found, int)], float)
    return Window(latency_seconds=micros / 1e6)


def _made(desk: Desk, stands: Deployment, since: Instant) -> Window:
    """Return how many were scored, were not, and were flagged by the threshold that counted."""
    made = desk.home.predictions.told(stands.model, stands.version, since=since, until=desk.at)
    return Window(scored=made.scored, unscored=made.unscored, alerted=made.flagged)


def _answers(desk: Desk, stands: Deployment, since: Instant) -> Window:
    answers = desk.home.predictions.answers_of_model(stands.model, since=since, until=desk.at)
    return Window(
        answered=len(answers),
        overridden=sum(one.answer == "overridden" for one in answers),
        confused=sum(_confused(one) for one in answers),
    )


def _confused(answer: Answer) -> bool:
    """Return whether a reader set an alert aside as not understood."""
    said = json.loads(answer.content)
    return answer.answer == "overridden" and said.get("reason") == CONFUSING


def _drifted(desk: Desk, stands: Deployment, since: Instant) -> Window:
    """Return how many findings of drift ask for an act now, None without a report since then."""
    report = desk.home.catalog.latest(MonitorReport, model=stands.model, version=stands.version)
    if report is None or report.at < since:
        return Window()
    return Window(
        drifted=sum(one.severity in _ASKS and one.drift != "none" for one in report.findings)
    )


def _matured(desk: Desk, stands: Deployment, since: Instant) -> Window:
    """Return risk and outcome of those whose outcome is mature."""
    table = desk.home.predictions.table(
        stands.model, version=stands.version, since=since, until=desk.at, judged=True
    )
    return Window(
        risk=table["score"].to_numpy(), label=table["label"].to_numpy().astype(np.float64)
    )


#: By measure where one looks for what it counts, and nowhere else.
_LOOKS: Mapping[str, _Look] = {
    "latency_p99_seconds": _latencies,
    "unscored_rate": _made,
    "alert_rate": _made,
    "override_rate": _answers,
    "confusion_rate": _answers,
    "drift_findings": _drifted,
    "oe": _matured,
}
