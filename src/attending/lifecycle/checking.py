"""What must hold before training: the contract is kept, and no feature sees the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.contract.check import finish, plan_checks
from attending.contract.leakage import FeatureUse, codes_needed, partial_availability
from attending.contract.leakage import finish as judge_leaks
from attending.errors import Refused
from attending.features.lineage import uses
from attending.lifecycle.desk import keep
from attending.lifecycle.engines import engine_name, engine_over
from attending.records.events import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.lifecycle.projects import Project
    from attending.records.contract import ContractReport, LeakReport

_LEAK_COLUMNS = ("subject_id", "encounter_id", "time", "known_at", "code", "source")


def check_contract(
    desk: Desk, project: Project, source: Held, *, each: Callable[[], None] | None = None
) -> ContractReport:
    """Return the report of every promise of the contract, kept; it may say failed."""
    plan = plan_checks(project.contract, source.snapshot, as_of=desk.at)
    engine = engine_over(desk, source)
    report = finish(engine.map(plan, columns=plan.columns, each=each), plan=plan)
    keep(
        desk,
        report,
        action="contract.check",
        keys={"model": project.name, "snapshot": source.digest},
        details={
            "met": report.met,
            "failed": len(report.failed),
            "engine": engine_name(desk),
        },
    )
    return report


def require_contract(report: ContractReport) -> None:
    """Refuse to go on when a promise of severity `error` is broken.

    Raises:
        Refused: naming each broken promise with its figure and bound.
    """
    if not report.met:
        raise Refused(
            report.refusal,
            code="contract.broken",
            hint="Mend the source or agree on another contract; nothing is trained on this.",
            where="contract.yaml",
        )


def check_leaks(
    desk: Desk, project: Project, cohort: BuiltCohort, *, each: Callable[[], None] | None = None
) -> LeakReport:
    """Return what each feature would see of the future, kept; it may say refused."""
    asked = [
        FeatureUse(
            name=use.name,
            codes=use.codes,
            window_us=use.window_us,
            clock="event" if use.clock == "event" else "availability",
        )
        for use in uses(project.features)
        if use.codes
    ]
    declared = {**cohort.source.snapshot.declared_availability(), **project.contract.availability}
    rows = _keys(cohort.table)

    def work(events: pa.Table) -> pa.Table:
        return partial_availability(plain(events), rows, features=asked)

    engine = engine_over(desk, cohort.source)
    partials = engine.map(work, codes=codes_needed(asked), columns=_LEAK_COLUMNS, each=each)
    report = judge_leaks(partials, features=asked, declared=declared)
    keep(
        desk,
        report,
        action="gate.leaks",
        keys={
            "model": project.name,
            "cohort": cohort.digest,
            "features": project.features.digest,
        },
        details={
            "refused": report.refused,
            "features": len(report.features),
            "engine": engine_name(desk),
        },
    )
    return report


def require_no_leaks(report: LeakReport) -> None:
    """Refuse to go on when a feature sees the future.

    Raises:
        Refused: naming feature, source and gap in hours.
    """
    if report.refused:
        raise Refused(
            report.refusal,
            code=report.code,
            hint="Use what was known by then, an earlier window, or leave the feature out.",
            where="features.yaml",
        )


def _keys(table: pa.Table) -> pa.Table:
    return table.select(["subject_id", "encounter_id", "prediction_time"]).combine_chunks()
