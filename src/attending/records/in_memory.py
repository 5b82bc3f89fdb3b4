"""Cells of Arrow columns as they lie in memory, so that a few rows cost no call into Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Mask

_KINDS = {pa.int64(): np.int64, pa.float32(): np.float32, pa.float64(): np.float64} | {
    pa.timestamp(unit): np.int64 for unit in ("s", "ms", "us", "ns")
}


def in_memory(column: pa.ChunkedArray | pa.Array) -> tuple[NDArray[Any], Mask | None] | None:
    """Return a column's cells, read-only, and which of them are null; None where none is.

    Instants are whole numbers of their unit. What stands where a cell is null says nothing.

    Args:
        column: of one piece.

    Returns:
        None where the column has several pieces, or cells of no fixed width that is known here.

    >>> cells, null = in_memory(pa.array([7, None, 9]))
    >>> cells[[0, 2]].tolist(), null.tolist()
    ([7, 9], [False, True, False])
    >>> in_memory(pa.array(["a"]))
    """
    kind = _KINDS.get(column.type)
    piece = one_piece(column)
    if kind is None or piece is None:
        return None
    _, data = piece.buffers()
    if data is None:
        return np.empty(0, kind), None
    cells = np.frombuffer(data, kind, count=piece.offset + len(piece))[piece.offset :]
    return cells, null_cells(piece)


def one_piece(column: pa.ChunkedArray | pa.Array) -> pa.Array | None:
    """Return a column as one array, None where it has several pieces or none."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else None


def null_cells(piece: pa.Array) -> Mask | None:
    """Return which cells of an array are null, None where none is.

    >>> null_cells(pa.array(["a", None, "b"]).slice(1)).tolist()
    [True, False]
    """
    if not piece.null_count:
        return None
    valid = piece.buffers()[0]
    bits = np.frombuffer(valid, np.uint8)
    many = piece.offset + len(piece)
    held: Mask = np.unpackbits(bits, count=many, bitorder="little")[piece.offset :] == 0
    return held


def filled(cells: NDArray[Any], null: Mask | None, value: float) -> NDArray[Any]:
    """Return cells with a value where they are null.

    >>> filled(np.array([7, 0]), np.array([False, True]), -1).tolist()
    [7, -1]
    """
    return cells if null is None else np.where(null, cells.dtype.type(value), cells)
