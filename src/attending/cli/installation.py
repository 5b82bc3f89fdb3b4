"""Verbs of the home itself: create, show, migrate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
)
from attending.lifecycle import confirming_clock, installing
from attending.lifecycle.desk import open_desk_at

PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Read the passphrase from this file.")
]


def home_create(
    home: HomeOption = None,
    database_file: Annotated[
        Path | None,
        typer.Option(
            "--database-file",
            help="A private file with one line, postgresql+psycopg://USER:SECRET@HOST/NAME. "
            "Else the rows rest in the home's own store.db.",
        ),
    ] = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a home; its rows rest in a file of its own, or in PostgreSQL.

    Example: attending home create --home H --database-file /etc/attending/database.url
    """
    root = home_path(home)
    installing.create(root, at=clock(at), database_file=database_file)
    emit({"home": str(root)}, as_json=as_json, lines=[f"home made at {root}"])


def home_show(home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False) -> None:
    """Show what a home is: the kind of database, the version of its tables, its size.

    Example: attending home show --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = installing.show(desk)
    emit(found, as_json=as_json, lines=[f"{key}: {value}" for key, value in found.items()])


def home_clock(
    person: Annotated[str, typer.Option("--as", help="The administrator who says so, by login.")],
    reason: Annotated[str, typer.Option(help="What went wrong, such as a host whose clock leapt.")],
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that the clock is right and the ledger's last entry is not, so that acts go on.

    Signatures from before count no more when the last entry lies ahead of the clock.

    Example: attending home clock --as ada --reason "host 2 stood in 2036" --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk_at(home_path(home), at=clock(at), actor=person) as desk:
        back = confirming_clock.confirm(desk, person=person, passphrase=passphrase, reason=reason)
    told = "signatures from before count no more" if back else "signatures stand"
    emit({"back": back}, as_json=as_json, lines=[f"the clock is confirmed; {told}"])


def home_migrate(home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False) -> None:
    """Bring the tables of an older home to this version; a backup is made first.

    Example: attending home migrate --home H
    """
    done = installing.migrate(home_path(home), at=clock(at))
    if done is None:
        emit({"migrated": False}, as_json=as_json, lines=["the tables are of this version"])
        return
    said = {"migrated": True, "before": done.before, "after": done.after}
    emit(
        {**said, "backup": str(done.backup)},
        as_json=as_json,
        lines=[f"tables of version {done.before} are of {done.after} now", f"was: {done.backup}"],
    )
