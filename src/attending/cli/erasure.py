"""Verbs of erasure: make, purge, ls, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    HomeOption,
    JsonOption,
    clock,
    emit,
    home_path,
    passphrase_from,
    table,
)
from attending.digests import short
from attending.errors import BadInput, Refused
from attending.lifecycle import erasing
from attending.times import format_instant, parse_instant

if TYPE_CHECKING:
    from attending.records.erasure import Erasure


PersonOption = Annotated[str, typer.Option("--as", help="The privacy officer, by login.")]
ReasonOption = Annotated[str, typer.Option(help="Why, in a sentence without a name.")]
PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Read the passphrase from this file.")
]


def _told(made: Erasure, *, as_json: bool) -> None:
    counts = ", ".join(f"{rows} {name}" for name, rows in sorted(made.tables.items()))
    emit(
        {"digest": made.digest, **made.content()},
        as_json=as_json,
        lines=[
            f"erased: {counts}",
            f"{len(made.snapshots)} snapshots were replaced",
            f"{len(made.artifacts)} tables were deleted",
            "backups made before still hold what was erased: let them expire",
        ],
    )


def erasure_make(
    patients: Annotated[
        Path, typer.Argument(help="A private file with one id of a source a line.")
    ],
    person: PersonOption,
    reason: ReasonOption,
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="The file holds pseudonyms.")
    ] = False,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase all rows of the patients that a file names; it is never named on the command line.

    Example: attending erasure make ids.txt --as petra --reason "Article 17, request 12" --home H
    """  # noqa: DOC501 - the door prints it
    if not patients.is_file():
        raise BadInput("there is no such file", code="erasure.file", where=str(patients))
    lines = patients.read_text(encoding="utf-8").splitlines()
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        whose = erasing.patients_of(desk, lines, pseudonyms=pseudonyms)
        made = erasing.erase(desk, whose, person=person, passphrase=passphrase, reason=reason)
    _told(made, as_json=as_json)


def erasure_purge(
    before: Annotated[str, typer.Option(help="What was predicted earlier goes.")],
    person: PersonOption,
    reason: ReasonOption,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Purge predictions, outcomes and answers that were kept long enough.

    Example: attending erasure purge --before 2019-01-01T00:00:00Z --as petra
    --reason "Kept for seven years" --home H
    """
    passphrase = passphrase_from(passphrase_file)
    instant = parse_instant(before, where="--before")
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        made = erasing.purge(desk, instant, person=person, passphrase=passphrase, reason=reason)
    _told(made, as_json=as_json)


def erasure_ls(home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False) -> None:
    """List what was erased: when, by whom, why, and how many rows; never whose.

    Example: attending erasure ls --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = erasing.erasures(desk)
    if not as_json:
        table(
            ("erasure", "at", "by", "why", "rows", "snapshots", "tables"),
            [
                (
                    short(one.digest),
                    format_instant(one.erased_at),
                    one.by,
                    one.reason,
                    sum(one.tables.values()),
                    len(one.snapshots),
                    len(one.artifacts),
                )
                for one in found
            ],
        )
    emit([one.content() for one in found], as_json=as_json)


def erasure_check(
    home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False
) -> None:
    """Ask whether an erased patient is in the home again, by a delivery or a restore.

    Example: attending erasure check --home H
    """  # noqa: DOC501 - the door prints it
    with open_desk(home_path(home), at=clock(at)) as desk:
        back = erasing.returned(desk)
    emit({"returned": back}, as_json=as_json, lines=[f"{back} erased patients are here again"])
    if back:
        raise Refused(
            f"{back} erased patients are here again",
            code="erasure.returned",
            hint="Have the source leave them out, then erase them again.",
        )
