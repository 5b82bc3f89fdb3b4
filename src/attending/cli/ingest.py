"""Verbs that take a source in: one for each kind, and one for what a mapping describes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attending.cli.desks import open_or_create
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    LagOption,
    clock,
    emit,
    home_path,
    lags_of,
    progress,
    table,
)
from attending.errors import BadInput
from attending.lifecycle import growing, ingesting
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.lifecycle.ingesting import Held
    from attending.records.snapshot import IngestAccount, Snapshot
    from attending.types import Instant


FolderArgument = Annotated[Path, typer.Argument(help="The folder that the source gave.")]
OntoOption = Annotated[
    str | None,
    typer.Option("--append-to", help="The start of the id of the snapshot that grows, or newest."),
]
ShiftOption = Annotated[
    bool,
    typer.Option("--shift-dates", help="Move each patient's dates 1 to 104 whole weeks earlier."),
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
        "dates_shifted": held.snapshot.dates_shifted,
        "tables": {item.table: item.model_dump(mode="json") for item in account.tables},
        "quarantined_by_reason": account.quarantined_by_reason,
        "rejected_by_reason": account.rejected_by_reason,
        "merges": merges_of(held.snapshot),
    }


def merges_of(snapshot: Snapshot) -> dict[str, int] | None:
    """Return what a snapshot was told of merged patients, None where it was told nothing."""
    if snapshot.merges is None:
        return None
    counts = snapshot.merges.model_dump(exclude={"name", "digest", "rows"})
    return {**counts, "moved": snapshot.moved.rows if snapshot.moved else 0}


def reasons_of(account: IngestAccount) -> list[str]:
    """Return a line on every reason for which rows did not go in as they stood."""
    early = sum(one.early for one in account.tables)
    return [
        *(f"quarantined: {n} {why}" for why, n in account.quarantined_by_reason.items()),
        *(f"rejected: {n} {why}" for why, n in account.rejected_by_reason.items()),
        *(
            [f"early: {early} events stored before they happened; known from when they happened"]
            if early
            else []
        ),
    ]


def _ingest(
    kind: str,
    folder: Path,
    *,
    home: Path | None,
    at: str | None,
    by: str,
    js: bool,
    onto: str | None = None,
    mapping: Path | None = None,
    lag: Sequence[str] | None = None,
    shift: bool = False,
) -> None:
    lags = lags_of(lag)
    now = clock(at)
    if shift and onto is not None:
        raise BadInput(
            "a snapshot with shifted dates does not grow",
            code="ingest.shift",
            hint="Ingest the whole extract again with --shift-dates; offsets stay the same.",
            where="--append-to",
        )
    with (
        open_or_create(home_path(home), at=now, by=by) as desk,
        progress(f"ingesting {kind}") as each,
    ):
        if onto is None:
            held = ingesting.ingest(
                desk,
                kind,
                folder,
                lags=lags,
                mapping=mapping,
                shift=shift,
                each=lambda _name: each(),
            )
        else:
            name = "" if onto == "newest" else onto
            held = growing.append(
                desk,
                kind,
                folder,
                onto=name,
                lags=lags,
                mapping=mapping,
                each=lambda _name: each(),
            )
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
            *reasons_of(account),
            *(
                [f"{account.accepted} accepted rows hold {account.events} events"]
                if account.events != account.accepted
                else []
            ),
            (
                f"snapshot {held.digest}: {held.snapshot.rows} events of "
                f"{held.snapshot.subjects} patients, time zone {held.snapshot.time_zone}"
            ),
            *_ahead(held.snapshot, now=now),
        ],
    )


def _ahead(snapshot: Snapshot, *, now: Instant) -> list[str]:
    """Return a warning where the newest event of a real calendar is yet to come."""
    last = snapshot.last_time
    if last is None or not snapshot.real_clock or last <= now:
        return []
    return [f"the newest event is of {format_instant(last)}, later than now: is a date wrong?"]


def _verb(kind: str, says: str, example: str) -> Callable[..., None]:
    def ingest(
        folder: FolderArgument,
        append_to: OntoOption = None,
        lag: LagOption = None,
        shift_dates: ShiftOption = False,
        home: HomeOption = None,
        at: AtOption = None,
        by: ByOption = "system",
        as_json: JsonOption = False,
    ) -> None:
        _ingest(
            kind,
            folder,
            home=home,
            at=at,
            by=by,
            js=as_json,
            onto=append_to,
            lag=lag,
            shift=shift_dates,
        )

    ingest.__doc__ = f"{says}\n\n    Example: attending ingest {kind} {example} --home H\n    "
    return ingest


ingest_hospital = _verb(
    "hospital", "Ingest the synthetic hospital's CSV extract.", "extracts/2026-01"
)
ingest_fhir = _verb(
    "fhir", "Ingest FHIR R4 bulk NDJSON: Patient, Encounter, Observation, Condition.", "export/"
)
ingest_mimic_iv = _verb("mimic-iv", "Ingest MIMIC-IV, hosp and icu tables.", "mimic-iv-demo")
ingest_physionet_2012 = _verb(
    "physionet-2012", "Ingest PhysioNet/CinC Challenge 2012, set A.", "set-a"
)
ingest_omop = _verb(
    "omop", "Ingest OMOP CDM 5.4 as CSV files; its availability is assumed.", "omop/"
)
ingest_synthea = _verb(
    "synthea", "Ingest Synthea's CSV export; its availability is assumed.", "output/csv"
)
ingest_meds = _verb(
    "meds", "Ingest a MEDS dataset; without known_at its availability is assumed.", "meds/"
)
ingest_diabetes_130 = _verb(
    "diabetes-130", "Ingest Diabetes 130-US Hospitals; its clock is the order of rows.", "diabetes/"
)


def ingest_mapped(
    folder: FolderArgument,
    mapping: Annotated[Path, typer.Option("--mapping", help="The file that says how.")],
    append_to: OntoOption = None,
    lag: LagOption = None,
    shift_dates: ShiftOption = False,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ingest any CSV or Parquet files, as a mapping says.

    Example: attending ingest mapped claims/ --mapping mapping.yaml --home H
    """
    _ingest(
        "mapped",
        folder,
        home=home,
        at=at,
        by=by,
        js=as_json,
        onto=append_to,
        mapping=mapping,
        lag=lag,
        shift=shift_dates,
    )
