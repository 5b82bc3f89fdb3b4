"""Parity: the scoring process gives the cells of the table to the bit, or nothing is promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.features.parity import parity
from attending.lifecycle.cohorts import built_cohort, in_zones, require_patients
from attending.lifecycle.desk import keep
from attending.lifecycle.engines import engine_over
from attending.records.features import ParityReport

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.featuring import BuiltFeatures
    from attending.lifecycle.projects import Project


#: So many predictions, or all where there are fewer, are computed again before a promotion.
ENOUGH = 1000


def check_parity(
    desk: Desk, project: Project, features: BuiltFeatures, *, most: int = ENOUGH
) -> ParityReport:
    """Return how many cells the online path gives otherwise, kept whatever it is.

    Args:
        desk: where and when.
        project: whose features are computed again.
        features: the table that was built.
        most: how many predictions, spread evenly over the table.
    """
    require_patients(project)
    cohort = built_cohort(desk, project)
    due = in_zones(cohort.table, cohort.source.snapshot)
    engine = engine_over(desk, cohort.source)
    report = parity(project.features, due, features.table, engine=engine, most=most)
    keep(
        desk,
        report,
        action="features.parity",
        keys={
            "model": project.name,
            "features": report.definition_digest,
            "table": report.table_digest,
        },
        details={"cells": report.cells, "differ": sum(one.cells for one in report.mismatches)},
    )
    return report


def require_same(report: ParityReport) -> None:
    """Refuse features that the scoring process computes otherwise.

    Raises:
        Refused: naming the features that differ.
    """
    if report.mismatches or not report.predictions:
        named = ", ".join(f"{one.name} ({one.cells})" for one in report.mismatches[:8])
        raise Refused(
            f"the scoring process gives other cells than the table: {named or 'there are none'}",
            code="features.parity",
            hint="Build the features again; if they still differ, the model passes no gate.",
        )


def require_parity(desk: Desk, project: Project) -> None:
    """Refuse to go on where the newest parity report of these features found a difference.

    Raises:
        Refused: naming the features that differ.
    """
    found = desk.home.catalog.latest(
        ParityReport, model=project.name, features=project.features.digest
    )
    if found is not None:
        require_same(found)
