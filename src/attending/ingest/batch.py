"""What a source hands over for one of its tables: draft events, and the rows it set aside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from attending.ingest.merges import MERGES
from attending.records.events import EVENTS, QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.records.snapshot import Availability, Naming, SourceFile

#: Events before they are settled: every column may be null, and each row says which source row
#: it came of, because one source row may give several events.
DRAFT = pa.schema([*(item.with_nullable(True) for item in EVENTS), pa.field("row", pa.int64())])  # noqa: FBT003 - arrow's own signature
#: Source rows that withdraw what their record said before, and from when (null: not said).
GONE = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string()),
        pa.field("at", pa.timestamp("us")),
    ]
)
#: Merges and unmerges, and the source row that said each: its place, so that no id is kept. One
#: that no row said (a record without a link says that it is no longer merged) has none.
SAID_MERGES = pa.schema(
    [*MERGES, pa.field("source", pa.string()), pa.field("source_row", pa.string())]
)
#: Quarantined rows, with the source row each stands for.
ASIDE = pa.schema([*QUARANTINE, pa.field("row", pa.int64())])


@dataclass(frozen=True)
class Batch:
    """One source table, read: rows in = rows that gave events + duplicate + rejected + aside.

    Attributes:
        naming: how the source names the records of this table.
        gone: records that say nothing any longer, as `GONE` says.
        merges: what the table says of two records of one person, as `SAID_MERGES` says; such a
            table gives no events. None for all other tables.
    """

    table: str
    rows_in: int
    events: pa.Table
    aside: pa.Table
    duplicate: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    availability: tuple[Availability, ...] = ()
    naming: Naming = "content"
    gone: pa.Table = field(default_factory=GONE.empty_table)
    merges: pa.Table | None = None


@dataclass(frozen=True)
class Origin:
    """What a source says of itself, before any row is read.

    Attributes:
        files: that were found in its folder.
        besides: what says how they are read, and does not lie among them.
    """

    system: str
    version: str
    time_zone: str
    site_zones: Mapping[str, str] = field(default_factory=dict)
    synthetic: bool = False
    seed: int | None = None
    files: tuple[SourceFile, ...] = ()
    besides: tuple[SourceFile, ...] = ()
