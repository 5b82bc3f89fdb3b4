"""One source table on its way to events: what is left of it, and what was set aside and why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.batch import ASIDE, DRAFT, GONE, Batch
from attending.ingest.cells import Column, instants, is_true, numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.snapshot import Availability, Naming
    from attending.types import Ints, Mask

_ROW = "#row"
#: Characters of the name of a row, or of a code; a longer one is no name.
LONGEST_NAME = 1024


class Rows:
    """The rows of one source table that are still in play; every cell is text.

    Args:
        source: the system's name; with the table's name it becomes the event's source.
        table: the columns, as text.
        odd_lines: lines that had another number of cells: rejected.
        named_by: columns whose text names a row in its source; its place in the file when none.
        versioned: whether the last of them is the version of a record.
        start: the place in its file of the first row, where a file is read in parts.

    >>> rows = Rows("lab", "results", pa.table({"id": ["a", "a", "b"], "v": ["1", "1", None]}))
    >>> rows.drop_repeated(["id"])
    >>> rows.quarantine(rows.missing("v"), "no_value")
    >>> rows.left, rows.duplicate, rows.batch([]).aside.num_rows
    (1, 1, 1)
    """

    def __init__(  # noqa: PLR0913 - a table, and how its rows are named
        self,
        system: str,
        name: str,
        table: pa.Table,
        *,
        odd_lines: int = 0,
        named_by: Sequence[str] = (),
        versioned: bool = False,
        start: int = 0,
    ) -> None:
        self.name = name
        self.source = f"{system}/{name}"
        self.rows_in = table.num_rows + odd_lines
        self.duplicate = 0
        self._named_by = tuple(named_by)
        self._rejected: Counter[str] = Counter({"odd_line": odd_lines} if odd_lines else {})
        self._aside: list[pa.Table] = []
        self._gone: list[pa.Table] = []
        self._versioned = versioned
        self._table = table.append_column(_ROW, pa.array(np.arange(start, start + table.num_rows)))

    @property
    def left(self) -> int:
        """Return how many rows are still in play."""
        return int(self._table.num_rows)

    @property
    def places(self) -> Ints:
        """Return the places in their file of the rows that are still in play, ascending."""
        return np.asarray(self._table[_ROW], dtype=np.int64)

    @property
    def table(self) -> pa.Table:
        """Return the cells of the rows that are still in play."""
        return self._table.drop_columns([_ROW])

    def drop(self, where: Mask) -> None:
        """Take out rows that were said before, and count them."""
        count = int(where.sum())
        if count:
            self.duplicate += count
            self._table = self._table.filter(pa.array(~where))

    def has(self, column: str) -> bool:
        """Return whether the table has a column."""
        return column in self._table.column_names

    def text(self, column: str) -> Column:
        """Return a column as text."""
        return self._table[column]

    def number(self, column: str) -> Column:
        """Return a column as numbers, null where the text is none."""
        return numbers(self._table[column])

    def instant(self, column: str) -> Column:
        """Return a column as instants, null where the text is none."""
        return instants(self._table[column])

    def missing(self, *columns: str) -> Mask:
        """Return where any of the columns has no text."""
        masks = [is_true(self._table[column].is_null()) for column in columns]
        return np.asarray(np.logical_or.reduce(masks), dtype=np.bool_)

    def named(self) -> Column:
        """Return each row's name in its source."""
        if not self._named_by:
            return self._table[_ROW].cast(pa.string())
        parts = [pc.fill_null(self._table[column], "") for column in self._named_by]
        return pc.binary_join_element_wise(*parts, "/")

    def reject(self, where: Mask, reason: str) -> None:
        """Take out rows that say nothing, and count them under the rule's name."""
        count = int(where.sum())
        if count:
            self.withdraw(where)
            self._rejected[reason] += count
            self._table = self._table.filter(pa.array(~where))

    def withdraw(self, where: Mask, *, at: Column | None = None) -> None:
        """Say that rows withdraw what their record said in an earlier delivery, and from when."""
        if not self._named_by or not where.any():
            return
        mask = pa.array(where)
        count = int(where.sum())
        moments = pa.nulls(count, pa.timestamp("us")) if at is None else at.filter(mask)
        names = [pa.repeat(pa.scalar(self.source), count), self.named().filter(mask), moments]
        self._gone.append(pa.Table.from_arrays(names, schema=GONE))

    def quarantine(self, where: Mask, reason: str, *, code: Column | None = None) -> None:
        """Take out rows that cannot be trusted, and keep where they came from and why."""
        count = int(where.sum())
        if not count:
            return
        mask = pa.array(where)
        codes = pa.nulls(count, pa.string()) if code is None else code.filter(mask)
        self._aside.append(
            aside_table(
                self.source,
                named=self.named().filter(mask),
                code=codes,
                reason=reason,
                row=self._table[_ROW].filter(mask),
            )
        )
        self._table = self._table.filter(pa.array(~where))

    def drop_repeated(self, key: Sequence[str] = ()) -> None:
        """Take out rows said before, word for word; one id with two contents is quarantined."""
        columns = [name for name in self._table.column_names if name != _ROW]
        whole = self._first_of(columns)
        if len(whole) < self.left:
            self.duplicate += self.left - len(whole)
            self._table = self._table.take(pa.array(whole))
        if key:
            firsts = np.zeros(self.left, dtype=np.bool_)
            firsts[self._first_of(list(key))] = True
            self.quarantine(~firsts, "id_reused")

    def _first_of(self, columns: list[str]) -> Any:  # noqa: ANN401 - positions, ascending
        place = pa.array(np.arange(self.left))
        grouped = self._table.select(columns).append_column("#place", place)
        firsts = grouped.group_by(columns).aggregate([("#place", "min")])["#place_min"]
        return np.sort(np.asarray(firsts))

    def events(self, *, keep: Mask | None = None, **columns: Any) -> pa.Table:  # noqa: ANN401 - a column or one value
        """Return one draft event a row, or one for each row of `keep`; the rest is null."""
        mask = None if keep is None else pa.array(keep)
        count = self.left if keep is None else int(keep.sum())
        given = {"source": self.source, "source_row": self.named(), "row": self._table[_ROW]}
        given |= columns
        made = [_column(given.get(item.name), item, count=count, mask=mask) for item in DRAFT]
        return pa.Table.from_arrays(made, schema=DRAFT)

    def batch(self, drafts: Sequence[pa.Table], availability: Sequence[Availability] = ()) -> Batch:
        """Return what this table gives."""
        return Batch(
            table=self.name,
            rows_in=self.rows_in,
            events=pa.concat_tables([DRAFT.empty_table(), *drafts]),
            aside=pa.concat_tables([ASIDE.empty_table(), *self._aside]),
            duplicate=self.duplicate,
            rejected=dict(self._rejected),
            availability=tuple(availability),
            naming=self._naming,
            gone=pa.concat_tables([GONE.empty_table(), *self._gone]),
        )

    @property
    def _naming(self) -> Naming:
        if not self._named_by:
            return "content"
        return "versioned" if self._versioned else "named"


def aside_table(source: str, *, named: Column, code: Column, reason: str, row: Column) -> pa.Table:
    """Return quarantined rows: where they came from and why, never what they said."""
    count = len(row)
    whole = [
        pa.repeat(pa.scalar(source), count),
        pc.utf8_slice_codeunits(named, 0, LONGEST_NAME),
        pc.utf8_slice_codeunits(code, 0, LONGEST_NAME),
        pa.repeat(pa.scalar(reason), count),
        row,
    ]
    return pa.Table.from_arrays(whole, schema=ASIDE)


def _column(value: Any, item: pa.Field, *, count: int, mask: pa.Array | None) -> Any:  # noqa: ANN401 - arrow has no types
    if value is None:
        return pa.nulls(count, item.type)
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        kept = value if mask is None else value.filter(mask)
        return kept if kept.type == item.type else kept.cast(item.type)
    scalar = value if isinstance(value, pa.Scalar) else pa.scalar(value, type=item.type)
    return pa.repeat(scalar.cast(item.type), count)
