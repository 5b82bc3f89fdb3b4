"""What recovery leaves: the list of what a backup holds, and what a drill measured."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from attending.records.base import Part, Record, When
from attending.records.ledger import Hash  # noqa: TC001 - pydantic reads it at run time


class BackupFile(Part):
    """One file of a home: where it rests there, and the digest by which the backup holds it."""

    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/@+-]*$", max_length=500)]
    digest: Hash
    bytes: Annotated[int, Field(ge=0)]


class Backup(Record):
    """The signed list of everything that a backup holds, and what it must count to.

    Attributes:
        region: where the folder of backups stands.
        database: the kind of database that the rows came from.
        way: `online` (SQLite's own online backup) or `logical` (row by row, one state throughout).
        entries, root: the size of the ledger and its Merkle root, as the copy has them.
        tables: how many rows each table has.
        public_keys: that may have signed checkpoints, the present one first.
    """

    kind: ClassVar[str] = "backup"

    home_id: str
    at: When
    region: str
    database: Literal["sqlite", "postgresql"]
    way: Literal["online", "logical"]
    schema_version: int
    entries: int
    root: Hash
    tables: dict[str, int]
    files: tuple[BackupFile, ...]
    public_keys: tuple[Hash, ...]


class BackupDrill(Record):
    """A restore that was tried, in a second place: what came back, and how long it took.

    Attributes:
        lost_entries: how many ledger entries were younger than the backup.
        rpo_seconds: the age of the backup at the drill: what was done since would be lost.
        rto_seconds: from the start of the restore until all was verified.
        rpo_limit_seconds, rto_limit_seconds: what was asked.
    """

    kind: ClassVar[str] = "backup_drill"

    backup: Hash
    region: str
    second_region: str
    entries: int
    lost_entries: int
    artifacts: int
    snapshots: int
    rows: int
    bytes: int
    rpo_seconds: int
    rto_seconds: float
    rpo_limit_seconds: int
    rto_limit_seconds: int

    @property
    def held(self) -> bool:
        """Return whether both limits were kept."""
        in_time = self.rto_seconds <= self.rto_limit_seconds
        return in_time and self.rpo_seconds <= self.rpo_limit_seconds
