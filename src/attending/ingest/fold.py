"""Fold the layers of a snapshot that has grown into one: the same events, the sum of accounts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from attending.ingest.build import write_manifest, write_quarantine
from attending.ingest.merging import write_merges, write_moved
from attending.ingest.quarantine import CLOSED, by_reason, matched, of_delivery
from attending.ingest.shards import write_shard
from attending.records.snapshot import IngestAccount, TableAccount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from attending.records.snapshot import Snapshot


def fold(
    layers: Sequence[Snapshot],
    folders: Sequence[Path],
    *,
    out: Path,
    rows_of: Callable[[int], pa.Table],
    released: Mapping[str, pa.Table],
    merges: pa.Table,
) -> Snapshot:
    """Return the manifest of one layer that holds what all of them held, after writing it.

    Args:
        layers: the snapshots, the base first.
        folders: where each lies.
        out: an empty folder that the caller made.
        rows_of: gives the rows of a shard, put together from all layers, with whose the source
            said they are (`SAID`).
        released: the rows that a layer let out of quarantine, by the digest of that layer.
        merges: all that was said of merges.
    """
    top = layers[-1]
    written = [write_shard(rows_of(number), out, number) for number in range(len(top.shards))]
    counts = top.merges.model_dump(exclude={"name", "digest", "rows"}) if top.merges else {}
    said = write_merges(merges, out).model_copy(update=counts) if top.merges else None
    gone = pa.concat_tables([CLOSED.empty_table(), *released.values()])
    aside = []
    for one, folder in zip(layers, folders, strict=True):
        rows = pq.read_table(folder / one.quarantine.name)
        out_of_it = matched(rows, of_delivery(gone, one.digest))
        aside.append(rows.filter(pa.array(~out_of_it)))
    folded = top.model_copy(
        update={
            "shards": tuple(shard for shard, _ in written),
            "merges": said,
            "moved": write_moved(pa.concat_tables([moved for _, moved in written]), out),
            "layers": (),
            "ended": None,
            "delivered_at": None,
            "compacted": top.digest,
            "account": _sum([_moved(one, released.get(one.digest)) for one in layers]),
            "files": tuple(file for one in layers for file in one.files),
            "warnings": tuple(dict.fromkeys(word for one in layers for word in one.warnings)),
            "quarantine": write_quarantine(out, aside),
        }
    )
    write_manifest(folded, out)
    return folded


def _moved(layer: Snapshot, released: pa.Table | None) -> IngestAccount:
    """Return what a layer adds to the account; rows that it released were counted before."""
    if released is None:
        return layer.account
    tables = tuple(
        one.model_copy(update={"rows_in": 0, "quarantined": -one.rows_in})
        for one in layer.account.tables
    )
    reasons = {reason: -rows for reason, rows in by_reason(released).items()}
    return layer.account.model_copy(update={"tables": tables, "quarantined_by_reason": reasons})


def _sum(accounts: Sequence[IngestAccount]) -> IngestAccount:
    """Return one account: tables of one name add up, and so do reasons."""
    tables: dict[str, TableAccount] = {}
    quarantined: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for account in accounts:
        quarantined.update(account.quarantined_by_reason)
        rejected.update(account.rejected_by_reason)
        for one in account.tables:
            tables[one.table] = tables[one.table].plus(one) if one.table in tables else one
    return IngestAccount(
        tables=tuple(tables.values()),
        quarantined_by_reason=dict(sorted((+quarantined).items())),
        rejected_by_reason=dict(sorted(rejected.items())),
    )
