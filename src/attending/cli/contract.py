"""Verbs on contracts: what a source promises, and whether it keeps it."""

from __future__ import annotations

from pathlib import Path

import typer

from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    ProjectOption,
    SnapshotOption,
    clock,
    emit,
    home_path,
    table,
)
from attending.lifecycle import checking
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.desk import open_desk
from attending.lifecycle.projects import open_project

contract_app = typer.Typer(help="Data contracts: what a source promises.")


@contract_app.command("check")
def contract_check(
    project: ProjectOption = Path(),
    snapshot: SnapshotOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Hold a snapshot against the project's contract; a broken promise is refused with exit 3.

    Example: attending contract check --project examples/readmission-synthetic --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), actor=by) as desk:
        source = project_snapshot(desk, asked, snapshot)
        report = checking.check_contract(desk, asked, source)
    if not as_json:
        table(
            ("check", "figure", "bound", "unit", "severity", "answer"),
            [(c.name, c.figure, c.bound, c.unit, c.severity, c.verdict) for c in report.checks],
        )
    emit({"digest": report.digest, **report.content()}, as_json=as_json)
    checking.require_contract(report)
