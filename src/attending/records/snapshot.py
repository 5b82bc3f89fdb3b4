"""What ingest leaves: an immutable snapshot of events, its account, and what was assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from pydantic import Field

from attending.records.base import Part, Record, When

if TYPE_CHECKING:
    from collections.abc import Iterable

#: How a source names its records: by a name that stays, by a name that ends in `/VERSION`, or not
#: at all, so that a record is what it says.
Naming: TypeAlias = Literal["named", "versioned", "content"]


class Shard(Part):
    """One Parquet file; all rows of a subject stand in one shard."""

    name: str
    digest: str
    rows: int
    subjects: int


class TableAccount(Part):
    """Where every row of one source table went.

    `events` counts rows of the event table, `early` those whose source stored them before they
    happened: they count as known when they happened.
    """

    table: str
    rows_in: int
    accepted: int
    quarantined: int
    rejected: int
    duplicate: int
    events: int
    early: int = 0

    def plus(self, other: TableAccount) -> TableAccount:
        """Return the account of two parts of one table."""
        counts = (name for name in TableAccount.model_fields if name != "table")
        sums = {name: getattr(self, name) + getattr(other, name) for name in counts}
        return self.model_copy(update=sums)

    @property
    def balanced(self) -> bool:
        """Return whether every row is accounted for."""
        return self.rows_in == self.accepted + self.quarantined + self.rejected + self.duplicate


class IngestAccount(Part):
    """Where every source row went: in = accepted + quarantined + rejected + duplicate.

    >>> row = {"table": "labs", "rows_in": 3, "accepted": 2, "quarantined": 1}
    >>> row |= {"rejected": 0, "duplicate": 0, "events": 2}
    >>> why = {"unknown_unit": 1}
    >>> account = IngestAccount(tables=(TableAccount(**row),), quarantined_by_reason=why)
    >>> account.rows_in, account.quarantined, account.balanced
    (3, 1, True)
    """

    tables: tuple[TableAccount, ...]
    quarantined_by_reason: dict[str, int] = Field(default_factory=dict)
    rejected_by_reason: dict[str, int] = Field(default_factory=dict)

    def _total(self, field: str) -> int:
        return sum(getattr(table, field) for table in self.tables)

    @property
    def rows_in(self) -> int:
        """Return how many rows the source had."""
        return self._total("rows_in")

    @property
    def accepted(self) -> int:
        """Return how many source rows became events."""
        return self._total("accepted")

    @property
    def quarantined(self) -> int:
        """Return how many source rows are kept beside the snapshot with a reason."""
        return self._total("quarantined")

    @property
    def rejected(self) -> int:
        """Return how many source rows say nothing, by a named rule."""
        return self._total("rejected")

    @property
    def duplicate(self) -> int:
        """Return how many source rows were said before, word for word."""
        return self._total("duplicate")

    @property
    def events(self) -> int:
        """Return how many rows of the event table came of them."""
        return self._total("events")

    @property
    def balanced(self) -> bool:
        """Return whether every row of every table is accounted for."""
        reasons = sum(self.quarantined_by_reason.values()) == self.quarantined
        return reasons and all(table.balanced for table in self.tables)


class Availability(Part):
    """When rows of a table, or of a code prefix in it, count as known, and whether we assumed it.

    `rule` is `recorded`, `same`, `end_of_day`, `lag:24h`, `encounter_end+3d` or `never`.
    """

    table: str
    rule: str
    assumed: bool
    code: str | None = None
    rows: int = 0


def added_up(parts: Iterable[Availability]) -> tuple[Availability, ...]:
    """Return availability with the rows of equal rules added up, in the order of mention."""
    rows: dict[tuple[str, str, bool, str | None], int] = {}
    for item in parts:
        key = (item.table, item.rule, item.assumed, item.code)
        rows[key] = rows.get(key, 0) + item.rows
    return tuple(
        Availability(table=table, rule=rule, assumed=assumed, code=code, rows=count)
        for (table, rule, assumed, code), count in rows.items()
    )


class SourceFile(Part):
    """A file that was read, and the digest of its bytes."""

    name: str
    digest: str


class Quarantine(Part):
    """The rows that were kept beside the snapshot."""

    name: str
    digest: str
    rows: int


class Ended(Part):
    """The rows of earlier layers that a delivery ended."""

    name: str
    digest: str
    rows: int


class Merges(Part):
    """What was said of two records of one person.

    The file holds what the newest delivery said; the counts are of all layers.

    Attributes:
        merged: merges that were said.
        undone: unmerges that were said.
        waiting: those of either kind that wait until both patients are known.
        in_force: records whose facts are another's now.
        births_differ: merged records whose birth was not that of the one that was kept.
    """

    name: str
    digest: str
    rows: int
    merged: int
    undone: int
    waiting: int
    in_force: int
    births_differ: int


class Moved(Part):
    """The rows of a layer that stand with another patient than the source said."""

    name: str
    digest: str
    rows: int


class Snapshot(Record):
    """An immutable folder of events. Its digest is its id.

    `first_time` and `last_time` leave births out; `watermark` is the latest `known_at`. One that
    has grown holds only its newest delivery: `layers` are the snapshots under it, the base first;
    `rows` and `subjects` count all layers, `shards`, `account` and `files` the newest one.

    Attributes:
        naming: how each source names its records, so that a later delivery finds them again.
        delivered_at: when the newest delivery came.
        compacted: the snapshot whose layers were folded into this one.
        merges: what was said of two records of one person.
        moved: rows of this layer that are another's because of it.
        dates_shifted: whether each patient's instants were moved by a secret number of weeks, so
            that no calendar holds across patients.
    """

    kind: ClassVar[str] = "snapshot"

    kind_of_source: str
    source_system: str
    source_version: str
    time_zone: str
    site_zones: dict[str, str] = Field(default_factory=dict)
    synthetic: bool = False
    seed: int | None = None
    contract_digest: str | None = None
    shards: tuple[Shard, ...]
    rows: int
    subjects: int
    first_time: When | None = None
    last_time: When | None = None
    watermark: When | None = None
    account: IngestAccount
    availability: tuple[Availability, ...] = ()
    quarantine: Quarantine
    files: tuple[SourceFile, ...] = ()
    warnings: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    ended: Ended | None = None
    naming: dict[str, Naming] = Field(default_factory=dict)
    delivered_at: When | None = None
    compacted: str | None = None
    merges: Merges | None = None
    moved: Moved | None = None
    dates_shifted: bool = False

    @property
    def real_clock(self) -> bool:
        """Return whether times are real UTC; floating and relative ones cannot pass validation."""
        return self.time_zone not in {"floating", "relative"}

    @property
    def assumed_tables(self) -> tuple[str, ...]:
        """Return the source tables whose rows count as known by an assumption, not a record."""
        return tuple(sorted({item.table for item in self.availability if item.assumed}))

    def declared_availability(self) -> dict[str, str]:
        """Return the availability rule of every source table or code prefix.

        A table with two rules keeps the one that was recorded, as it covers most of its rows.
        """
        found: dict[str, str] = {}
        for item in self.availability:
            found.setdefault(item.code or item.table, item.rule)
        return found
