"""Verbs on data: ingest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attending.cli.face import (
    AtOption,
    HomeOption,
    JsonOption,
    clock,
    emit,
    home_path,
    progress,
    table,
)
from attending.lifecycle import growing, ingesting
from attending.lifecycle.desk import open_or_create

if TYPE_CHECKING:
    from attending.lifecycle.ingesting import Held

ingest_app = typer.Typer(help="From a source's files to an immutable snapshot.")

FolderArgument = Annotated[Path, typer.Argument(help="The folder that the source gave.")]
OntoOption = Annotated[
    str | None,
    typer.Option("--append-to", help="The start of the id of the snapshot that grows, or newest."),
]
ByOption = Annotated[str, typer.Option("--by", help="The person who acts, by id.")]
SnapshotOption = Annotated[
    str, typer.Option("--snapshot", help="The start of a snapshot's id. Else the newest.")
]


def account_of(held: Held) -> dict[str, object]:
    """Return what a snapshot says of its rows, as verbs print it."""
    account = held.snapshot.account
    return {
        "snapshot": held.digest,
        "source": held.snapshot.source_system,
        "rows_in": account.rows_in,
        "accepted": account.accepted,
        "quarantined": account.quarantined,
        "rejected": account.rejected,
        "duplicate": account.duplicate,
        "balanced": account.balanced,
        "events": held.snapshot.rows,
        "subjects": held.snapshot.subjects,
        "tables": {item.table: item.model_dump(mode="json") for item in account.tables},
        "quarantined_by_reason": account.quarantined_by_reason,
        "rejected_by_reason": account.rejected_by_reason,
    }


def _ingest(
    kind: str,
    folder: Path,
    *,
    home: Path | None,
    at: str | None,
    by: str,
    js: bool,
    onto: str | None = None,
) -> None:
    with (
        open_or_create(home_path(home), at=clock(at), actor=by) as desk,
        progress(f"ingesting {kind}") as each,
    ):
        if onto is None:
            held = ingesting.ingest(desk, kind, folder, each=lambda _name: each())
        else:
            name = "" if onto == "newest" else onto
            held = growing.append(desk, kind, folder, onto=name, each=lambda _name: each())
    account = held.snapshot.account
    if not js:
        rows = [
            (t.table, t.rows_in, t.accepted, t.quarantined, t.rejected, t.duplicate, t.events)
            for t in account.tables
        ]
        table(("table", "in", "accepted", "quarantined", "rejected", "duplicate", "events"), rows)
    emit(
        account_of(held),
        as_json=js,
        lines=[
            (
                f"account: {account.rows_in} in = {account.accepted} accepted + "
                f"{account.quarantined} quarantined + {account.rejected} rejected + "
                f"{account.duplicate} duplicate"
            ),
            (
                f"snapshot {held.digest}: {held.snapshot.rows} events of "
                f"{held.snapshot.subjects} patients, time zone {held.snapshot.time_zone}"
            ),
        ],
    )


@ingest_app.command("hospital")
def ingest_hospital(
    folder: FolderArgument,
    append_to: OntoOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ingest the synthetic hospital's CSV extract.

    Example: attending ingest hospital extracts/2026-01 --home H
    """
    _ingest("hospital", folder, home=home, at=at, by=by, js=as_json, onto=append_to)


@ingest_app.command("fhir")
def ingest_fhir(
    folder: FolderArgument,
    append_to: OntoOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ingest FHIR R4 bulk NDJSON: Patient, Encounter, Observation, Condition.

    Example: attending ingest fhir export/ --home H
    """
    _ingest("fhir", folder, home=home, at=at, by=by, js=as_json, onto=append_to)


@ingest_app.command("mimic-iv")
def ingest_mimic(
    folder: FolderArgument,
    append_to: OntoOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ingest MIMIC-IV, hosp and icu tables.

    Example: attending ingest mimic-iv mimic-iv-demo --home H
    """
    _ingest("mimic-iv", folder, home=home, at=at, by=by, js=as_json, onto=append_to)


@ingest_app.command("physionet-2012")
def ingest_physionet(
    folder: FolderArgument,
    append_to: OntoOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ingest PhysioNet/CinC Challenge 2012, set A.

    Example: attending ingest physionet-2012 set-a --home H
    """
    _ingest("physionet-2012", folder, home=home, at=at, by=by, js=as_json, onto=append_to)
