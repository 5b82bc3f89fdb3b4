"""Labels by where they come from: the report of a run, and word to who answers for the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import Refused
from attending.lifecycle.desk import keep_in, note
from attending.lifecycle.run_side import row_keys, row_outcomes
from attending.lifecycle.tables import table_from
from attending.lifecycle.training import refit
from attending.models.bundle import Bundle
from attending.records.influence import InfluenceReport
from attending.records.ledger import Subject
from attending.train.influence import TrainingRows, influence

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.lifecycle.training import Fitted
    from attending.models.number_bundle import NumberBundle
    from attending.records.run import Run
    from attending.types import Floats


def report_influence(
    desk: Desk,
    project: Project,
    run: Run,
    *,
    against: Run | None = None,
    fitted: Fitted | None = None,
) -> InfluenceReport:
    """Return how the labels of each site and marker fit the rest, kept.

    Where a group is flagged, the ledger says that the contract's owner was alerted.

    Args:
        desk: where and when.
        project: whose contract names the owner.
        run: whose training rows are looked at.
        against: an earlier run, whose labels must still stand.
        fitted: the run's fit when it is still at hand; made again when not.
    """
    found = fitted or refit(desk, project, run.digest)
    groups, limit = influence(
        TrainingRows(
            spec=project.model,
            cohort=found.cohort.table,
            features=found.features.table,
            split=found.split,
            names=project.features.names,
            chosen=risk_model(found.trained.chosen),
            earlier=_earlier(desk, found.cohort.table, against),
        )
    )
    owner = owner_of(project)
    report = InfluenceReport(
        run=run.digest,
        against=against.digest if against else "",
        limit=limit,
        owner=owner,
        groups=groups,
    )
    with desk.home.database.transaction() as unit:
        digest = keep_in(
            desk, unit, report, action="run.influence", keys={"model": run.model, "run": run.digest}
        )
        if report.flagged:
            flagged = ", ".join(f"{one.kind} {one.name}" for one in report.flagged)
            subject = Subject(kind=report.kind, digest=digest)
            details = {"owner": owner, "flagged": flagged}
            note(desk, unit, action="contract.alert", subject=subject, details=details)
    return report


def _earlier(desk: Desk, table: pa.Table, against: Run | None) -> Floats:
    """Return for each row its label in an earlier run, NaN where it had none."""
    if against is None:
        return np.full(table.num_rows, np.nan)
    artifact = desk.home.catalog.keys(against.cohort)["table"]
    was = table_from(desk.home.artifacts.read(artifact))
    known = dict(zip(row_keys(was), row_outcomes(was), strict=True))
    return np.array([known.get(key, np.nan) for key in row_keys(table)])


def owner_of(project: Project) -> str:
    """Return who answers for the data by the contract: its owner, else its team, else nobody."""
    team = project.contract.team
    if team is None:
        return "nobody"
    owners = [one.username for one in team.members if one.role == "owner"]
    return ", ".join(owners) or team.name or "nobody"


def require_unflagged(report: InfluenceReport) -> None:
    """Refuse to go on while labels need somebody to look.

    Raises:
        Refused: naming each group and who was alerted.
    """
    if report.flagged:
        named = "; ".join(
            f"{one.kind} {one.name} ({one.z:+.1f} standard errors"
            + (f", {one.relabelled} labels changed" if one.relabelled else "")
            + (f", at {one.at_site})" if one.at_site else ")")
            for one in report.flagged
        )
        raise Refused(
            f"labels that do not fit those of all other rows: {named}",
            code="label.influence",
            hint=f"{report.owner} answers for these data and is named in the ledger's alert.",
        )


def risk_model(found: Bundle | NumberBundle) -> Bundle:
    """Return a model of risks.

    Raises:
        Refused: it foretells a number or a count.
    """
    if not isinstance(found, Bundle):
        raise Refused(
            "the run foretells a number, and influence is about risks", code="model.outcome_type"
        )
    return found
