"""Arrow tables as arrays, their canonical order, and the digest of their cells."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.records.events import ORDER
from attending.records.in_memory import filled, in_memory, null_cells, one_piece

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Floats, Ints, Mask

_INSTANT = pa.timestamp("us")


def in_order(events: pa.Table) -> pa.Table:
    """Return events in canonical order; nulls come first and ties keep no trace of the input.

    >>> rows = pa.table({"subject_id": [2, 1], "time": [5, None], "known_at": [5, 1]})
    >>> in_order(rows)["subject_id"].to_pylist()
    [1, 2]
    """
    keys = [(name, "ascending", "at_start") for name in ORDER if name in events.column_names]
    return events.take(pc.sort_indices(events, sort_keys=keys))


def micros(column: pa.ChunkedArray | pa.Array, *, null: int) -> Ints:
    """Return instants as microseconds since 1970; `null` stands for a null.

    >>> micros(pa.array([1, None], pa.timestamp("us")), null=-1).tolist()
    [1, -1]
    """
    held = in_memory(column) if column.type == _INSTANT else None
    if held is not None:
        return filled(*held, null)
    whole = column.cast(_INSTANT).cast(pa.int64())
    return whole_numbers(whole, null=null)


def whole_numbers(column: pa.ChunkedArray | pa.Array, *, null: int = 0) -> Ints:
    """Return whole numbers as int64; `null` stands for a null.

    >>> whole_numbers(pa.array([7, None])).tolist()
    [7, 0]
    """
    held = in_memory(column) if column.type == pa.int64() else None
    if held is not None:
        return filled(*held, null)
    if column.null_count:
        column = pc.fill_null(column.cast(pa.int64()), null)
    return np.ascontiguousarray(column.to_numpy(), dtype=np.int64)


def numbers(column: pa.ChunkedArray | pa.Array) -> Floats:
    """Return numbers as float64; NaN stands for a null.

    >>> numbers(pa.array([1.5, None], pa.float32())).tolist()
    [1.5, nan]
    """
    held = in_memory(column) if pa.types.is_floating(column.type) else None
    if held is not None:
        return filled(*held, math.nan).astype(np.float64, copy=False)
    if column.null_count:
        column = pc.fill_null(column, float("nan"))
    return np.ascontiguousarray(column.to_numpy(), dtype=np.float64)


def instants(times: Ints, *, null: int | None = None) -> pa.Array:
    """Return microseconds as naive UTC instants; those equal to `null` become null.

    >>> instants(np.array([5, -1]), null=-1).null_count
    1
    """
    mask = None if null is None else times == null
    return pa.array(times, pa.int64(), mask=mask).cast(_INSTANT)


def coded(column: pa.ChunkedArray | pa.Array) -> tuple[NDArray[np.int32], list[str | None]]:
    """Return texts as indices and the texts they point to; a null points to None.

    >>> indices, words = coded(pa.array(["b", "a", "b", None]))
    >>> [words[i] for i in indices]
    ['b', 'a', 'b', None]
    """
    if isinstance(column, pa.ChunkedArray):
        column = _joined(column)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    words = [*column.dictionary.to_pylist(), None]
    indices = column.indices
    if indices.null_count:
        indices = pc.fill_null(indices, len(words) - 1)
    return np.ascontiguousarray(indices.to_numpy(), dtype=np.int32), words


def _joined(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return column.combine_chunks()


def digest_table(table: pa.Table) -> str:
    """Return the SHA-256 of names, types and cells; chunks, slices and file layout do not matter.

    Cells are little-endian values with nulls as zero, then one byte a cell for null; texts are
    their lengths, then their UTF-8.

    >>> a = pa.table({"x": [1, None, 3]})
    >>> b = pa.concat_tables([a.slice(0, 1), a.slice(1)])
    >>> digest_table(a) == digest_table(b), digest_table(a) == digest_table(a.slice(1))
    (True, False)
    """
    running = hashlib.sha256()
    running.update(f"{table.num_rows}\n".encode())
    for field in table.schema:
        running.update(f"{field.name}\0{field.type}\n".encode())
        for part in _cells(table[field.name]):
            running.update(part)
    return running.hexdigest()


def _cells(column: pa.ChunkedArray) -> list[Any]:  # buffers
    kind = column.type
    held = in_memory(column)
    if held is not None:
        values = filled(*held, 0)
        marks = _marks(held[1], len(values))
        return [values.astype(values.dtype.newbyteorder("<"), copy=False).data, marks]
    nulls = _nulls(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        chunks = [_text(chunk) for chunk in column.chunks]
        sizes = [np.diff(offsets).astype("<i8").tobytes() for offsets, _ in chunks]
        return [*sizes, *(data for _, data in chunks), nulls]
    if pa.types.is_fixed_size_binary(kind):
        whole = _joined(column)
        start, stop = whole.offset * kind.byte_width, (whole.offset + len(whole)) * kind.byte_width
        return [whole.buffers()[1].slice(start, stop - start), nulls]
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    if column.null_count:
        column = pc.fill_null(column, pa.scalar(0, column.type))
    values = np.ascontiguousarray(column.to_numpy())
    return [values.astype(values.dtype.newbyteorder("<"), copy=False).data, nulls]


def _nulls(column: pa.ChunkedArray) -> bytes:
    """Return one byte a cell: 1 for a null."""
    piece = one_piece(column)
    if piece is not None and not pa.types.is_dictionary(column.type):
        return _marks(null_cells(piece), len(piece))
    if not column.null_count:
        return bytes(len(column))
    if column.null_count == len(column):
        return b"\1" * len(column)
    return np.asarray(pc.is_null(column).to_numpy(), dtype=np.uint8).tobytes()


def _marks(null: Mask | None, size: int) -> bytes:
    return bytes(size) if null is None else null.tobytes()


def _text(chunk: pa.Array) -> tuple[NDArray[Any], Any]:  # whole numbers of a width, a buffer
    """Return where each text of a piece begins and ends, and the bytes; a null is empty."""
    if pa.types.is_dictionary(chunk.type):
        chunk = chunk.dictionary_decode()
    if chunk.null_count == len(chunk):
        return np.zeros(len(chunk) + 1, np.int32), b""
    offsets, null = _offsets(chunk), null_cells(chunk)
    if null is not None and np.diff(offsets)[null].any():  # Arrow allows a null to have letters
        chunk = pc.fill_null(chunk, "")
        offsets = _offsets(chunk)
    data = chunk.buffers()[2]
    first, last = int(offsets[0]), int(offsets[-1])
    return offsets, data.slice(first, last - first) if last > first else b""


def _offsets(chunk: pa.Array) -> NDArray[Any]:  # whole numbers of a width
    width = np.int64 if pa.types.is_large_string(chunk.type) else np.int32
    places = chunk.buffers()[1]
    return np.frombuffer(places, width)[chunk.offset : chunk.offset + len(chunk) + 1]
