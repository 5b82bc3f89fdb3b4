"""Read the tables of a mapped source that say which patients were merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.blocks import blocks
from attending.ingest.cells import INSTANT
from attending.ingest.mapped_times import Times, by_then, read_moment
from attending.ingest.rows import Rows
from attending.ingest.said_merges import GONE_ID, KEPT_ID, said_merges

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attending.ingest.batch import Batch
    from attending.ingest.blocks import Block
    from attending.ingest.cells import Column
    from attending.ingest.pseudonyms import Pseudonyms
    from attending.specs.mapping import MappingSpec, MergeMap, Moment


def mapped_merges(
    spec: MappingSpec, table: MergeMap, folder: Path, *, keys: Pseudonyms
) -> Iterator[Batch]:
    """Yield a batch for every block of a table of merges.

    Raises:
        NotFound: there is no such file.
        BadInput: a column is missing, or the file is not a table.
        Truncated: it ends too early.
    """
    for block in blocks(folder, table, columns=table.columns):
        yield _batch(spec, table, block, keys=keys)


def _batch(spec: MappingSpec, table: MergeMap, block: Block, *, keys: Pseudonyms) -> Batch:
    cells = block.cells
    pair = pa.Table.from_arrays([cells[table.gone], cells[table.kept]], names=[GONE_ID, KEPT_ID])
    rows = Rows(spec.system, table.name, pair, odd_lines=block.odd_lines, start=block.start)
    at, late = (_read(cells, one, zone=spec.time_zone) for one in (table.at, table.undone_at))
    # What cannot be read is no unmerge that never came: the row is set aside with its time.
    unread = pa.array(late.unreadable | late.gap | late.repeated)
    return said_merges(
        rows,
        at=pc.if_else(unread, pa.scalar(None, INSTANT), by_then(at)),
        undone_at=by_then(late),
        undone=_undone(cells, table),
        keys=keys,
    )


def _read(cells: pa.Table, moment: Moment | None, *, zone: str) -> Times:
    if moment is not None:
        return read_moment(cells, moment, zone=zone, ranks=None)
    never = pa.array([False] * cells.num_rows, pa.bool_()).to_numpy(zero_copy_only=False)
    nothing = pa.chunked_array([pa.nulls(cells.num_rows, INSTANT)])
    return Times(nothing, never, never, never, never)


def _undone(cells: pa.Table, table: MergeMap) -> Column:
    where = table.undone
    if where is None:
        return pa.chunked_array([pa.array([False] * cells.num_rows, pa.bool_())])
    words = pa.array(list(where.among or where.besides), pa.string())
    inside = pc.is_in(cells[where.column], value_set=words)
    return inside if where.among else pc.invert(inside)
