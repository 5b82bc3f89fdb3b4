"""Quarantine: what was not let into snapshots, by table and reason, with its age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.digests import digest_file
from attending.errors import IntegrityBroken
from attending.lifecycle.ingesting import held, snapshots
from attending.records.snapshot import Snapshot
from attending.times import HOUR, to_micros

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.types import Instant


@dataclass(frozen=True)
class Waiting:
    """How many rows of one source table are quarantined in a snapshot for one reason."""

    snapshot: str
    source: str
    reason: str
    rows: int
    since: Instant
    age_hours: float


def waiting(desk: Desk, name: str = "") -> tuple[Waiting, ...]:
    """Return what is quarantined in one snapshot, or in all: oldest snapshot first.

    Raises:
        NotFound: no such snapshot.
        IntegrityBroken: a file of quarantined rows is not the one that was written.
    """
    chosen = (held(desk, name),) if name else snapshots(desk)
    made = {line.digest: line.made_at for line in desk.home.catalog.list(Snapshot.kind)}
    return tuple(item for one in chosen for item in _of(desk, one, since=made[one.digest]))


def _of(desk: Desk, one: Held, *, since: Instant) -> list[Waiting]:
    counted = rows_of(one).group_by(["source", "reason"]).aggregate([([], "count_all")])
    ordered = counted.sort_by([("source", "ascending"), ("reason", "ascending")])
    age = (to_micros(desk.at) - to_micros(since)) / HOUR
    return [
        Waiting(one.digest, row["source"], row["reason"], row["count_all"], since, round(age, 2))
        for row in ordered.to_pylist()
    ]


def rows_of(one: Held, *, reason: str = "", source: str = "") -> pa.Table:
    """Return the quarantined rows of a snapshot: source, row, code and reason, never a value.

    Args:
        one: the snapshot.
        reason: only rows of this reason.
        source: only rows of this source table.

    Raises:
        IntegrityBroken: the file is not the one that was written.
    """
    kept = one.snapshot.quarantine
    path = one.folder / kept.name
    if not path.is_file() or path.is_symlink() or digest_file(path) != kept.digest:
        raise IntegrityBroken(
            "the quarantined rows are not those that were written",
            code="quarantine.changed",
            hint="Run `attending fsck`, and restore the snapshot from a backup.",
            where=kept.name,
        )
    table = pq.read_table(path)
    for column, wanted in (("reason", reason), ("source", source)):
        if wanted:
            table = table.filter(pc.equal(table[column], wanted))
    return table
