"""Backups of a home, the way back from one, and the drill that shows that there is one."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from attending import keys
from attending.digests import canonical, short
from attending.documents.record_page import record_page
from attending.errors import BadInput, IntegrityBroken, Refused
from attending.lifecycle.desk import Desk, keep, note
from attending.lifecycle.papers import keep_page
from attending.lifecycle.residency import require_region
from attending.records.backup import Backup, BackupDrill
from attending.records.ledger import Subject
from attending.records.people import KeyChange
from attending.stores.backups import Made, make_backup
from attending.stores.files import write_once
from attending.stores.private import check_private, read_key
from attending.stores.restores import HomeKeys, Restored, Wanted, restored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from attending.types import Instant

__all__ = ["Wanted", "drill", "keep_keys", "make", "read_keys", "require_held", "restore", "told"]


def make(desk: Desk, folder: Path, *, region: str) -> Made:
    """Return a backup of the home as it stands, over a checkpoint signed just before.

    Raises:
        Refused: the folder stands outside the regions that the contracts state.
        BadInput: the folder lies in the home, or a file of the home holds a private key.
        IntegrityBroken: the home is damaged.
        DependencyDown: the file system or the database refuses.
    """
    require_region(desk.home, region)
    desk.home.make_checkpoint(at=desk.at)
    made = make_backup(desk.home, folder, at=desk.at, region=region)
    details = {
        "entries": made.backup.entries,
        "files": len(made.backup.files),
        "new_files": made.new_files,
        "new_bytes": made.new_bytes,
        "region": region,
        "way": made.backup.way,
    }
    _note(desk, made.backup, action="backup.make", details=details)
    return made


def keep_keys(desk: Desk, path: Path, *, folder: Path, passphrase: str) -> None:
    """Write the private keys into a file apart from the backups, encrypted by a passphrase.

    Raises:
        BadInput: the file would lie among the backups, or there is one, or no passphrase.
    """
    if path.resolve().is_relative_to(folder.resolve()):
        raise BadInput(
            "the keys may not lie among the backups, for who has both has all",
            code="backup.key",
            hint="Name a file elsewhere, on other media.",
            where="--keys-into",
        )
    if not passphrase or path.exists():
        raise BadInput(
            "the keys need a passphrase and a file that is not there yet",
            code="backup.key_file",
            where=str(path),
        )
    held = desk.home.folder("keys")
    found = {name: read_key(held / f"{name}.key").hex() for name in ("signing", "pseudonym")}
    write_once(path, keys.seal(passphrase, canonical(found)), mode=0o600)
    public = desk.home.public_keys()[0].hex()
    with desk.home.database.transaction() as unit:
        subject = Subject(kind="key", digest=public)
        note(desk, unit, action="backup.keys", subject=subject)


def read_keys(path: Path, *, passphrase: str) -> HomeKeys:
    """Return the private keys that `keep_keys` wrote.

    Raises:
        BadInput: another passphrase, or no such file.
    """
    check_private(path)
    opened = keys.unseal(passphrase, path.read_bytes())
    if opened is None:
        raise BadInput(
            "the keys cannot be opened with this passphrase",
            code="backup.passphrase",
            hint="Give the passphrase that they were written with.",
            where=str(path),
        )
    said = json.loads(opened)
    return HomeKeys(bytes.fromhex(said["signing"]), bytes.fromhex(said["pseudonym"]))


def restore(
    folder: Path, root: Path, wanted: Wanted, *, at: Instant, region: str
) -> tuple[Backup, int, int]:
    """Return the backup that a home was put back from, the lost entries, and the bytes copied.

    The restore is the next entry of the ledger that came back.

    Args:
        folder: of backups.
        root: where the home will stand: a folder that is not there yet, or is empty.
        wanted: which backup, with what.
        at: when.
        region: where it will stand.

    Raises:
        Refused: the place stands outside the regions that the contracts state.
        IntegrityBroken: something is not what the signed list says, or later entries are lost.
        BadInput: the place is not empty.
        NotFound: there is no such backup.
        DependencyDown: the file system or the database refuses.
    """
    with restored(folder, root, wanted) as back:
        require_region(back.home, region)
        if back.lost and not wanted.accept_loss:
            raise IntegrityBroken(
                f"the witness knows of {back.lost} later entries than this backup",
                code="backup.rolled_back",
                hint="Take a later backup, or say --accept-loss: the ledger and every audit "
                "against that witness will show it.",
                where="--witness",
            )
        _enter(back, wanted, at=at, region=region)
    return back.backup, back.lost, back.bytes


def _enter(back: Restored, wanted: Wanted, *, at: Instant, region: str) -> None:
    same_key = wanted.held is not None
    last = next(iter(back.home.ledger.entries(back.backup.entries - 1)))
    if at < last.at:
        raise BadInput(
            "the restore lies before the last entry that came back",
            code="clock.backwards",
            hint="Check the clock.",
            where="--at",
        )
    desk = Desk(home=back.home, at=at)
    details = {
        "entries": back.backup.entries,
        "lost_entries": back.lost,
        "region": region,
        "signing_key": "same" if same_key else "new",
        "pseudonym_key": "here" if same_key else "absent",
        "drill": wanted.drill,
    }
    _note(desk, back.backup, action="backup.restore", details=details)
    if not same_key:
        change = KeyChange(
            former=back.backup.public_keys[0],
            present=back.home.public_keys()[0].hex(),
            reason="restored without its private keys",
            changed_at=at,
        )
        keep(desk, change, action="key.rotate", keys={"former": change.former})


def drill(
    desk: Desk,
    folder: Path,
    second: Path,
    *,
    region: str,
    rpo_seconds: int,
    rto_seconds: int,
) -> BackupDrill:
    """Return what a restore of the newest backup into a second place measured, kept.

    Args:
        desk: the home that is backed up, and when.
        folder: of its backups.
        second: where the trial home will stand.
        region: where that is, such as another region.
        rpo_seconds: how old the newest backup may be.
        rto_seconds: how long the restore may take.

    Raises:
        Refused: the region is not allowed.
        IntegrityBroken: the backup is of another home, or does not come back whole.
        BadInput: the place is not empty.
        NotFound: there is no backup.
    """
    begun = time.monotonic()
    wanted = Wanted(witness=desk.home.folder("witness"), accept_loss=True, drill=True)
    backup, _, size = restore(folder, second, wanted, at=desk.at, region=region)
    took = time.monotonic() - begun
    if backup.home_id != desk.home.settings.home_id:
        raise IntegrityBroken(
            "the newest backup in the folder is of another home",
            code="backup.other_home",
            where=str(folder),
        )
    made = BackupDrill(
        backup=backup.digest,
        region=backup.region,
        second_region=region,
        entries=backup.entries,
        # The entry that says that the backup was made is itself not in it, and not a loss.
        lost_entries=_younger(desk, backup),
        artifacts=sum(one.path.startswith("artifacts/") for one in backup.files),
        snapshots=len({one.path.split("/")[1] for one in backup.files if _of_snapshot(one.path)}),
        rows=sum(backup.tables.values()),
        bytes=size,
        rpo_seconds=round((desk.at - backup.at).total_seconds()),
        rto_seconds=round(took, 3),
        rpo_limit_seconds=rpo_seconds,
        rto_limit_seconds=rto_seconds,
    )
    details = {
        "backup": made.backup,
        "second_region": region,
        "lost_entries": made.lost_entries,
        "rpo_seconds": made.rpo_seconds,
        "rto_ms": round(made.rto_seconds * 1000),
        "held": made.held,
    }
    keep(desk, made, action="backup.drill", details=details)
    page = record_page(made.content(), digest=made.digest, synthetic=desk.home.synthetic)
    keep_page(desk, page, of=made.digest, title="Backup drill")
    return made


def require_held(made: BackupDrill) -> None:
    """Refuse a drill that took longer, or lost more, than was asked.

    Raises:
        Refused: a limit was passed.
    """
    if not made.held:
        raise Refused(
            f"the backup was {made.rpo_seconds} s old (limit {made.rpo_limit_seconds}), the "
            f"restore took {made.rto_seconds:.1f} s (limit {made.rto_limit_seconds})",
            code="backup.drill",
            hint="Back up more often, or to a faster place.",
        )


def _of_snapshot(path: str) -> bool:
    return path.startswith("snapshots/")


def _younger(desk: Desk, backup: Backup) -> int:
    later = desk.home.ledger.entries(backup.entries)
    return sum(one.action != "backup.make" or one.subject != backup.digest for one in later)


def _note(desk: Desk, backup: Backup, *, action: str, details: Mapping[str, object]) -> None:
    with desk.home.database.transaction() as unit:
        note(desk, unit, action=action, subject=Subject.of(backup), details=details)


def told(made: Made) -> list[str]:
    """Return what people read of a backup."""
    backup = made.backup
    return [
        f"backup {short(backup.digest)}: {backup.entries} entries, {len(backup.files)} files",
        f"{made.new_files} files are new in the folder ({made.new_bytes:,} bytes)",
        f"the database ({backup.database}) was copied by its {backup.way} way",
        "no private key is in it: keep them apart with --keys-into",
    ]
