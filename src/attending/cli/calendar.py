"""Verbs of the review calendar: what is due, and that it was done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.authority import AsOption
from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    HomeOption,
    JsonOption,
    ProjectOption,
    clock,
    emit,
    home_path,
    passphrase_from,
    table,
)
from attending.cli.live import VersionOption
from attending.cli.trust import PassphraseOption
from attending.lifecycle import calendar, scoring
from attending.lifecycle.projects import open_project


def review_due(
    project: ProjectOption = Path(),
    owner: Annotated[str, typer.Option(help="Such as 'clinical owner'. Else all.")] = "",
    version: VersionOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the tasks of the review calendar by owner, with what they take of each owner's week.

    Example: attending review due --owner "clinical owner" --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at)) as desk:
        stands = scoring.deployed(desk, asked, version)
        found = calendar.tasks(desk, stands, asked=asked.monitoring)
        told = [one.told(desk.at) for one in found if owner in {"", one.owner}]
        owners = calendar.burden(desk, found, model=stands.model, asked=asked.monitoring)
    owners = [one for one in owners if owner in {"", one["owner"]}]
    if not as_json:
        header = ("model", "task", "owner", "person", "due", "state", "last", "minutes")
        table(header, [tuple(one.values()) for one in told])
    lines = [
        f"{one['owner']}: {one['minutes_a_week']} minutes a week of "
        f"{one['capacity'] if one['capacity'] is not None else 'no stated capacity'}"
        f"{' OVER' if one['over'] else ''}"
        for one in owners
    ]
    emit({"tasks": told, "owners": owners}, as_json=as_json, lines=lines)


def review_record(
    task: Annotated[str, typer.Argument(help="Its name in monitoring.yaml.")],
    person: AsOption,
    finding: Annotated[str, typer.Option(help="What was found.")],
    wrong: Annotated[bool, typer.Option("--wrong", help="It was not in order.")] = False,
    project: ProjectOption = Path(),
    version: VersionOption = "",
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a task of the calendar as done, signed by its owner; its clock starts anew.

    Example: attending review record "calibration review" --as clara
    --finding "O:E 1.02, slope 0.97" --project P --home H
    """
    asked = open_project(project)
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        made = calendar.record_review(
            desk,
            scoring.deployed(desk, asked, version),
            task,
            asked=asked.monitoring,
            person=person,
            passphrase=passphrase,
            finding=finding,
            in_order=not wrong,
        )
    emit(
        {"digest": made.digest, **made.content()},
        as_json=as_json,
        lines=[f"recorded: {made.task} of {made.model}@{made.version}"],
    )
