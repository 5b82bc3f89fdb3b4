"""Verbs on snapshots: list, show, look back, compare, fold, export and let go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from attending.cli.ingest import account_of, merges_of
from attending.digests import short
from attending.errors import BadInput
from attending.lifecycle import ingesting, landmarks, scanning, snapshots
from attending.lifecycle.deidentifying import export_deidentified
from attending.lifecycle.residency import require_region
from attending.times import parse_instant, parse_length

if TYPE_CHECKING:
    from attending.records.snapshot import Snapshot


NameArgument = Annotated[str, typer.Argument(help="The start of a snapshot's id. Else the newest.")]


def snapshot_ls(home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False) -> None:
    """List snapshots, oldest first.

    Example: attending snapshot ls --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = ingesting.snapshots(desk)
    if not as_json:
        table(
            ("snapshot", "source", "layers", "events", "patients", "watermark"),
            [
                (
                    h.digest[:12],
                    h.snapshot.source_system,
                    len(h.snapshot.layers) + 1,
                    h.snapshot.rows,
                    h.snapshot.subjects,
                    h.snapshot.watermark,
                )
                for h in found
            ],
        )
    emit([account_of(held) for held in found], as_json=as_json)


def snapshot_show(
    name: NameArgument = "",
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
        lines=[
            f"{key}: {value}"
            for key, value in account_of(held).items()
            if key not in {"tables", "merges"}
        ]
        + _merge_lines(held.snapshot)
        + [
            f"availability: {a.table} {a.rule}{' (assumed)' if a.assumed else ''}"
            for a in held.snapshot.availability
        ],
    )


def snapshot_landmark(
    name: NameArgument = "",
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
            desk,
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


def snapshot_scan(
    name: NameArgument = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Look through columns of text for identifiers: counts and places, never a value.

    A compliance officer signs what may stay; the checklist before training asks for it.

    Example: attending snapshot scan 3f9a --by caro --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        shards = len(ingesting.held(desk, name).shards)
        with progress("looking through shards", total=shards) as each:
            record = scanning.scan(desk, name, each=each)
    if not as_json and record.found:
        table(
            ("column", "kind", "code", "source", "events", "source rows"),
            [
                (o.column, o.kind_of_identifier, o.code, o.source, o.rows, o.source_rows)
                for o in record.found
            ],
        )
    said = record.told or "nothing that looks like an identifier"
    emit(
        {"digest": record.digest, "clean": record.clean, **record.content()},
        as_json=as_json,
        lines=[
            f"scan {record.digest}: {said}, in {record.rows} events with {record.texts} texts",
            "names and numbers without a word before them cannot be seen by form",
        ],
    )


def snapshot_export(
    folder: Annotated[Path, typer.Argument(help="Where the files go; must not exist.")],
    name: Annotated[str, typer.Option("--snapshot", help="The start of an id.")] = "",
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Look back: only what was held then.")
    ] = None,
    meds: Annotated[bool, typer.Option("--meds", help="Write a MEDS dataset.")] = False,
    deidentified: Annotated[
        bool, typer.Option("--deidentified", help="Refuse while quasi-identifiers are found.")
    ] = False,
    suppress: Annotated[
        bool, typer.Option("--suppress", help="Leave out what could make a patient known.")
    ] = False,
    region: Annotated[
        str, typer.Option(help="Where the folder stands; outside the contract's it is refused.")
    ] = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write a snapshot's events as Parquet, as they are held now or as they stood then.

    With --deidentified they are looked through first; what is found is counted, with exit 3.

    Example: attending snapshot export out/ --as-of 2026-01-31T06:00:00Z --home H
    """
    back = None if as_of is None else parse_instant(as_of, where="--as-of")
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("writing shards") as each,
    ):
        if region:
            require_region(desk.home, region)
        if deidentified:
            _refuse_together(as_of, meds=meds)
            rows = export_deidentified(desk, folder, snapshot=name, suppress=suppress, each=each)
        else:
            rows = snapshots.export(desk, folder, snapshot=name, at=back, meds=meds, each=each)
    said = f", as they stood at {as_of}" if as_of else ""
    emit(
        {"rows": rows, "folder": str(folder), "as_of": as_of},
        as_json=as_json,
        lines=[f"{rows} events in {folder}{said}: patient data, keep it where it may lie"],
    )


def _refuse_together(as_of: str | None, *, meds: bool) -> None:
    if as_of is not None or meds:
        raise BadInput(
            "--deidentified goes with neither --as-of nor --meds",
            code="snapshot.export",
            hint="Name a snapshot with --snapshot.",
        )


def snapshot_diff(
    first: Annotated[str, typer.Argument(help="The start of a snapshot's id.")],
    second: Annotated[str, typer.Argument(help="The start of another's.")],
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count the events that two snapshots do not share, by vocabulary, and merges of patients.

    Example: attending snapshot diff 3f9a 81c0 --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = snapshots.diff(desk, first, second)
        merges = snapshots.merge_diff(desk, first, second)
    if not as_json and found:
        table(
            ("vocabulary", "only in the first", "only in the second", "ended by the second"),
            [(one.vocabulary, one.only_first, one.only_second, one.ended) for one in found],
        )
    emit(
        {
            "same": not found and not any(vars(merges).values()),
            "changes": [vars(one) for one in found],
            "merges": vars(merges),
        },
        as_json=as_json,
        lines=[
            *([] if found else ["the two hold the same events"]),
            *(
                f"{words.replace('_', ' ')}: {count}"
                for words, count in vars(merges).items()
                if count
            ),
        ],
    )


def _merge_lines(snapshot: Snapshot) -> list[str]:
    """Return what a snapshot says of merged patients, a line for each count that is not nought."""
    told = {
        "merged": "merges told",
        "undone": "unmerges told",
        "in_force": "patients who are another's now",
        "waiting": "merges that wait for a patient nobody knows",
        "births_differ": "merged patients with another birth than the one that was kept",
        "moved": "rows of this layer that stand with another patient than the source said",
    }
    counts = merges_of(snapshot) or {}
    return [f"{words}: {counts[name]}" for name, words in told.items() if counts.get(name)]


def snapshot_compact(
    name: NameArgument = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Fold the layers of a snapshot that has grown into one; the grown one stays.

    Example: attending snapshot compact --home H
    """
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("folding shards") as each,
    ):
        found = snapshots.compact(desk, name, each=each)
    content = account_of(found)
    emit(
        {**content, "compacted": found.snapshot.compacted},
        as_json=as_json,
        lines=[f"snapshot {found.digest}: {found.snapshot.rows} events in one layer"],
    )


def snapshot_gc(
    name: Annotated[str, typer.Argument(help="The start of the id of one to delete.")] = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """List what needs each snapshot, or delete one that nothing needs.

    Example: attending snapshot gc 3f9a --by omar --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        if name:
            gone = snapshots.let_go(desk, name)
            emit(
                {"deleted": gone.digest, "bytes": gone.bytes},
                as_json=as_json,
                lines=[f"deleted {short(gone.digest)}, {gone.bytes} bytes; its record stays"],
            )
            return
        found = snapshots.citations(desk)
    if not as_json:
        table(
            ("snapshot", "source", "events", "bytes", "needed by"),
            [
                (
                    short(one.digest),
                    one.source,
                    one.rows,
                    one.bytes,
                    ", ".join(one.needed_by) or "nothing",
                )
                for one in found
            ],
        )
    emit([vars(one) for one in found], as_json=as_json)
