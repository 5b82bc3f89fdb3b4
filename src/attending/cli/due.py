"""The verb for work that is due: from cron or a systemd timer, as often as one likes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    clock,
    emit,
    home_path,
    progress,
    table,
)
from attending.lifecycle import due
from attending.lifecycle.missed import due_policy
from attending.lifecycle.projects import open_project

ProjectsOption = Annotated[
    list[Path] | None,
    typer.Option("--project", "-p", help="A project whose model is looked after; again for more."),
]


def run_due(
    project: ProjectsOption = None,
    only_list: Annotated[
        bool, typer.Option("--list", help="Show what is due and when it was last done; do nothing.")
    ] = False,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Do the work of the day that is due: scores, outcomes, monitors, verdict, messages.

    Each job is done once a day, by as many processes as run this. A job that fails stops no other;
    it is tried again by a later run, and ends this one with its exit code.

    Example: attending run-due --project P --home H
    """
    asked = [open_project(folder) for folder in project or ()]
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        listed = due.work(desk, asked)
        if only_list:
            spec = due_policy(desk.home.root)
            _show([one.told(desk.at, spec) for one in listed], as_json=as_json)
            return
        with progress("work that is due", total=len(listed)) as each:
            found = due.run_due(desk, asked, each=each)
    lines = [f"{one.about} {one.job}: {one.state}, {one.says}" for one in found.outcomes]
    if found.missed:
        lines.insert(0, f"{found.missed} jobs of earlier days were missed; the verdict says so")
    content = {"jobs": [vars(one) for one in found.outcomes], "missed": found.missed}
    emit(content, as_json=as_json, lines=lines or ["nothing is due"])
    due.require_done(found)


def _show(rows: list[dict[str, str]], *, as_json: bool) -> None:
    if not as_json:
        names = ("about", "job", "day", "due", "state", "last_done", "says")
        table(names, [[row[name] for name in names] for row in rows])
    emit(rows, as_json=as_json)
