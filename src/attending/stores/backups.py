"""A backup of a home: the database in one state, and every file by digest, under a signed list.

FOLDER/ region.txt objects/ backups/<instant>-<digest>.json and .sig

A file that an earlier backup holds is not copied again. Witness first, database next, files last:
so no checkpoint is ahead of the database, and no file that it speaks of is missing.
"""

from __future__ import annotations

import hmac
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attending import keys
from attending.errors import BadInput, IntegrityBroken, NotFound
from attending.records.backup import Backup, BackupFile
from attending.records.base import from_content
from attending.stores.checkpoints import list_signature
from attending.stores.connections import connect
from attending.stores.copies import back_up_store, counted
from attending.stores.database import Database
from attending.stores.files import io_refused, write_once
from attending.stores.home import FOLDERS, Home, settings_text
from attending.stores.ledger import Ledger
from attending.stores.pool import Pool
from attending.stores.private import check_unshared, read_key
from attending.stores.tables import SCHEMA_VERSION
from attending.stores.witnesses import Witness
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from attending.types import Instant

STORE, SETTINGS = "store.db", "settings.yaml"
_REGION = "region.txt"
_SCRATCH = ("incoming-",)


@dataclass(frozen=True)
class Made:
    """A backup that was made: its list, and how much of it was new in the folder."""

    backup: Backup
    new_files: int
    new_bytes: int


def make_backup(home: Home, folder: Path, *, at: Instant, region: str) -> Made:
    """Return a backup of a home, now in a folder with those that were made before.

    Args:
        home: open; others may write to it meanwhile.
        folder: of backups; made when it is not there.
        at: when.
        region: where the folder stands; empty when nothing asks for it.

    Raises:
        BadInput: the folder lies in the home, is of another region, or a file holds a private key.
        IntegrityBroken: a file of the home is a link, or the database is not sound.
        DependencyDown: the file system or the database refuses.
    """
    _prepare(home, folder, region)
    pool = Pool(folder / "objects", secrets_kept_out=_secrets(home))
    with io_refused():
        scratch = Path(tempfile.mkdtemp(prefix=".incoming-", dir=folder))
    try:
        kept = [(path, *pool.put(home.root / path)) for path in _files(home.root, ("witness",))]
        way, entries, root, tables = _copy_database(home, scratch)
        settings = home.settings.model_copy(update={"database_file": None})
        write_once(scratch / SETTINGS, settings_text(settings).encode())
        kept += [(name, *pool.put(scratch / name)) for name in (STORE, SETTINGS)]
        others = tuple(name for name in FOLDERS if name not in {"witness", "keys"})
        public = [f"keys/{path.name}" for path in sorted((home.root / "keys").glob("*.pub"))]
        rest = (*public, *_files(home.root, others))
        kept += [(path, *pool.put(home.root / path)) for path in rest]
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    backup = Backup(
        home_id=home.settings.home_id,
        at=at,
        region=region,
        database="sqlite" if home.database.kind == "sqlite" else "postgresql",
        way=way,
        schema_version=SCHEMA_VERSION,
        entries=entries,
        root=root,
        tables=tables,
        files=tuple(BackupFile(path=one[0], digest=one[1], bytes=one[2]) for one in kept),
        public_keys=tuple(key.hex() for key in home.public_keys()),
    )
    _write_list(home, folder, backup)
    new = [size for _, _, size, fresh in kept if fresh]
    return Made(backup=backup, new_files=len(new), new_bytes=sum(new))


def read_backup(folder: Path, name: str = "") -> Backup:
    """Return the list of a backup, the newest when no name is given; its signature holds.

    The signature shows that the list is as it was written by the key that it names. Compare that
    key with one that you hold.

    Raises:
        NotFound: there is none.
        IntegrityBroken: the list is not what was signed.
    """
    found = [path for path in listed(folder) if name in path.stem]
    if not found:
        raise NotFound(
            "there is no such backup in the folder",
            code="backup.missing",
            hint="See the names in its folder `backups`.",
            where=str(folder),
        )
    path = found[-1]
    with io_refused():
        content = path.read_bytes()
        signed = path.with_suffix(".sig").read_bytes()
    try:
        backup: Backup = from_content(Backup, json.loads(content))
        signature = bytes.fromhex(signed.decode("ascii").split()[-1])
        good = keys.verify(bytes.fromhex(backup.public_keys[0]), content, signature)
        told = list_signature(backup.home_id, bytes.fromhex(backup.public_keys[0]), signature)
        good = good and hmac.compare_digest(signed, told)
    except (ValueError, IndexError):
        good = False
    if not good or backup.as_bytes() != content:
        raise IntegrityBroken(
            "the list of the backup is not the one that was signed",
            code="backup.signature",
            hint="Do not use it; take another backup, or another copy of this one.",
            where=path.name,
        )
    return backup


def listed(folder: Path) -> tuple[Path, ...]:
    """Return the files of all lists in a folder of backups, the oldest first."""
    return tuple(sorted((folder / "backups").glob("*.json")))


def _prepare(home: Home, folder: Path, region: str) -> None:
    """Make the folder, once, and refuse one that it may not be."""
    if folder.resolve().is_relative_to(home.root.resolve()):
        raise BadInput(
            "a backup inside the home is lost with it",
            code="backup.inside",
            hint="Name a folder on another disk.",
            where=str(folder),
        )
    with io_refused():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_unshared(folder)
        mark = folder / _REGION
        if not mark.exists():
            if any(folder.iterdir()):
                raise BadInput(
                    "the folder holds something else",
                    code="backup.folder",
                    hint="Name a new one.",
                    where=str(folder),
                )
            folder.chmod(0o700)
            write_once(mark, f"{region}\n".encode())
        said = mark.read_text(encoding="utf-8").strip()
    if said != region:
        raise BadInput(
            f"the folder stands in region '{said}', as its first backup said; got '{region}'",
            code="backup.region",
            hint="Name another folder for another region.",
            where="--region",
        )


def _secrets(home: Home) -> tuple[bytes, ...]:
    """Return the private keys of the home, as bytes and as they are written."""
    paths = [path for path in (home.root / "keys").glob("*.key") if path.is_file()]
    found = [read_key(path) for path in sorted(paths)]
    texts = [text for key in found for text in (key.hex().encode(), key.hex().upper().encode())]
    return (*found, *texts)


def _files(root: Path, folders: tuple[str, ...]) -> Iterator[str]:
    """Iterate over the files of some folders of a home; what is being written is left out."""
    for name in folders:
        for path in sorted((root / name).rglob("*")):
            inside = path.relative_to(root)
            passing = any(part.startswith((".", *_SCRATCH)) for part in inside.parts)
            if passing or (path.is_dir() and not path.is_symlink()):
                continue
            yield inside.as_posix()


def _copy_database(
    home: Home, scratch: Path
) -> tuple[Literal["online", "logical"], int, str, dict[str, int]]:
    """Return how the database was copied, its entries, their root, and the rows of its tables."""
    path = scratch / STORE
    way = back_up_store(home.database.address, path)
    copy = Database.open(f"sqlite:///{path.resolve()}")
    try:
        end = Ledger(copy, witnesses=[Witness(scratch)], trusted=()).end()
    finally:
        copy.close()
    engine = connect(f"sqlite:///{path.resolve()}")
    try:
        tables = counted(engine)
    finally:
        engine.dispose()
    return way, end.size, end.tree.root().hex(), tables


def _write_list(home: Home, folder: Path, backup: Backup) -> None:
    content = backup.as_bytes()
    stamp = format_instant(backup.at).replace(":", "").replace("-", "")
    path = folder / "backups" / f"{stamp}-{backup.entries:012d}-{backup.digest[:12]}.json"
    with io_refused():
        path.parent.mkdir(mode=0o700, exist_ok=True)
    public = bytes.fromhex(backup.public_keys[0])
    line = list_signature(backup.home_id, public, home.sign(content))
    write_once(path.with_suffix(".sig"), line)
    write_once(path, content)
