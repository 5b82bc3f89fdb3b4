"""Canary patients of a release, scored every day: a score that changes by itself is an incident.

Nothing of them is a prediction: they are in no store of patients' data, no batch, no worklist, no
outcome and no monitor of patients. What the verdict forbids today does not count, for it may
forbid; what is looked at is the score that the release would give.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import AttendingError, BadInput, Refused
from attending.lifecycle import incidents
from attending.lifecycle.desk import keep
from attending.lifecycle.scoring import deployed, served_version
from attending.lifecycle.tables import table_bytes, table_from
from attending.monitor.findings import make
from attending.records.canary import CanaryCheck, CanarySet
from attending.records.monitoring import Verdict
from attending.serve.canaries import MOST, WANTED, canary_answer, canary_events, score_canary
from attending.serve.served import STAGES

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.canary import CanaryAnswer
    from attending.records.monitoring import MonitorReport
    from attending.records.release import Deployment
    from attending.serve.served import Served

_TITLE = "canary patients are scored otherwise without a release"


def set_of(desk: Desk, stands: Deployment) -> CanarySet | None:
    """Return the canary patients of a release, None before they are kept."""
    found = [
        one
        for one in desk.home.catalog.all(CanarySet, model=stands.model, version=stands.version)
        if (one.run, one.release_spec, one.stage)
        == (stands.run, stands.release_spec or "", stands.stage)
    ]
    return found[-1] if found else None


def keep_canaries(
    desk: Desk, project: Project, *, version: str = "", renewed_because: str = ""
) -> CanarySet:
    """Return the canary patients of the release that stands, kept with what they get now.

    Args:
        desk: where and when.
        project: whose model.
        version: such as `v1`; the newest that scores when empty.
        renewed_because: why a set that is kept no longer counts, such as a new release of this
            software whose change was looked at.

    Raises:
        Refused: the release has canary patients and no reason is given, or none can be scored.
    """
    stands = deployed(desk, project, version)
    if set_of(desk, stands) is not None and not renewed_because.strip():
        raise Refused(
            "this release has canary patients, and what they got counts",
            code="canary.kept",
            hint="After a change that was looked at, give --renew with the reason.",
        )
    served = _neutral(desk, project, stands)
    tables: list[pa.Table] = []
    answers: list[CanaryAnswer] = []
    for number in range(1, MOST + 1):
        events = canary_events(served, number, at=desk.at)
        made = score_canary(served, events, number, at=desk.at)
        if made.outcome == "live" and len(answers) < WANTED:
            tables.append(events)
            answers.append(canary_answer(made, number))
    if not answers:
        raise Refused(
            "no canary patient gets a score of this model",
            code="canary.none",
            hint="Look at the scope and at the share of missing inputs of the release plan.",
        )
    record = CanarySet(
        model=stands.model,
        version=stands.version,
        stage=stands.stage,
        run=stands.run,
        release_spec=stands.release_spec or "",
        events=desk.home.artifacts.put(table_bytes(pa.concat_tables(tables))),
        prediction_time=desk.at,
        answers=tuple(answers),
        made_at=desk.at,
        renewed_because=renewed_because.strip(),
    )
    keys = {"model": stands.model, "version": stands.version, "events": record.events}
    keep(desk, record, action="canary.keep", keys=keys, details={"n": len(answers)})
    return record


def keep_at_release(desk: Desk, project: Project, stands: Deployment) -> str:
    """Return in words that canary patients were kept when a version entered a stage that scores.

    A release stands whether or not this succeeds; `run-due` tries again, and says why not.
    """
    if stands.stage not in STAGES or set_of(desk, stands) is not None:
        return ""
    try:
        kept = keep_canaries(desk, project, version=stands.version)
    except AttendingError as error:
        return f"no canary patients were kept ({error.code}): {error.message}"
    return f"{len(kept.answers)} canary patients were kept"


def _neutral(desk: Desk, project: Project, stands: Deployment) -> Served:
    """Return the version as it scores when nothing forbids it."""
    served = served_version(desk, project, version=stands.version)
    quiet = Verdict(
        model=served.model,
        version=served.version,
        stage=served.stage,
        risk_level=served.risk_level,
        at=desk.at,
        answer="continue",
        drift="none",
        severity="info",
        because="For canary patients only; it is kept nowhere.",
        action="",
        owner="",
        changes=(),
        evidence=(),
        expires_at=desk.at + timedelta(hours=1),
    )
    return replace(served, verdict=quiet, serves="version")


def check_canaries(desk: Desk, project: Project, *, version: str = "") -> CanaryCheck:
    """Return how the canary patients are scored today beside their release, kept.

    The first time for a release they are kept, and are quiet. A change opens an incident, once.

    Args:
        desk: where and when.
        project: whose model.
        version: such as `v1`; the newest that scores when empty.

    Raises:
        Refused: no version stands in silent or later, or its plan is not signed.
    """
    stands = deployed(desk, project, version)
    held = set_of(desk, stands) or keep_canaries(desk, project, version=stands.version)
    found = _compared(desk, project, stands, held=held)
    if not found.quiet:
        found = found.model_copy(update={"incident": _incident(desk, project, found)})
    keep(
        desk,
        found,
        action="canary.check",
        keys={"model": found.model, "version": found.version},
        details={"changed": len(found.changed), "error": found.error},
    )
    return found


def _compared(desk: Desk, project: Project, stands: Deployment, *, held: CanarySet) -> CanaryCheck:
    quiet = CanaryCheck(
        model=stands.model,
        version=stands.version,
        canaries=held.digest,
        at=desk.at,
        n=len(held.answers),
    )
    try:
        events = table_from(desk.home.artifacts.read(held.events))
        served = _neutral(desk, project, stands)
        now = [_again(served, events, one.number, held=held) for one in held.answers]
    except AttendingError as error:
        return quiet.model_copy(update={"error": error.code})
    pairs = list(zip(held.answers, now, strict=True))
    moved = [
        abs(b.score - a.score) for a, b in pairs if a.score is not None and b.score is not None
    ]
    return quiet.model_copy(
        update={
            "changed": tuple(a.number for a, b in pairs if a != b),
            "largest_change": max(moved, default=None),
        }
    )


def _again(served: Served, events: pa.Table, number: int, *, held: CanarySet) -> CanaryAnswer:
    mine = events.filter(pc.equal(events["subject_id"], -number)).combine_chunks()
    return canary_answer(score_canary(served, mine, number, at=held.prediction_time), number)


def _incident(desk: Desk, project: Project, found: CanaryCheck) -> str:
    """Return the incident of a change: the one that is open, or a new one."""
    open_now = incidents.incidents(desk, model=found.model, open_only=True)
    for one in open_now:
        if one.incident.title == _TITLE and one.incident.version == found.version:
            return one.digest
    opened = incidents.open_incident(
        replace(desk, actor="system"),
        project,
        type="unexplained_score_change",
        harm="medium",
        title=_TITLE,
        version=found.version,
    )
    return opened.digest


def newest_check(desk: Desk, model: str, version: str) -> CanaryCheck | None:
    """Return the newest comparison of a version, None before the first."""
    return desk.home.catalog.latest(CanaryCheck, model=model, version=version)


def with_canaries(desk: Desk, project: Project, report: MonitorReport) -> MonitorReport:
    """Return a report that also says whether canary patients are scored otherwise."""
    found = newest_check(desk, report.model, report.version)
    if found is None or found.quiet:
        return report
    what = f"could not be scored ({found.error})" if found.error else "get other scores"
    finding = make(
        project.monitoring,
        ("unknown", "act"),
        "canary_changed",
        subject="canary patients",
        figure=(float(len(found.changed) or found.n), 0.0),
        meaning=f"{len(found.changed) or found.n} of {found.n} canary patients {what}, and nothing "
        "was released since: the score of real patients may have changed too.",
    )
    return report.model_copy(update={"findings": (*report.findings, finding)})


def require_quiet(found: CanaryCheck) -> None:
    """Refuse to call it well when canary patients are scored otherwise.

    Raises:
        Refused: it was kept, and an incident is open.
    """
    if not found.quiet:
        raise Refused(
            f"{len(found.changed) or found.n} of {found.n} canary patients are scored otherwise",
            code="canary.changed",
            hint=f"Work on the incident: `attending incident show {(found.incident or '')[:8]}`.",
            where=found.error,
        )


def reason_of(text: str | None) -> str:
    """Return the reason of a renewal.

    Raises:
        BadInput: it says nothing.

    >>> reason_of(" kernel 2 was validated ")
    'kernel 2 was validated'
    """
    said = (text or "").strip()
    if len(said.split()) < 3:
        raise BadInput("a renewal needs a reason", code="canary.reason", hint="Write one sentence.")
    return said
