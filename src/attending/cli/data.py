"""Verbs on data: ingest, snapshot."""

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
from attending.lifecycle import ingesting, landmarks
from attending.lifecycle.desk import open_desk, open_or_create
from attending.times import parse_length

if TYPE_CHECKING:
    from attending.lifecycle.ingesting import Held

ingest_app = typer.Typer(help="From a source's files to an immutable snapshot.")
snapshot_app = typer.Typer(help="Snapshots: what was ingested, and what it hides.")

FolderArgument = Annotated[Path, typer.Argument(help="The folder that the source gave.")]
ByOption = Annotated[str, typer.Option("--by", help="The person who acts, by id.")]
SnapshotOption = Annotated[
    str, typer.Option("--snapshot", help="The start of a snapshot's id. Else the newest.")
]


def _account(held: Held) -> dict[str, object]:
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
    kind: str, folder: Path, *, home: Path | None, at: str | None, by: str, js: bool
) -> None:
    with (
        open_or_create(home_path(home), at=clock(at), actor=by) as desk,
        progress(f"ingesting {kind}") as each,
    ):
        held = ingesting.ingest(desk, kind, folder, each=lambda _name: each())
    account = held.snapshot.account
    if not js:
        rows = [
            (t.table, t.rows_in, t.accepted, t.quarantined, t.rejected, t.duplicate, t.events)
            for t in account.tables
        ]
        table(("table", "in", "accepted", "quarantined", "rejected", "duplicate", "events"), rows)
    emit(
        _account(held),
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
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ingest the synthetic hospital's CSV extract.

    Example: attending ingest hospital extracts/2026-01 --home H
    """
    _ingest("hospital", folder, home=home, at=at, by=by, js=as_json)


@ingest_app.command("fhir")
def ingest_fhir(
    folder: FolderArgument,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ingest FHIR R4 bulk NDJSON: Patient, Encounter, Observation, Condition.

    Example: attending ingest fhir export/ --home H
    """
    _ingest("fhir", folder, home=home, at=at, by=by, js=as_json)


@ingest_app.command("mimic-iv")
def ingest_mimic(
    folder: FolderArgument,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ingest MIMIC-IV, hosp and icu tables.

    Example: attending ingest mimic-iv mimic-iv-demo --home H
    """
    _ingest("mimic-iv", folder, home=home, at=at, by=by, js=as_json)


@ingest_app.command("physionet-2012")
def ingest_physionet(
    folder: FolderArgument,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ingest PhysioNet/CinC Challenge 2012, set A.

    Example: attending ingest physionet-2012 set-a --home H
    """
    _ingest("physionet-2012", folder, home=home, at=at, by=by, js=as_json)


@snapshot_app.command("ls")
def snapshot_ls(home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False) -> None:
    """List snapshots, oldest first.

    Example: attending snapshot ls --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = ingesting.snapshots(desk)
    if not as_json:
        table(
            ("snapshot", "source", "events", "patients", "watermark"),
            [
                (
                    h.digest[:12],
                    h.snapshot.source_system,
                    h.snapshot.rows,
                    h.snapshot.subjects,
                    h.snapshot.watermark,
                )
                for h in found
            ],
        )
    emit([_account(held) for held in found], as_json=as_json)


@snapshot_app.command("show")
def snapshot_show(
    name: Annotated[
        str, typer.Argument(help="The start of a snapshot's id. Else the newest.")
    ] = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a snapshot's account and what was assumed about availability.

    Example: attending snapshot show 3f9a --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        held = ingesting.held(desk, name)
    content = held.snapshot.content()
    emit(
        content,
        as_json=as_json,
        lines=[f"{key}: {value}" for key, value in _account(held).items() if key != "tables"]
        + [
            f"availability: {a.table} {a.rule}{' (assumed)' if a.assumed else ''}"
            for a in held.snapshot.availability
        ],
    )


@snapshot_app.command("landmark")
def snapshot_landmark(
    name: Annotated[
        str, typer.Argument(help="The start of a snapshot's id. Else the newest.")
    ] = "",
    after: Annotated[str, typer.Option(help="From admission to the landmark.")] = "24h",
    codes: Annotated[str, typer.Option(help="Prefix of the codes to count.")] = "MIMICIV_LAB//",
    stay_at_least: Annotated[str, typer.Option(help="Leave out shorter stays.")] = "0h",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count rows that have happened at a landmark in the stay and are not yet known.

    Example: attending snapshot landmark --after 24h --codes MIMICIV_LAB// --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        held = ingesting.held(desk, name)
        hidden = landmarks.hidden_at(
            held,
            after=parse_length(after, where="--after"),
            codes=codes,
            stay_at_least=parse_length(stay_at_least, where="--stay-at-least"),
        )
    emit(
        {
            "rows": hidden.rows,
            "stays_with_rows": hidden.stays_with_rows,
            "stays": hidden.stays,
            "assumed_rows": hidden.assumed_rows,
        },
        as_json=as_json,
        lines=[
            f"{hidden.rows} rows of {hidden.stays_with_rows} stays (of {hidden.stays}) have "  # noqa: ISC004
            f"happened {after} after admission and are not yet known",
            f"{hidden.assumed_rows} more have no recorded availability and wait for a set lag",
        ],
    )
