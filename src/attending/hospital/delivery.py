"""An extract before it is written, which a fault may change: tables, manifest, then bytes.

Control totals are stated after the tables were changed, as a source states them that believes in
its own rows; only damage to the bytes comes after them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.hospital.columns import INSTANT, instant_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from attending.types import Floats, Instant, Ints, Mask


@dataclass(frozen=True)
class Delivery:
    """What a source is about to write.

    Attributes:
        tables: by name; a cell of text is written as it stands.
        since: from when on a fault acts.
        until: the moment of the extract.
        site: the one site at which a local fault acts.
        manifest: what the manifest says otherwise than it would.
        planted: how many rows a fault changed, added or took away.
        damage: done to the folder once the manifest stands.
    """

    tables: Mapping[str, pa.Table]
    since: Instant
    until: Instant
    site: str
    rng: np.random.Generator
    manifest: Mapping[str, str] = field(default_factory=dict)
    planted: int = 0
    damage: tuple[Callable[[Path], None], ...] = ()

    def after(self, name: str, column: str) -> Mask:
        """Return which rows of a table lie at or after `since`."""
        return seconds(self.tables[name][column]) >= int(self.since.timestamp())

    def here(self, name: str) -> Mask:
        """Return which rows of a table are of the one site."""
        return same(self.tables[name]["site"], self.site)

    def some(self, where: Mask, share: float) -> Mask:
        """Return a random share of the rows that are true."""
        return np.asarray(where & (self.rng.random(len(where)) < share), dtype=np.bool_)

    def changed(self, name: str, column: str, *, where: Mask, to: pa.Array) -> Delivery:
        """Return the delivery with other cells in some rows; `to` has the table's length.

        A column of another kind becomes text.
        """
        table = self.tables[name]
        was = table[column]
        if was.type != to.type:
            was = as_text(was)
        place = table.schema.get_field_index(column)
        now = pc.if_else(pa.array(where), to, was)
        tables = {**self.tables, name: table.set_column(place, column, now)}
        return replace(self, tables=tables, planted=self.planted + int(where.sum()))

    def numbers(self, name: str, column: str, *, where: Mask, to: Floats) -> Delivery:
        """Return the delivery with other numbers in some rows; NaN is none."""
        return self.changed(
            name, column, where=where, to=pa.array(to, pa.float64(), from_pandas=True)
        )

    def words(self, name: str, column: str, *, where: Mask, to: str | Sequence[str]) -> Delivery:
        """Return the delivery with other words in some rows, the words taking turns."""
        cycle = [to] if isinstance(to, str) else list(to)
        turn = np.cumsum(where) % len(cycle)
        return self.changed(
            name, column, where=where, to=pa.array(cycle, pa.string()).take(pa.array(turn))
        )

    def moved(self, name: str, column: str, *, where: Mask, by: int | Ints) -> Delivery:
        """Return the delivery with some instants moved by seconds."""
        later = pa.array(seconds(self.tables[name][column]) + by).cast(INSTANT)
        present = np.asarray(self.tables[name][column].is_valid())
        return self.changed(name, column, where=where & present, to=later)

    def without(self, name: str, where: Mask) -> Delivery:
        """Return the delivery without some rows."""
        tables = {**self.tables, name: self.tables[name].filter(pa.array(~where))}
        return replace(self, tables=tables, planted=self.planted + int(where.sum()))

    def with_rows(self, name: str, rows: pa.Table) -> Delivery:
        """Return the delivery with more rows of a table, after those it has."""
        whole = pa.concat_tables([self.tables[name], rows.cast(self.tables[name].schema)])
        tables = {**self.tables, name: whole}
        return replace(self, tables=tables, planted=self.planted + rows.num_rows)


def seconds(column: pa.ChunkedArray) -> Ints:
    """Return instants as UTC seconds, 0 where null."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), 0), dtype=np.int64)


def values(column: pa.ChunkedArray) -> Floats:
    """Return numbers, NaN where null."""
    return np.asarray(pc.fill_null(column, float("nan")), dtype=np.float64)


def same(column: pa.ChunkedArray, *words: str) -> Mask:
    """Return where a column of text is one of the words."""
    found = pc.is_in(column, value_set=pa.array(words, pa.string()))
    return np.asarray(found, dtype=np.bool_)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as its file writes it."""
    if pa.types.is_timestamp(column.type):
        return pa.chunked_array([instant_text(column.combine_chunks())])
    return column.cast(pa.string())
