"""Verbs on quarantine: what was not let in, why, how much, and for how long."""

from __future__ import annotations

from typing import Annotated

import typer

from attending.cli.face import (
    AtOption,
    HomeOption,
    JsonOption,
    SnapshotOption,
    clock,
    emit,
    home_path,
    table,
)
from attending.digests import short
from attending.lifecycle import ingesting, quarantining
from attending.lifecycle.desk import open_desk
from attending.times import format_instant

quarantine_app = typer.Typer(help="Rows that were not let in: reasons, counts and age.")


@quarantine_app.command("ls")
def quarantine_ls(
    snapshot: Annotated[
        str, typer.Option("--snapshot", help="The start of a snapshot's id. Else all.")
    ] = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count quarantined rows by snapshot, table and reason, with their age.

    Example: attending quarantine ls --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = quarantining.waiting(desk, snapshot)
    if not as_json:
        table(
            ("snapshot", "table", "reason", "rows", "age in hours"),
            [(short(w.snapshot), w.source, w.reason, w.rows, w.age_hours) for w in found],
        )
    content = [{**vars(item), "since": format_instant(item.since)} for item in found]
    total = sum(item.rows for item in found)
    emit(content, as_json=as_json, lines=[f"{total} rows are quarantined"])


@quarantine_app.command("show")
def quarantine_show(
    snapshot: SnapshotOption = "",
    reason: Annotated[str, typer.Option(help="Only rows of this reason.")] = "",
    source: Annotated[
        str, typer.Option("--table", help="Only rows of this table, as SYSTEM/TABLE.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 50,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where quarantined rows stand in the source, and why; never what they said.

    Example: attending quarantine show --reason no_known_at --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        held = ingesting.held(desk, snapshot)
    rows = quarantining.rows_of(held, reason=reason, source=source)
    shown = rows.slice(0, limit).to_pylist()
    if not as_json:
        names = ("source", "source_row", "code", "reason")
        table(names, [tuple(row[name] for name in names) for row in shown])
    emit(
        {"snapshot": held.digest, "rows": rows.num_rows, "shown": shown},
        as_json=as_json,
        lines=[f"{len(shown)} of {rows.num_rows} rows"],
    )
