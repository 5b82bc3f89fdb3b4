"""From the tables of an older version to ours: a backup first, then all in one transaction.

Who is killed on the way leaves the old store and a whole backup; two who migrate at once do it
once, for both hold the ledger's end.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING

from sqlalchemy import select

from attending.digests import digest_file
from attending.errors import DependencyDown
from attending.records.ledger import Subject
from attending.stores.chain import Act
from attending.stores.connections import writing
from attending.stores.copies import back_up_store
from attending.stores.database import inspected, schema_of
from attending.stores.deployments import first_terms
from attending.stores.files import io_refused, sync_folder
from attending.stores.refusals import translated
from attending.stores.revisions import OLDEST, mark, upgrade
from attending.stores.tables import ANSWERING, META, SCHEMA_VERSION
from attending.stores.unit import Unit, hold_chain
from attending.times import format_instant

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from attending.types import Instant


@dataclass(frozen=True)
class Migrated:
    """What a migration did.

    Attributes:
        before: the version that the tables had.
        after: the version that they have now.
        backup: the SQLite file that holds the store as it was before.
    """

    before: int
    after: int
    backup: Path


def migrate(address: str, *, at: Instant, backups: Path) -> Migrated | None:
    """Return what was done to bring a store's tables to our version; None when they are of it.

    Args:
        address: of the store's database.
        at: when.
        backups: the folder for the copy that is made first.

    Raises:
        DependencyDown: the tables are newer than ours, older than any that we know, or the
            database or the folder of backups fails.
        IntegrityBroken: the store does not say what it is.
    """
    engine, meta = inspected(address)
    try:
        _check_known(schema_of(meta))
        with translated(), writing(engine).begin() as connection:
            unit = Unit(connection, hold_chain(connection, meta["ledger_id"]))
            found = _version(connection)
            if found == SCHEMA_VERSION:
                return None
            backup = _back_up(address, backups, found=found, at=at)
            mark(connection, version=found)
            upgrade(connection, to=SCHEMA_VERSION)
            if found < 3:
                unit.insert(ANSWERING, first_terms(unit))
            _note(unit, meta["ledger_id"], at=at, found=found, backup=backup)
            said = META.update().where(META.c.key == "schema").values(value=str(SCHEMA_VERSION))
            connection.execute(said)
    finally:
        engine.dispose()
    return Migrated(before=found, after=SCHEMA_VERSION, backup=backup)


def _note(unit: Unit, ledger_id: str, *, at: Instant, found: int, backup: Path) -> None:
    subject = Subject(kind="home", digest=ledger_id)
    details = {"before": found, "after": SCHEMA_VERSION, "backup": digest_file(backup)}
    unit.append(Act(at=at, actor="system", action="store.migrate", subject=subject), details)
    unit.finish()


def _version(connection: Connection) -> int:
    return schema_of({row.key: row.value for row in connection.execute(select(META))})


def _check_known(found: int) -> None:
    if OLDEST <= found <= SCHEMA_VERSION:
        return
    raise DependencyDown(
        f"the store has tables of version {found}, this program migrates {OLDEST} to "
        f"{SCHEMA_VERSION}",
        code="store.schema",
        hint="Use the program that wrote it.",
    )


def _back_up(address: str, folder: Path, *, found: int, at: Instant) -> Path:
    stamp = format_instant(at).replace(":", "")
    with io_refused():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(1, 1000):
            path = folder / f"store-{found}-{stamp}-{number}.db"
            if not path.exists():
                break
        back_up_store(address, path)
        sync_folder(folder)
    return path
