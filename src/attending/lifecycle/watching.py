"""The watch: a frozen reference, findings of drift, the daily verdict, and the policy's trial."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import NotFound
from attending.features.build import build as build_features_table
from attending.lifecycle import adopted_watch, calendar
from attending.lifecycle.adopting import entered_at
from attending.lifecycle.canaries import with_canaries
from attending.lifecycle.code_use import code_use
from attending.lifecycle.cohorts import in_zones, project_snapshot
from attending.lifecycle.desk import keep, required
from attending.lifecycle.engines import engine_name, engine_over
from attending.lifecycle.made_when import lateness_of
from attending.lifecycle.missed import with_missed
from attending.lifecycle.newest_verdict import RECORDED
from attending.lifecycle.plans import share_a_code, signed_plan
from attending.lifecycle.quotas import with_alarms
from attending.lifecycle.references import reference_of, rows_of_test, site_references
from attending.lifecycle.responses import responses_of
from attending.lifecycle.scoring import deployed, predictions_of
from attending.lifecycle.severe_findings import open_incidents
from attending.lifecycle.skewing import newest_skew
from attending.lifecycle.standing import standing_on
from attending.lifecycle.tables import table_bytes, table_from
from attending.lifecycle.training import bundle_of
from attending.monitor.current import Current
from attending.monitor.drawn import MOST_WEEKS, drawn
from attending.monitor.run import run as run_monitors
from attending.monitor.today import today as today_lines
from attending.monitor.verdict import decide
from attending.records.monitoring import ANSWERS, MonitorReport, Plan, Verdict
from attending.records.prediction import OutcomeJoin
from attending.records.run import Run
from attending.scores.asked import codes_of
from attending.scores.registered import SCORES
from attending.times import to_micros

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.plans import SignedPlan
    from attending.lifecycle.projects import Project
    from attending.records.monitoring import Reference
    from attending.records.prediction import Answer
    from attending.records.release import Deployment
    from attending.records.watch_picture import WatchPicture
    from attending.types import Floats, Instant, Risks

#: The volume is of seven days, however short the window is.
_WEEK = 7 * 24 * 3600 * 1_000_000


def monitor(desk: Desk, project: Project, *, version: str = "") -> MonitorReport:
    """Return what the monitors see of a version's predictions and their mature outcomes, kept.

    Features are built again on the newest snapshot, for what the version scored within the window
    of the policy: a day costs no more as the deployment grows old.

    Raises:
        Refused: no version stands in silent or later.
        NotFound: nobody was scored yet, or there is no reference.
    """
    stands = deployed(desk, project, version)
    back = timedelta(microseconds=max(project.monitoring.data.window, _WEEK))
    begin, made = _since(desk, project, stands.version, since=desk.at - back)
    known = reference_of(desk, project, stands.version)
    features, risk_of = _inputs(desk, project, stands, made=made, since=begin)
    # The table itself is the evidence: it holds several batches.
    artifact = desk.home.artifacts.put(table_bytes(made))
    joined = desk.home.catalog.latest(OutcomeJoin, model=project.name, version=stands.version)
    said = responses_of(desk, project, version=stands.version)
    current = Current(
        model=project.name,
        version=stands.version,
        stage=stands.stage,
        predictions=made,
        features=features,
        outcomes=_outcomes(desk, joined),
        responses=said.get(""),
        site_responses=said,
        by_site={one.site: one for one in site_references(desk, project, stands.version)},
        overdue=calendar.overdue(desk, stands, asked=project.monitoring),
        predictions_digest=artifact,
        outcomes_digest=joined.digest if joined else None,
        skew=None if project.adopted else newest_skew(desk, project, stands.version),
        lateness=None if project.adopted else lateness_of(desk, project, stands),
        codes=None if project.adopted else code_use(desk, project, stands),
        risk_of=risk_of,
        then=_validated_on(desk, project, stands),
        entered=_entered(desk, stands) if project.adopted else None,
    )
    report = run_monitors(project.monitoring, known, current, at=desk.at)
    for adds in (with_alarms, with_missed):
        report = adds(desk, project, report)
    if project.adopted:
        report = adopted_watch.with_end(desk, project, stands, report=report)
    else:
        report = with_canaries(desk, project, report)
    keys = {"model": project.name, "version": stands.version}
    keep(
        desk,
        report,
        action="monitor.run",
        keys={**keys, "table": artifact},
        details={
            "findings": len(report.findings),
            "matured": report.n_matured,
            "matured_counts": "live scores, one a stay",
            "engine": engine_name(desk),
        },
    )
    picture = _picture(desk, project, known, current=current, of=report)
    keep(desk, picture, action="monitor.draw", keys=keys)
    return report


def _entered(desk: Desk, stands: Deployment) -> np.datetime64:
    return np.datetime64(to_micros(entered_at(desk, stands)), "us")


def _picture(
    desk: Desk, project: Project, known: Reference, *, current: Current, of: MonitorReport
) -> WatchPicture:
    """Return what is drawn with a report, the work of weeks that no monitor reads any more too."""
    begin = desk.at - timedelta(weeks=MOST_WEEKS)
    _, work = _since(desk, project, of.version, since=begin)
    return drawn(project.monitoring, known, current, of=of, work=work)


def _validated_on(desk: Desk, project: Project, stands: Deployment) -> Floats | None:
    """Return the rows that a run was validated on, None where they are not (or no longer) here."""
    if project.adopted:
        return None
    try:
        return rows_of_test(desk, project, desk.home.catalog.get(stands.run, Run))[2]
    except NotFound:  # the monitor says that it cannot look at inputs together
        return None


def _since(
    desk: Desk, project: Project, version: str, *, since: Instant
) -> tuple[Instant | None, pa.Table]:
    """Return what was scored since an instant, and from when; all where that is nothing.

    Raises:
        NotFound: nobody was ever scored.
    """
    try:
        return since, predictions_of(desk, project, version, since=since)
    except NotFound:  # the monitors say that nobody was scored lately
        return None, predictions_of(desk, project, version)


def _inputs(
    desk: Desk,
    project: Project,
    stands: Deployment,
    *,
    made: pa.Table,
    since: Instant | None,
) -> tuple[pa.Table, Callable[[Floats], Risks] | None]:
    """Return the inputs of what was scored, built anew or as they came, and the model."""
    if project.adopted:
        return adopted_watch.inputs_of(desk, stands, since=since)
    source = project_snapshot(desk, project)
    due = in_zones(made, source.snapshot)
    _, features = build_features_table(project.features, due, engine_over(desk, source))
    return features, bundle_of(desk, desk.home.catalog.get(stands.run, Run)).risk


def _outcomes(desk: Desk, joined: OutcomeJoin | None) -> pa.Table | None:
    if joined is None:
        return None
    return table_from(desk.home.artifacts.read(desk.home.catalog.keys(joined.digest)["table"]))


def give_verdict(desk: Desk, project: Project, *, version: str = "") -> Verdict:
    """Return the verdict that the policy draws from the newest report, kept.

    A freeze, or what is stricter, is not taken back before the newest verdict is signed. Scores
    that came late or from other inputs open an incident where readers see them.

    Raises:
        Refused: no version stands in silent or later, or its plan is not signed.
        NotFound: there is no report yet.
    """
    stands = deployed(desk, project, version)
    report = required(
        desk.home.catalog.latest(MonitorReport, model=project.name, version=stands.version),
        "monitor report",
        hint="Run `attending monitor run` first.",
    )
    verdict = decide(
        project.monitoring,
        report,
        at=desk.at,
        plan=_plan(signed_plan(desk, stands), project),
        held=_held(desk, stands),
    )
    keep(
        desk,
        verdict,
        action=RECORDED,
        keys={"model": project.name, "version": stands.version},
        details={"answer": verdict.answer, "drift": verdict.drift},
    )
    open_incidents(desk, project, report)
    return verdict


def _plan(signed: SignedPlan, project: Project) -> Plan:
    """Return what a signed plan allows, and by which watched names its fallback could be broken."""
    release = signed.spec
    name = release.fallback.score
    needed = SCORES.get(name)(release.fallback.parameters).codes if name else ()
    defined = () if project.adopted else project.features.features
    read = [(item.name, codes_of(project.features, item)) for item in defined]
    shared = [(name, codes) for name, codes in read if share_a_code(codes, needed)]
    watched = {word for name, codes in shared for word in (name, ", ".join(codes))}
    return Plan(
        signed=signed.document,
        fallback=name,
        fallback_inputs=tuple(sorted(watched)),
        sites=release.scope.sites,
    )


def _held(desk: Desk, stands: Deployment) -> Answer:
    """Return the strict answer that nobody has signed off yet, `continue` when there is none."""
    before = desk.home.catalog.latest(Verdict, model=stands.model, version=stands.version)
    if before is None or ANSWERS.index(before.answer) < ANSWERS.index("freeze"):
        return "continue"
    return "continue" if standing_on(desk, before.digest) else before.answer


def today(
    desk: Desk, project: Project, *, version: str = ""
) -> tuple[Verdict | None, tuple[str, ...]]:
    """Return the newest verdict and, in ten lines or fewer, whether the model may be used now."""
    stands = deployed(desk, project, version)
    catalog = desk.home.catalog
    verdict = catalog.latest(Verdict, model=project.name, version=stands.version)
    lines = today_lines(
        verdict,
        catalog.latest(MonitorReport, model=project.name, version=stands.version),
        at=desk.at,
        stage=stands.stage,
        risk_level=signed_plan(desk, stands).spec.risk_level,
        reader="nurse",
    )
    return verdict, lines
