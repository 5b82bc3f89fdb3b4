"""Verbs of the feeds that push events: how much came, and what was not taken."""

from __future__ import annotations

from typing import Annotated

import typer

from attending.cli.desks import open_desk
from attending.cli.face import AtOption, HomeOption, JsonOption, clock, emit, home_path, table
from attending.lifecycle import intake

_COUNTS = ("messages", "rows_in", "accepted", "quarantined", "rejected", "duplicate", "newest")


def intake_status(
    home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False
) -> None:
    """Show by feed what came, what became of it, and when its newest event happened.

    Example: attending intake status --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = intake.feed_totals(desk.home)
    if not as_json:
        rows = [(feed, *(counts[name] for name in _COUNTS)) for feed, counts in found.items()]
        table(("feed", *_COUNTS), rows)
    emit(found, as_json=as_json, lines=[] if found else ["nothing came yet"])


def intake_letters(
    feed: Annotated[str, typer.Argument(help="A feed's name. Else all.")] = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the messages of which something was not taken, newest first: where, why, no value.

    Example: attending intake letters lab --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = intake.dead_letters(desk.home, feed)
    lines = [
        f"{one['received_at']} {one['feed']} {one['message'][:12]} {letter['at']}: "
        f"{letter['as']} {letter['why']}"
        for one in found
        for letter in one["letters"]
    ]
    emit(found, as_json=as_json, lines=lines or ["no dead letters"])
