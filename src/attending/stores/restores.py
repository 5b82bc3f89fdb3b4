"""A home put back from a backup: into a scratch folder first, verified there, then renamed.

Who is killed on the way leaves a scratch folder beside the place, and nothing in it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attending import keys
from attending.errors import AttendingError, BadInput, DependencyDown, IntegrityBroken
from attending.stores.addresses import database_address
from attending.stores.backups import SETTINGS, STORE, read_backup
from attending.stores.connections import connect
from attending.stores.copies import copy_store, counted
from attending.stores.files import io_refused, sync_folder, write_once
from attending.stores.home import FOLDERS, Home, read_settings, settings_text
from attending.stores.pool import Pool
from attending.stores.tables import SCHEMA_VERSION
from attending.stores.witnesses import Witness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.records.backup import Backup, BackupFile

_PRIVATE = 0o600
_PUBLIC_KEY = re.compile(r"keys/former-[0-9a-f]{16}\.pub")


@dataclass(frozen=True)
class HomeKeys:
    """The private keys of a home, as they were written down apart from its backups."""

    signing: bytes
    pseudonym: bytes


@dataclass(frozen=True)
class Wanted:
    """Which backup is to come back, with what, and how.

    Attributes:
        name: part of the backup's name; the newest when empty.
        held: the private keys; without them the home has a new signing key and no pseudonym key.
        witness: checkpoints that were kept elsewhere.
        accept_loss: go on though the witness knows of later entries.
        database_file: a private file with the address of an empty PostgreSQL database; the rows
            come back into the home's own `store.db` when absent.
        drill: it is only tried.
    """

    name: str = ""
    held: HomeKeys | None = None
    witness: Path | None = None
    accept_loss: bool = False
    database_file: Path | None = None
    drill: bool = False


@dataclass
class Restored:
    """A home that was put back and verified, not yet in its place.

    Attributes:
        lost: how many entries a checkpoint from outside witnessed beyond those that came back.
        bytes: how much was copied.
    """

    home: Home
    backup: Backup
    lost: int
    bytes: int


@contextmanager
def restored(folder: Path, root: Path, wanted: Wanted) -> Iterator[Restored]:
    """Give a home put back from a backup; at the end of the block it stands in its place.

    Args:
        folder: of backups.
        root: a folder that is not there yet, or is empty.
        wanted: which backup, with what.

    Raises:
        BadInput: the place is not empty, or the keys are of another home.
        NotFound: there is no such backup.
        IntegrityBroken: something is not what the signed list says.
        DependencyDown: the file system or the database refuses, or the backup is of an older one.
    """
    backup, held = read_backup(folder, wanted.name), wanted.held
    _check_place(root, backup, held)
    with io_refused():
        root.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{root.name}.restoring-", dir=root.parent))
    try:
        size = _lay_out(Pool(folder / "objects"), backup, into=scratch, held=held)
        home = Home.open(scratch)
        try:
            found = Restored(home, backup, _verify(home, backup, wanted.witness), size)
            _check_files(home)
            yield found
        finally:
            home.close()
        # A server is written to last, when nothing can be refused any more.
        _move_rows(scratch, wanted.database_file)
        with io_refused():
            scratch.rename(root)
            sync_folder(root.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_place(root: Path, backup: Backup, held: HomeKeys | None) -> None:
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise BadInput("there is something here already", code="home.exists", where=str(root))
    if backup.schema_version != SCHEMA_VERSION:
        raise DependencyDown(
            f"the backup has tables of version {backup.schema_version}, this program knows "
            f"{SCHEMA_VERSION}",
            code="backup.schema",
            hint="Restore it with the program that made it, then `attending home migrate`.",
        )
    if held and keys.public_key(held.signing).hex() != backup.public_keys[0]:
        raise BadInput(
            "the keys are not those of the home that was backed up",
            code="backup.other_keys",
            hint="Give the file that was written with this backup, or none.",
        )


def _lay_out(pool: Pool, backup: Backup, *, into: Path, held: HomeKeys | None) -> int:
    """Return how many bytes were copied into the scratch folder, keys beside them."""
    size = 0
    with io_refused():
        for name in FOLDERS:
            (into / name).mkdir(mode=0o700)
        for file in backup.files:
            target = into / _inside(file)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = _PRIVATE if file.path == STORE or file.path.endswith(".pub") else 0o444
            size += pool.give(file.digest, target, mode=mode)
    former = backup.public_keys if held is None else backup.public_keys[1:]
    for key in former:
        path = into / "keys" / f"former-{key[:16]}.pub"
        if not path.exists():
            write_once(path, f"{key}\n".encode(), mode=_PRIVATE)
    signing = held.signing if held else os.urandom(keys.KEY_BYTES)
    write_once(into / "keys" / "signing.key", f"{signing.hex()}\n".encode(), mode=_PRIVATE)
    if held:
        text = f"{held.pseudonym.hex()}\n".encode()
        write_once(into / "keys" / "pseudonym.key", text, mode=_PRIVATE)
    return size


def _inside(file: BackupFile) -> Path:
    """Return the place of a file in a home; it cannot be outside, nor be a private key."""
    path = Path(file.path)
    plain = ".." not in path.parts and str(path) == file.path
    allowed = file.path in {STORE, SETTINGS} or _PUBLIC_KEY.fullmatch(file.path)
    held = len(path.parts) > 1 and path.parts[0] in FOLDERS and path.parts[0] != "keys"
    if not plain or not (allowed or held):
        raise IntegrityBroken("the backup lists a file that no home has", code="backup.path")
    return path


def _verify(home: Home, backup: Backup, witness: Path | None) -> int:
    """Return how many witnessed entries did not come back; all else must be as it was."""
    report = home.ledger.verify()
    report.require()
    for finding in home.check_rows():
        raise IntegrityBroken(finding.message, code=finding.code)
    if (report.entries, report.root) != (backup.entries, backup.root):
        raise _other("the ledger is not the one that the signed list names")
    engine = connect(home.database.address)
    try:
        if counted(engine) != backup.tables:
            raise _other("the tables have not as many rows as the signed list says")
    finally:
        engine.dispose()
    return 0 if witness is None else _behind(home, witness)


def _behind(home: Home, witness: Path) -> int:
    """Return by how many entries the checkpoints from outside are ahead; others must agree.

    One that is ahead may be signed by a key that came after the backup.

    Raises:
        IntegrityBroken: one that is not ahead is not of this ledger, or of a key it never had.
    """
    report = home.ledger.verify(brought=[Witness(witness, name="brought")])
    names = [path.name for path in witness.glob("*.note")]
    sizes = {one: int(one.split("-")[0]) for one in names if one.split("-")[0].isdecimal()}
    later = {name for name, size in sizes.items() if size > report.entries}
    for finding in report.findings:
        unknown = finding.code == "checkpoint.unknown_key"
        ahead = unknown and finding.message.split(":")[0].removeprefix("brought/") in later
        if finding.code != "ledger.rolled_back" and not ahead:
            raise IntegrityBroken(finding.message, code=finding.code)
    return max((size for name, size in sizes.items() if name in later), default=report.entries) - (
        report.entries
    )


def _check_files(home: Home) -> None:
    broken = home.artifacts.broken()
    if broken:
        raise _other(f"{len(broken)} artifacts are not what their names say")
    for name in home.snapshots.list():
        home.snapshots.verify(name)


def _move_rows(scratch: Path, database_file: Path | None) -> None:
    """Move the rows to a PostgreSQL server, when one is named."""
    if database_file is None:
        return
    named = str(database_file.resolve())
    copy_store(f"sqlite:///{(scratch / STORE).resolve()}", database_address(scratch, named))
    settings = read_settings(scratch).model_copy(update={"database_file": named})
    with io_refused():
        for path in scratch.glob(f"{STORE}*"):
            path.unlink()
        (scratch / SETTINGS).unlink()
    write_once(scratch / SETTINGS, settings_text(settings).encode())


def _other(what: str) -> AttendingError:
    return IntegrityBroken(
        f"the backup did not come back whole: {what}",
        code="backup.incomplete",
        hint="Take another backup, or another copy of this one.",
    )
