"""Verbs of recovery: make, restore, drill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    passphrase_from,
)
from attending.digests import short
from attending.lifecycle import recovery
from attending.lifecycle.recovery import Wanted
from attending.times import SECOND, parse_length

FolderArgument = Annotated[Path, typer.Argument(help="The folder of backups.")]
RegionOption = Annotated[str, typer.Option("--region", help="Where the place stands.")]
PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Read the passphrase from this file.")
]


def backup_make(
    folder: FolderArgument,
    region: RegionOption = "",
    keys_into: Annotated[
        Path | None,
        typer.Option(help="Write the private keys, encrypted, into this file elsewhere."),
    ] = None,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Back up a home: its database in one state, its files by digest, and no private key.

    Example: attending backup make /backups/ward --region eu-north --by omar --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        if keys_into is not None:
            secret = passphrase_from(passphrase_file)
            recovery.keep_keys(desk, keys_into, folder=folder, passphrase=secret)
        made = recovery.make(desk, folder, region=region)
    said = made.backup.model_dump(mode="json", exclude={"files"})
    emit(
        {
            "digest": made.backup.digest,
            **said,
            "files": len(made.backup.files),
            "new_files": made.new_files,
            "new_bytes": made.new_bytes,
        },
        as_json=as_json,
        lines=recovery.told(made),
    )


def backup_restore(
    folder: FolderArgument,
    backup: Annotated[str, typer.Option(help="Part of the backup's name. Else the newest.")] = "",
    region: RegionOption = "",
    keys: Annotated[
        Path | None, typer.Option(help="The file that `backup make --keys-into` wrote.")
    ] = None,
    passphrase_file: PassphraseOption = None,
    witness: Annotated[
        Path | None, typer.Option(help="A folder of checkpoints that was kept elsewhere.")
    ] = None,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on though the witness knows of more entries.")
    ] = False,
    database_file: Annotated[
        Path | None,
        typer.Option("--database-file", help="A private file with the address of a database."),
    ] = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a home back into an empty folder; all is verified before it stands there.

    Example: attending backup restore /backups/ward --witness /mnt/witness --home H2
    """
    held = None
    if keys is not None:
        held = recovery.read_keys(keys, passphrase=passphrase_from(passphrase_file))
    wanted = Wanted(
        name=backup,
        held=held,
        witness=witness,
        accept_loss=accept_loss,
        database_file=database_file,
    )
    found, lost, size = recovery.restore(
        folder, home_path(home), wanted, at=clock(at), region=region
    )
    said = {"backup": found.digest, "entries": found.entries, "lost_entries": lost, "bytes": size}
    emit(
        {**said, "keys": held is not None},
        as_json=as_json,
        lines=[
            f"restored from {short(found.digest)}: {found.entries} entries, {lost} lost",
            "the keys are those of before"
            if held
            else "a new signing key was made; ingest waits for the pseudonym key",
        ],
    )


def backup_drill(
    folder: FolderArgument,
    into: Annotated[Path, typer.Option(help="Where the trial home will stand.")],
    region: RegionOption = "",
    rpo: Annotated[str, typer.Option(help="How old the newest backup may be.")] = "24h",
    rto: Annotated[str, typer.Option(help="How long the restore may take.")] = "15min",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Try a restore into a second place and measure it; a limit that is passed ends with exit 3.

    Example: attending backup drill /backups/ward --into /srv/second --region eu-west --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        made = recovery.drill(
            desk,
            folder,
            into,
            region=region,
            rpo_seconds=parse_length(rpo, where="--rpo") // SECOND,
            rto_seconds=parse_length(rto, where="--rto") // SECOND,
        )
    emit(
        {"digest": made.digest, "held": made.held, **made.content()},
        as_json=as_json,
        lines=[
            f"{made.entries} entries came back in {into}",
            f"with {made.artifacts} artifacts and {made.snapshots} snapshots",
            f"RPO {made.rpo_seconds} s, {made.lost_entries} later entries would be lost",
            f"RTO {made.rto_seconds:.1f} s",
        ],
    )
    recovery.require_held(made)
