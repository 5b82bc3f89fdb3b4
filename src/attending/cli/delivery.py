"""Verbs of alerts: deliver what is due, and answer one."""

from __future__ import annotations

from datetime import timedelta
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
from attending.lifecycle import delivering, notifying
from attending.lifecycle.projects import open_project
from attending.times import parse_length


def deliver_run(
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """List, send and escalate what is due, each once; run it every minute, by as many as you like.

    Alerts that came after the action window end it with exit 3, after all else was done.

    Example: attending deliver run --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = delivering.deliver(desk, asked)
    lines = [f"{name}: {count}" for name, count in sorted(found.counts.items())]
    emit(dict(found.counts), as_json=as_json, lines=lines or ["nothing is due"])
    delivering.require_in_time(found)


def deliver_answer(
    request: Annotated[str, typer.Argument(help="The id of the prediction.")],
    says: Annotated[str, typer.Option(help="What is done, in a few words.")],
    snooze: Annotated[str, typer.Option(help="Put off for so long, such as 2h.")] = "",
    reason: Annotated[str, typer.Option(help="Why it is put off, as the plan names it.")] = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Acknowledge an alert, or put it off for a while.

    Example: attending deliver answer ID --says "called the patient" --by nora --home H
    """
    wait = timedelta(microseconds=parse_length(snooze, where="--snooze")) if snooze else None
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        step = delivering.answer(desk, request, says=says, snooze=wait, reason=reason)
    emit({"state": step.state, "step": step.step}, as_json=as_json, lines=[step.state])


def deliver_messages(
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what owners were told of and is not closed, and who has taken it up.

    Example: attending deliver messages --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = [one for one in notifying.messages(desk) if one.state != "closed"]
    rows = [notifying.told(one) for one in found]
    if not as_json:
        names = ("id", "severity", "model", "owner", "state", "by", "since", "says")
        table(names, [[str(row[name])[:120] for name in names] for row in rows])
    emit(rows, as_json=as_json)


def deliver_acknowledge(
    message: Annotated[str, typer.Argument(help="The start of its id.")],
    says: Annotated[str, typer.Option(help="What is done, in a few words.")],
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Take up a message to an owner; it is not escalated any more.

    Example: attending deliver acknowledge 3f2a --says "the feed is restarted" --by omar --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = notifying.acknowledge(desk, message, says=says)
    emit(notifying.told(found), as_json=as_json, lines=[found.state])
