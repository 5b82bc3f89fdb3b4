"""The tables of an extract as text, and the few ways in which faults change them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.types import Mask

#: Tables of text by file name, such as `labs.csv`.
Sheets: TypeAlias = dict[str, pa.Table]
_FORM = "%Y-%m-%dT%H:%M:%SZ"


def some(mask: Mask, *, one_in: int) -> Mask:
    """Return every n-th of the rows that are meant: the same ones each time.

    >>> some(np.array([True, False, True, True]), one_in=2).tolist()
    [True, False, False, True]
    """
    chosen = np.zeros(len(mask), np.bool_)
    chosen[np.flatnonzero(mask)[::one_in]] = True
    return chosen


def equals(table: pa.Table, column: str, *values: str) -> Mask:
    """Return where a column has one of the values."""
    found = pc.is_in(table[column], value_set=pa.array(list(values), pa.string()))
    return np.asarray(found, np.bool_)


def rewritten(
    table: pa.Table, column: str, *, where: Mask, to: Callable[[str], str | None] | str | None
) -> pa.Table:
    """Return a table with some cells of a column written anew; empty cells stay empty."""
    cells = table[column].to_pylist()
    for row in np.flatnonzero(where):
        if cells[row] is not None:
            cells[row] = to(cells[row]) if callable(to) else to
    at = table.schema.get_field_index(column)
    return table.set_column(at, column, pa.array(cells, pa.string()))


def moved(text: str, *, hours: float) -> str:
    """Return an instant as files write it, moved.

    >>> moved("2023-01-05T13:00:00Z", hours=-1)
    '2023-01-05T12:00:00Z'
    """
    at = datetime.strptime(text, _FORM).replace(tzinfo=UTC)
    return (at + timedelta(hours=hours)).strftime(_FORM)


def middle(table: pa.Table, column: str) -> str:
    """Return the median cell of a column: the day on which a change happens."""
    cells = sorted(cell for cell in table[column].to_pylist() if cell is not None)
    return str(cells[len(cells) // 2]) if cells else ""


def since(table: pa.Table, column: str, day: str) -> Mask:
    """Return where an instant is `day` or later."""
    return np.asarray(pc.fill_null(pc.greater_equal(table[column], day), False), np.bool_)  # noqa: FBT003
