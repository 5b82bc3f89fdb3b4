"""Closed testing on what matured since go-live: a proposal to update a version, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import Refused
from attending.features.build import build as build_features_table
from attending.lifecycle import calendar
from attending.lifecycle.cohorts import in_zones, project_snapshot
from attending.lifecycle.desk import keep, required
from attending.lifecycle.engines import engine_over
from attending.lifecycle.references import reference_of
from attending.lifecycle.scoring import deployed
from attending.lifecycle.standing import standing_on
from attending.lifecycle.tables import table_from
from attending.lifecycle.validation_rows import matrix_of
from attending.monitor.current import first_matured
from attending.monitor.update import weigh
from attending.records.monitoring import MonitorReport
from attending.records.prediction import OutcomeJoin
from attending.records.recalibration import RecalibrationProposal
from attending.times import format_length, from_micros, to_micros

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment
    from attending.specs.change_control import Retraining
    from attending.specs.monitoring import MonitoringSpec
    from attending.types import Instant


def propose_update(desk: Desk, project: Project, *, version: str = "") -> RecalibrationProposal:
    """Return which update the matured outcomes of a version ask for, kept to be signed.

    A refit goes through the journey from the cohort on; here it is proposed and no more.

    Raises:
        Refused: no version serves, the policy of change has gaps, too few events have matured, it
            was asked too soon, another change is under review, or the drift is of workflow.
        NotFound: no outcomes were joined, or there is no reference.
    """
    stands = deployed(desk, project, version)
    asked = calendar.signed_policy(desk, stands.model) or project.monitoring
    joined = _outcomes(desk, stands)
    rows = first_matured(
        table_from(desk.home.artifacts.read(desk.home.catalog.keys(joined.digest)["table"])),
        np.datetime64(to_micros(desk.at), "us"),
    )
    require_policy(asked.retraining)
    require_events(asked.retraining, int(pc.sum(rows["label"]).as_py() or 0))
    _require_room(desk, stands, asked.retraining)
    _require_cause(desk, stands, asked)
    made = _weighed(desk, project, stands, asked=asked, joined=joined, rows=rows)
    keep(
        desk,
        made,
        action="change.propose",
        keys={"model": stands.model, "version": stands.version, "run": stands.run},
        details={"update": made.update, "events": made.n_events},
    )
    return made


def block_of(proposal: RecalibrationProposal) -> str:
    """Return the line of model.yaml that asks for a proposal, empty when it asks for no line."""
    if proposal.update in {"none", "refit"}:
        return ""
    return (
        f"recalibration: {{of: {proposal.run}, proposal: {proposal.digest}, "
        f"intercept: {proposal.intercept!r}, slope: {proposal.slope!r}}}"
    )


def _outcomes(desk: Desk, stands: Deployment) -> OutcomeJoin:
    found: OutcomeJoin = required(
        desk.home.catalog.latest(OutcomeJoin, model=stands.model, version=stands.version),
        "account of outcomes",
        hint="Run `attending score` on a newer snapshot first.",
    )
    return found


def _weighed(
    desk: Desk,
    project: Project,
    stands: Deployment,
    *,
    asked: MonitoringSpec,
    joined: OutcomeJoin,
    rows: pa.Table,
) -> RecalibrationProposal:
    source = project_snapshot(desk, project)
    _, features = build_features_table(
        project.features, in_zones(rows, source.snapshot), engine_over(desk, source)
    )
    held = {one.name: one.weight for one in reference_of(desk, project, stands.version).features}
    names = tuple(project.features.names)
    outcome = rows["label"].to_numpy(zero_copy_only=False).astype(np.int8)
    found = weigh(
        asked.retraining,
        outcome,
        rows["score"].to_numpy(zero_copy_only=False).astype(np.float64),
        x=matrix_of(features, project),
        names=names,
        weights=[held.get(name, 0.0) for name in names],
    )
    at = pc.min_max(rows["prediction_time"].cast(pa.timestamp("us")).cast(pa.int64())).as_py()
    return RecalibrationProposal(
        model=stands.model,
        version=stands.version,
        run=stands.run,
        outcomes=joined.digest,
        policy=asked.digest,
        as_of=desk.at,
        since=from_micros(at["min"]),
        until=from_micros(at["max"]),
        n=rows.num_rows,
        n_events=int(outcome.sum()),
        **found._asdict(),
    )


def require_policy(policy: Retraining) -> None:
    """Refuse a policy of change with gaps.

    Raises:
        Refused: naming them.
    """
    if policy.gaps:
        raise Refused(
            f"the policy of change is not whole: {'; '.join(policy.gaps)}",
            code="change.policy",
            hint="Complete `retraining` in monitoring.yaml and let the clinical lead sign it.",
            where="monitoring.yaml: retraining",
        )


def require_events(policy: Retraining, events: int) -> None:
    """Refuse to weigh an update on fewer events than the policy asks for.

    Raises:
        Refused: with both counts.
    """
    if events < policy.minimum_events:
        raise Refused(
            f"{events} events have matured, and the policy asks for {policy.minimum_events}",
            code="change.too_few",
            hint="Wait for more outcomes; an update on few makes the model worse.",
            where="monitoring.yaml: retraining.minimum_events",
        )


def _require_room(desk: Desk, stands: Deployment, policy: Retraining) -> None:
    """Refuse another change while as many as the policy allows wait for their gates."""
    made = desk.home.catalog.all(RecalibrationProposal, model=stands.model, version=stands.version)
    open_ = [one for one in made if one.update != "none" and standing_on(desk, one.digest)]
    if len(open_) >= policy.changes_at_once:
        raise Refused(
            f"{len(open_)} changes of {stands.version} are signed and not yet in its place",
            code="change.capacity",
            hint="Bring the candidate through its gates, or withdraw the signature.",
            where="monitoring.yaml: retraining.changes_at_once",
        )


def _require_cause(desk: Desk, stands: Deployment, asked: MonitoringSpec) -> None:
    """Refuse what the newest findings speak against, or what nothing and no calendar asks for."""
    report = desk.home.catalog.latest(MonitorReport, model=stands.model, version=stands.version)
    found = [one for one in (report.findings if report else ()) if one.severity in {"act", "stop"}]
    if any(one.drift == "workflow" for one in found):
        raise Refused(
            "the newest findings are of workflow, which fitting again does not mend",
            code="change.workflow",
            hint="See the remedies of the findings: `attending monitor run`.",
        )
    if any(one.drift == "concept" for one in found):
        return
    due = _looked(desk, stands) + timedelta(microseconds=asked.retraining.look_every or 0)
    if desk.at < due:
        raise Refused(
            f"no finding of concept drift asks for an update, and {stands.version} is looked at "
            f"every {format_length(asked.retraining.look_every or 0)}",
            code="change.too_soon",
            hint="Looking often and updating on chance makes a model worse; wait for the date.",
            where="monitoring.yaml: retraining.look_every",
        )


def _looked(desk: Desk, stands: Deployment) -> Instant:
    """Return when a version was weighed last; before that, when it was entered."""
    made = desk.home.catalog.all(RecalibrationProposal, model=stands.model, version=stands.version)
    history = desk.home.deployments.history(stands.model, version=stands.version)
    entered = [one.effective_at for one in history if one.stage in calendar.OWING]
    return max([*(one.as_of for one in made), entered[0]])
