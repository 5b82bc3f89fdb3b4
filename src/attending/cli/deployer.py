"""Verbs of who deploys: the papers that are owed, the pack for downtime, and who was trained."""

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
    ProjectOption,
    clock,
    emit,
    home_path,
    table,
)
from attending.digests import short
from attending.lifecycle import deploying, standing, training
from attending.lifecycle.projects import open_project
from attending.times import format_instant, parse_instant

RunOption = Annotated[str, typer.Option(help="The start of a run's digest. Else the newest.")]


def document_write(
    run: RunOption = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write the papers that who deploys owes, from deployer.yaml and the records, in editions.

    Hazard log, safety case, risk analysis, downtime procedure, RACI, hours per model, workflow,
    role guides.

    Example: attending document write --project P --by dana --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        made = deploying.write_papers(desk, asked, training.latest_run(desk, asked, run))
        signed = {
            one.digest: [by.printed_name for by in standing.standing_on(desk, one.digest)]
            for one in made
        }
    told = [
        {
            "paper": one.paper,
            "edition": one.edition,
            "digest": one.digest,
            "missing": list(one.missing),
            "signed": signed[one.digest],
        }
        for one in made
    ]
    if not as_json:
        table(
            ("paper", "edition", "digest", "missing", "signed by"),
            [
                (
                    *(one.paper, one.edition, short(one.digest), len(one.missing)),
                    ", ".join(signed[one.digest]) or "-",
                )
                for one in made
            ],
        )
    lines = [f"{one.paper}: {says}" for one in made for says in one.missing]
    emit(told, as_json=as_json, lines=lines)


def document_downtime(
    unit: Annotated[str, typer.Argument(help="A site of the release plan.")],
    out: Annotated[Path, typer.Option("--out", help="Where the page is written.")],
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Print the pack of a unit for downtime: what to do, and the last list with its age.

    Example: attending document downtime CITY --out city.html --project P --by nora --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        held, page = deploying.print_pack(desk, asked, unit=unit)
    out.write_bytes(page)
    told = {
        "unit": held.unit,
        "version": held.version,
        "made_at": format_instant(held.made_at),
        "rows": len(held.rows),
        "old": held.old,
    }
    age = "TOO OLD to act on" if held.old else "in date"
    patients = f"{len(held.rows)} patient{'' if len(held.rows) == 1 else 's'}"
    line = f"{out}: {patients}, list of {told['made_at']}, {age}"
    emit(told, as_json=as_json, lines=[line])


def document_trained(
    user: Annotated[str, typer.Argument(help="Who, as the hospital names staff.")],
    role: Annotated[str, typer.Option(help="One of the plan's required_roles.")],
    completed: Annotated[str, typer.Option(help="When. Else now.")] = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Record that a user completed the training material in the version of the release plan.

    Example: attending document trained n.okafor --role "discharge nurse" --project P --by nora
    --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        made = deploying.record_training(
            desk,
            asked,
            user=user,
            role=role,
            completed_at=parse_instant(completed, where="--completed") if completed else desk.at,
        )
    emit(
        {"digest": made.digest, **made.content()},
        as_json=as_json,
        lines=[f"{made.user} ({made.role}): {made.material} {made.material_version}"],
    )
