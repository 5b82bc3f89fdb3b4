"""Read held rows with whose the source said they are; of some patients, only their row groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.engines.layers import ENDED, Ends, with_ends
from attending.engines.tables import micros, whole_numbers
from attending.ingest.merges import NEVER
from attending.ingest.moving import SAID
from attending.records.events import BIRTH, EVENTS, MERGED_BIRTH, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from attending.types import Ints

#: Rows of a layer that stand with another patient than the source said, and whose it said.
MOVED = pa.schema(
    [
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("said_of", pa.int64(), nullable=False),
    ]
)
#: A held row, whose the source said it is, and where it stands.
PLACED = pa.schema([*SAID, *(ENDED.field(name) for name in ("layer", "shard", "row"))])


@dataclass(frozen=True)
class MovedRows:
    """Places in one file, rising, of rows that are another's, and whose the source said."""

    row: Ints
    said_of: Ints

    @classmethod
    def of(cls, moved: pa.Table, shard: int) -> MovedRows:
        """Return those of one shard of a layer's list."""
        mine = moved.filter(pc.equal(moved["shard"], shard))
        row, said = whole_numbers(mine["row"]), whole_numbers(mine["said_of"])
        order = np.argsort(row)
        return cls(row[order], said[order])

    def said(self, subjects: Ints, start: int) -> Ints:
        """Return whose the source said that rows are, which begin at a place of the file."""
        low, high = np.searchsorted(self.row, [start, start + len(subjects)])
        said = subjects.copy()
        said[self.row[low:high] - start] = self.said_of[low:high]
        return said


def as_said(events: pa.Table, moved: MovedRows, start: int) -> pa.Table:
    """Return events as the source said them: of its patients, births by their own code."""
    if not len(moved.row):
        return events
    said = pa.array(moved.said(whole_numbers(events["subject_id"]), start))
    birth = pc.equal(events["code"], MERGED_BIRTH)
    code = pc.if_else(birth, pa.scalar(BIRTH), events["code"].cast(pa.string()))
    for name, column in (("subject_id", said), ("code", code)):
        events = events.set_column(events.column_names.index(name), name, column)
    return events


@dataclass(frozen=True)
class HeldRows:
    """The rows of all layers of a snapshot.

    Attributes:
        files: by layer, then by shard.
        moved: the list of moved rows of each layer, as `MOVED` says.
        merges: all that was said, as `MERGES` says.
    """

    files: Sequence[Sequence[Path]]
    moved: Sequence[pa.Table]
    merges: pa.Table

    def of(self, patients: Ints, *, ended: pa.Table) -> pa.Table:
        """Return the rows that the source said of some patients, as `PLACED` says.

        Args:
            patients: sorted.
            ended: all rows that later layers ended, as `ENDED` says.
        """
        found = [PLACED.empty_table()]
        if len(patients):
            for layer, files in enumerate(self.files):
                for shard in range(len(files)):
                    found += self._part(layer, shard, patients=patients, ended=ended)
        return pa.concat_tables(found)

    def whole(self, shard: int, *, ended: pa.Table) -> pa.Table:
        """Return all rows of a shard, of all layers, as `SAID` says."""
        found = [SAID.empty_table()]
        for layer in range(len(self.files)):
            found += [
                one.select(SAID.names)
                for one in self._part(layer, shard, patients=None, ended=ended)
            ]
        return pa.concat_tables(found)

    def born_at(self, places: pa.Table, *, patients: Ints) -> list[int]:
        """Return those of some patients of whom a birth stands at some places.

        Args:
            places: with `layer`, `shard` and `row`.
            patients: sorted; where none of them can be, nothing is read.
        """
        found: list[int] = []
        for layer, files in enumerate(self.files):
            for shard, path in enumerate(files):
                here = places.filter(_at(places, layer, shard))
                if here.num_rows:
                    rows = np.sort(whole_numbers(here["row"]))
                    moved = MovedRows.of(self.moved[layer], shard)
                    likely = patients[patients % len(files) == shard]
                    found += _born(pq.ParquetFile(path), moved, rows=rows, likely=likely)
        return found

    def _part(
        self, layer: int, shard: int, *, patients: Ints | None, ended: pa.Table
    ) -> Iterator[pa.Table]:
        file = pq.ParquetFile(self.files[layer][shard])
        moved = MovedRows.of(self.moved[layer], shard)
        ends = _ends(ended, layer, shard)
        likely, places = None, moved.row
        if patients is not None:
            likely = patients[patients % len(self.files[layer]) == shard]
            places = moved.row[np.isin(moved.said_of, patients)]
        for group, start, stop in _groups(file, likely, places):
            table = plain(file.read_row_group(group, columns=EVENTS.names))
            said = moved.said(whole_numbers(table["subject_id"]), start)
            table = with_ends(table, ends, np.arange(start, stop))
            columns = [pa.array(said), *_where(layer, shard, span=(start, stop))]
            table = pa.Table.from_arrays([*table.columns, *columns], schema=PLACED)
            yield table if patients is None else table.filter(pa.array(np.isin(said, patients)))


def _where(layer: int, shard: int, *, span: tuple[int, int]) -> Iterator[pa.Array]:
    start, stop = span
    for number in (layer, shard):
        yield pa.array(np.full(stop - start, number, np.int32))
    yield pa.array(np.arange(start, stop))


def _at(places: pa.Table, layer: int, shard: int) -> pa.ChunkedArray:
    return pc.and_(pc.equal(places["layer"], layer), pc.equal(places["shard"], shard))


def _born(file: pq.ParquetFile, moved: MovedRows, *, rows: Ints, likely: Ints) -> Iterator[int]:
    """Yield of whom the source said the births at some rows of a file are."""
    for group, start, stop in _groups(file, likely, moved.row):
        low, high = np.searchsorted(rows, [start, stop])
        if low < high:
            table = file.read_row_group(group, columns=["subject_id", "code"])
            said = moved.said(whole_numbers(table["subject_id"]), start)
            places = rows[low:high] - start
            codes = table["code"].take(pa.array(places))
            births = np.asarray(pc.is_in(codes, value_set=pa.array([BIRTH, MERGED_BIRTH])))
            yield from said[places[births]].tolist()


def _ends(ended: pa.Table, layer: int, shard: int) -> Ends:
    """Return the ends of one file, the earliest of each row, rising."""
    mine = ended.filter(_at(ended, layer, shard))
    row, at = whole_numbers(mine["row"]), micros(mine["ended_at"], null=NEVER)
    order = np.lexsort((at, row))
    places, first = np.unique(row[order], return_index=True)
    return Ends(places, at[order][first])


def _groups(
    file: pq.ParquetFile, patients: Ints | None, places: Ints
) -> Iterator[tuple[int, int, int]]:
    """Yield the row groups that may hold some patients or places, with their span of rows."""
    column = EVENTS.get_field_index("subject_id")
    start = 0
    for group in range(file.num_row_groups):
        told = file.metadata.row_group(group)
        stop = start + told.num_rows
        span = told.column(column).statistics
        if (
            patients is None
            or span is None
            or np.any((patients >= span.min) & (patients <= span.max))
            or np.any((places >= start) & (places < stop))
        ):
            yield group, start, stop
        start = stop
