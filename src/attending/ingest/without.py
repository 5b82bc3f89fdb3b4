"""A snapshot without some patients: the same events of everybody else, in one layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.ingest.build import write_manifest
from attending.ingest.fold import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from attending.records.snapshot import Snapshot

#: Columns of any file of a home by which a patient is named.
NAMES = ("subject_id", "said_of", "gone", "kept")


def rows_of_patients(path: Path | pa.BufferReader, patients: Sequence[int]) -> int:
    """Return how many rows of a Parquet file name one of some patients; 0 where none can."""
    file = pq.ParquetFile(path)
    names = [
        field.name
        for field in file.schema_arrow
        if field.name in NAMES and pa.types.is_integer(field.type)
    ]
    if not names:
        return 0
    found = 0
    for batch in file.iter_batches(columns=names, batch_size=1 << 17):
        found += pc.sum(_named(pa.table(batch), patients)).as_py() or 0
    return found


def without(  # noqa: PLR0913 - what `fold` takes, and who is left out
    layers: Sequence[Snapshot],
    folders: Sequence[Path],
    patients: Sequence[int],
    *,
    out: Path,
    rows_of: Callable[[int], pa.Table],
    released: Mapping[str, pa.Table],
    merges: pa.Table,
) -> Snapshot:
    """Return the manifest of one layer that holds all but some patients, after writing it.

    The account stays that of the deliveries: what came in did come in.

    Args:
        layers: the snapshots, the base first.
        folders: where each lies.
        patients: pseudonyms.
        out: an empty folder that the caller made.
        rows_of: gives the rows of a shard, put together from all layers.
        released: the rows that a layer let out of quarantine, by the digest of that layer.
        merges: all that was said of merges.
    """
    folded = fold(
        layers,
        folders,
        out=out,
        rows_of=lambda shard: _others(rows_of(shard), patients),
        released=released,
        merges=_others(merges, patients),
    )
    made = folded.model_copy(
        update={
            "rows": sum(one.rows for one in folded.shards),
            "subjects": sum(one.subjects for one in folded.shards),
        }
    )
    write_manifest(made, out)
    return made


def _others(table: pa.Table, patients: Sequence[int]) -> pa.Table:
    return table.filter(pc.invert(_named(table, patients)))


def _named(table: pa.Table, patients: Iterable[int]) -> pa.ChunkedArray:
    """Return which rows name one of some patients."""
    whose = pa.array(patients, pa.int64())
    masks = [
        pc.is_in(table[name].cast(pa.int64()), value_set=whose)
        for name in NAMES
        if name in table.column_names
    ]
    named = masks[0]
    for mask in masks[1:]:
        named = pc.or_(named, mask)
    return pc.fill_null(named, fill_value=False)
