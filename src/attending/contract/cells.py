"""The cells of a piece of events as a compiled pass wants them: places of words, plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.tables import coded, micros
from attending.engines.tally import Cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attending.types import Floats, Ints

#: Stands for no instant.
NO_INSTANT = np.iinfo(np.int64).min


class Piece:
    """Columns of events, each made ready once, when the first rule asks for it.

    Args:
        events: the rows; texts may be held as dictionaries.
    """

    def __init__(self, events: pa.Table) -> None:
        self.events = events
        self._texts: dict[str, tuple[NDArray[np.int32], list[str | None]]] = {}
        self._numbers: dict[str, tuple[Floats, NDArray[np.uint8]]] = {}
        self._instants: dict[str, Ints] = {}
        self._clocks: dict[str, Ints] = {}
        self._nulls: dict[str, NDArray[np.uint8]] = {}
        self._counts: dict[str, Ints] = {}

    def words(self, column: str) -> list[str | None]:
        """Return the words of a text column; the last one is None."""
        self.text(column)
        return self._texts[column][1]

    def places(self, column: str) -> NDArray[np.int32]:
        """Return the place of every row's word."""
        self.text(column)
        return self._texts[column][0]

    def counts(self, column: str) -> Ints:
        """Return how many rows have each word of a text column."""
        if column not in self._counts:
            places = self.places(column)
            self._counts[column] = np.bincount(places, minlength=len(self.words(column)))
        return self._counts[column]

    def text(self, column: str) -> int:
        """Return the slot of a text column."""
        return _slot(self._texts, column, lambda: coded(self.events[column]))

    def number(self, column: str) -> int:
        """Return the slot of a column of numbers."""
        return _slot(self._numbers, column, lambda: _number(self.events[column]))

    def instant(self, column: str) -> int:
        """Return the slot of a column of instants."""
        return _slot(self._instants, column, lambda: self.instants(column))

    def instants(self, column: str) -> Ints:
        """Return a column of instants as microseconds since 1970."""
        if column not in self._clocks:
            self._clocks[column] = micros(self.events[column], null=NO_INSTANT)
        return self._clocks[column]

    def null(self, column: str) -> int:
        """Return the slot of the mask of a column's nulls."""
        return _slot(self._nulls, column, lambda: _mask(self.events[column]))

    def cells(self) -> Cells:
        """Return all that was asked for; the rows' groups are their codes."""
        rows = self.events.num_rows
        return Cells(
            self.places("code"),
            _stacked([places for places, _ in self._texts.values()], rows, np.int32),
            _stacked([values for values, _ in self._numbers.values()], rows, np.float64),
            _stacked([absent for _, absent in self._numbers.values()], rows, np.uint8),
            _stacked(list(self._instants.values()), rows, np.int64),
            _stacked(list(self._nulls.values()), rows, np.uint8),
        )


def _slot(held: dict[str, Any], column: str, make: Callable[[], Any]) -> int:
    if column not in held:
        held[column] = make()
    return list(held).index(column)


def _number(column: pa.ChunkedArray) -> tuple[Floats, NDArray[np.uint8]]:
    """Return numbers, whatever stands where there is none, and where that is."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    out = np.empty(len(column), np.float64)
    start = 0
    for chunk in column.chunks:
        values = np.frombuffer(chunk.buffers()[1], chunk.type.to_pandas_dtype())
        out[start : start + len(chunk)] = values[chunk.offset : chunk.offset + len(chunk)]
        start += len(chunk)
    return out, _mask(column)


def _mask(column: pa.ChunkedArray) -> NDArray[np.uint8]:
    if not column.null_count:
        return np.zeros(len(column), np.uint8)
    return np.asarray(pc.is_null(column).to_numpy(), dtype=np.uint8)


def _stacked(columns: list[Any], rows: int, kind: Any) -> Any:  # noqa: ANN401 - arrays
    if not columns:
        return np.empty((0, rows), kind)
    if len(columns) == 1:
        return np.ascontiguousarray(columns[0], dtype=kind)[np.newaxis]
    return np.ascontiguousarray(np.stack(columns), dtype=kind)
