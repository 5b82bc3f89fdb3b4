"""Shards that have grown: a base file, later files of the same patients, and rows that ended.

Nothing is rewritten when a day's feed is appended. A reader puts the layers of a shard together:
rows of a later layer join their patients, and a row that a later delivery replaced or withdrew
carries that instant in `superseded_at`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.engines.tables import in_order, instants, micros, whole_numbers
from attending.records.events import ORDER, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attending.types import Ints

#: Rows that a later layer ended: which layer and shard they stand in, which row, and when.
ENDED = pa.schema(
    [
        pa.field("layer", pa.int32(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("ended_at", pa.timestamp("us"), nullable=False),
    ]
)
#: What is read of a layered shard beside what was asked for, so that it can be put together.
NEEDED = tuple(dict.fromkeys((*ORDER, "superseded_at")))
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class LayeredShard:
    """One shard of a snapshot that has grown.

    Attributes:
        number: which shard of the snapshot.
        files: its file in every layer, the base first.
        ended: the lists of ended rows of the layers after the base.
    """

    number: int
    files: tuple[Path, ...]
    ended: tuple[Path, ...]

    @property
    def name(self) -> str:
        """Return the name of the shard's file, which is one in all layers."""
        return self.files[0].name


def files_of(shard: Path | LayeredShard) -> tuple[Path, ...]:
    """Return every file that a shard is read from."""
    return (*shard.files, *shard.ended) if isinstance(shard, LayeredShard) else (shard,)


@dataclass(frozen=True)
class Ends:
    """Ended rows of one file: their places, rising, and from when they are superseded."""

    row: Ints
    at: Ints


def ends_of(shard: LayeredShard) -> tuple[Ends, ...]:
    """Return for every layer which of its rows have ended; the earliest end of a row counts."""
    lists = [pq.read_table(path, schema=ENDED) for path in shard.ended]
    table = pa.concat_tables([ENDED.empty_table(), *lists])
    table = table.filter(pc.equal(table["shard"], shard.number))
    layer, row = whole_numbers(table["layer"]), whole_numbers(table["row"])
    at = micros(table["ended_at"], null=_NEVER)
    order = np.lexsort((at, row, layer))
    layer, row, at = layer[order], row[order], at[order]
    first = np.ones(len(row), np.bool_)
    first[1:] = (row[1:] != row[:-1]) | (layer[1:] != layer[:-1])
    layer, row, at = layer[first], row[first], at[first]
    return tuple(Ends(row[layer == one], at[layer == one]) for one in range(len(shard.files)))


def with_ends(table: pa.Table, ends: Ends, places: Ints) -> pa.Table:
    """Return rows with their ends written in.

    Args:
        table: rows with `superseded_at`.
        ends: which places of the file have ended.
        places: each row's place in the file, rising.
    """
    at = np.searchsorted(places, ends.row)
    inside = at < len(places)
    inside[inside] = places[at[inside]] == ends.row[inside]
    if not inside.any():
        return table
    until = micros(table["superseded_at"], null=_NEVER).copy()
    until[at[inside]] = np.minimum(until[at[inside]], ends.at[inside])
    place = table.column_names.index("superseded_at")
    return table.set_column(place, "superseded_at", instants(until, null=_NEVER))


def together(base: Iterator[pa.Table], later: pa.Table) -> Iterator[pa.Table]:
    """Yield pieces of whole patients, rows of later layers among their patients.

    Args:
        base: pieces of whole patients in canonical order, patients rising.
        later: rows of later layers, in any order.
    """
    later = in_order(later)
    subjects = whole_numbers(later["subject_id"])
    start = 0
    for piece in base:
        last = piece["subject_id"][-1].as_py()
        stop = int(np.searchsorted(subjects, last, side="right"))
        yield _joined(piece, later.slice(start, stop - start))
        start = stop
    if start < later.num_rows:
        yield later.slice(start)


def _joined(piece: pa.Table, later: pa.Table) -> pa.Table:
    if not later.num_rows:
        return piece
    mine = pc.is_in(piece["subject_id"], value_set=pc.unique(later["subject_id"]))
    touched = in_order(pa.concat_tables([plain(piece.filter(mine)), later]))
    whole = pa.concat_tables([plain(piece.filter(pc.invert(mine))), touched])
    order = np.argsort(whole_numbers(whole["subject_id"]), kind="stable")
    return whole.take(pa.array(order))


def visible_at(table: pa.Table, at: int) -> pa.Table:
    """Return the rows that were known at an instant, as they stood then.

    Args:
        table: rows with `known_at` and `superseded_at`.
        at: microseconds since 1970, UTC.

    >>> times = [pa.array([1, 5], pa.timestamp("us")), pa.array([3, None], pa.timestamp("us"))]
    >>> rows = pa.table(times, ["known_at", "superseded_at"])
    >>> visible_at(rows, 2)["superseded_at"].to_pylist()
    [None]
    """
    table = table.filter(pa.array(micros(table["known_at"], null=_NEVER) <= at))
    until = micros(table["superseded_at"], null=_NEVER)
    place = table.column_names.index("superseded_at")
    stood = instants(np.where(until > at, _NEVER, until), null=_NEVER)
    return table.set_column(place, "superseded_at", stood)
