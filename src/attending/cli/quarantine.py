"""Verbs on quarantine: what was not let in, why and for how long; let it in, or close it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    HomeOption,
    JsonOption,
    LagOption,
    SnapshotOption,
    clock,
    emit,
    home_path,
    lags_of,
    passphrase_from,
    progress,
    table,
)
from attending.digests import short
from attending.lifecycle import closing, ingesting, quarantining
from attending.times import format_instant, parse_length

BecauseOption = Annotated[str, typer.Option("--because", help="Why, for the record.")]
WhoOption = Annotated[str, typer.Option("--by", help="Who answers for it: a data engineer.")]
PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Read the passphrase from this file.")
]
TableOption = Annotated[
    str, typer.Option("--table", help="Only rows of this table, as SYSTEM/TABLE.")
]


def quarantine_ls(
    snapshot: Annotated[
        str, typer.Option("--snapshot", help="The start of a snapshot's id, or newest. Else all.")
    ] = "",
    older_than: Annotated[
        str, typer.Option(help="End with exit 3 when rows have waited longer, such as 1h.")
    ] = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count quarantined rows by delivery, table, reason and state, and say how long they wait.

    With --older-than it is an alarm: exit 3 when rows have waited longer.

    Example: attending quarantine ls --older-than 1h --home H
    """
    limit = parse_length(older_than, where="--older-than") if older_than else None
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = quarantining.waiting(desk, snapshot)
    if not as_json:
        table(
            ("snapshot", "table", "reason", "state", "rows", "waits, in hours"),
            [
                (
                    short(one.snapshot),
                    one.source,
                    one.reason,
                    f"{one.state}, again" if one.again else one.state,
                    one.rows,
                    "" if one.age_hours is None else one.age_hours,
                )
                for one in found
            ],
        )
    content = [{**vars(item), "since": format_instant(item.since)} for item in found]
    counted = [
        f"{sum(one.rows for one in found if one.state == state and not one.again)} {state}"
        for state in quarantining.STATES
    ]
    again = sum(one.rows for one in found if one.again)
    lines = [f"rows: {', '.join(counted)}"]
    if again:
        lines.append(f"not counted twice: {again} of the same files, taken in again")
    emit(content, as_json=as_json, lines=lines)
    if limit is not None:
        quarantining.require_none_waits(found, longer_than=limit)


def quarantine_show(
    snapshot: SnapshotOption = "",
    reason: Annotated[str, typer.Option(help="Only rows of this reason.")] = "",
    source: TableOption = "",
    state: Annotated[str, typer.Option(help="waiting, released or dismissed. Else all.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 50,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where quarantined rows stand in the source, and why; never what they said.

    Example: attending quarantine show --reason no_known_at --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        digest = ingesting.held(desk, snapshot).digest
        rows = quarantining.standing(desk, digest, reason=reason, source=source, state=state)
    shown = rows.slice(0, limit).to_pylist()
    if not as_json:
        table(rows.column_names, [tuple(row.values()) for row in shown])
    emit(
        {"snapshot": digest, "rows": rows.num_rows, "shown": shown},
        as_json=as_json,
        lines=[f"{len(shown)} of {rows.num_rows} rows"],
    )


def quarantine_release(
    folder: Annotated[Path, typer.Argument(help="The delivery in which they were set aside.")],
    because: BecauseOption,
    by: WhoOption,
    snapshot: SnapshotOption = "",
    lag: LagOption = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="The corrected mapping of a mapped source.")
    ] = None,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let quarantined rows in, for a stated reason, by giving the declaration that was missing.

    The same delivery is read again; nothing but rows that were set aside in it comes in.

    Example: attending quarantine release D --lag labs=24h --because "agreed" --by erik --home H
    """
    declared = closing.Declared(lags=lags_of(lag), mapping=mapping)
    word = closing.Word(by, passphrase_from(passphrase_file), because)
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("releasing") as each,
    ):
        grown, record = closing.release(
            desk, folder, word, declared=declared, snapshot=snapshot, each=lambda _name: each()
        )
    if not as_json:
        rows = [(reason, "released", count) for reason, count in record.released.items()]
        rows += [(reason, "waiting", count) for reason, count in record.waiting.items()]
        table(("reason", "state", "rows"), rows)
    emit(
        {"digest": record.digest, **record.content()},
        as_json=as_json,
        lines=[
            (
                f"snapshot {grown.digest}: {sum(record.released.values())} rows released, "
                f"{record.ended} ended by them, {sum(record.waiting.values())} still waiting"
            )
        ],
    )


def quarantine_dismiss(
    reason: Annotated[str, typer.Option(help="Only rows of this reason.")],
    because: BecauseOption,
    by: WhoOption,
    snapshot: SnapshotOption = "",
    source: TableOption = "",
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close quarantined rows that will never come in; they stay in the file and the account.

    Example: attending quarantine dismiss --reason no_code --because "test rows" --by erik --home H
    """
    word = closing.Word(by, passphrase_from(passphrase_file), because)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        record = closing.dismiss(desk, word, snapshot=snapshot, reason=reason, source=source)
    emit(
        {"digest": record.digest, **record.content()},
        as_json=as_json,
        lines=[f"{sum(record.dismissed.values())} rows dismissed"],
    )
