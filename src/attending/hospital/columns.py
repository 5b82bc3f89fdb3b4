"""Arrow columns from numpy: instants, numbered ids, words, and their text in a file.

Text is laid out as bytes by numpy, since casting a million instants one by one takes seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.hospital.sites import DAY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attending.types import Floats, Ints, Mask

#: Instants of a source: whole seconds in UTC.
INSTANT = pa.timestamp("s", tz="UTC")
_INSTANT_WIDTH = len("2023-01-05T13:00:00Z")
_DATE_WIDTH = len("2023-01-05")


def instants(seconds: Ints, *, missing: Mask | None = None) -> pa.Array:
    """Return UTC seconds as an Arrow column, null where `missing`.

    >>> instants(np.array([0]))[0].as_py().isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return pa.array(np.asarray(seconds, dtype=np.int64), mask=missing).cast(INSTANT)


def words(names: Sequence[str], index: Ints, *, missing: Mask | None = None) -> pa.Array:
    """Return a name for each index, null where `missing`.

    >>> words(("a", "b"), np.array([1, 0])).to_pylist()
    ['b', 'a']
    """
    return pa.array(list(names), pa.string()).take(pa.array(index, mask=missing))


def numbers(values: Floats, *, missing: Mask | None = None) -> pa.Array:
    """Return float64 values, null where `missing`."""
    return pa.array(np.asarray(values, dtype=np.float64), mask=missing)


def numbered(prefix: str, index: Ints, *, width: int) -> pa.Array:
    """Return ids such as P00012: a prefix and a zero-padded number.

    >>> numbered("P", np.array([12]), width=5).to_pylist()
    ['P00012']
    """
    digits = np.empty((len(index), len(prefix) + width), dtype=np.uint8)
    digits[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    left = np.asarray(index, dtype=np.int64)
    for place in range(digits.shape[1] - 1, len(prefix) - 1, -1):
        digits[:, place] = ord("0") + left % 10
        left = left // 10
    return _strings(digits)


def instant_text(column: pa.Array) -> pa.Array:
    """Return instants as files write them, null where null.

    >>> instant_text(instants(np.array([61, 0]), missing=np.array([False, True]))).to_pylist()
    ['1970-01-01T00:01:01Z', None]
    """
    seconds = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    text = np.empty((len(seconds), _INSTANT_WIDTH), dtype=np.uint8)
    text[:, :_DATE_WIDTH] = _dates(seconds // DAY_SECONDS)
    text[:, _DATE_WIDTH] = ord("T")
    of_day = seconds % DAY_SECONDS
    for at, part in ((11, of_day // 3600), (14, of_day // 60 % 60), (17, of_day % 60)):
        text[:, at] = ord("0") + part // 10
        text[:, at + 1] = ord("0") + part % 10
    text[:, 13] = text[:, 16] = ord(":")
    text[:, 19] = ord("Z")
    return _strings(text, missing=column)


def date_text(days: Ints) -> pa.Array:
    """Return days since 1970 as dates.

    >>> date_text(np.array([19_000])).to_pylist()
    ['2022-01-08']
    """
    return _strings(_dates(np.asarray(days, dtype=np.int64)))


def _dates(days: Ints) -> NDArray[np.uint8]:
    if not len(days):
        return np.empty((0, _DATE_WIDTH), dtype=np.uint8)
    first = int(days.min())
    every = np.arange(first, int(days.max()) + 1).astype("datetime64[D]").astype("S10")
    table = np.frombuffer(every.tobytes(), dtype=np.uint8).reshape(-1, _DATE_WIDTH)
    return np.asarray(table[days - first])


def _strings(text: NDArray[np.uint8], *, missing: pa.Array | None = None) -> pa.Array:
    """Return rows of ASCII bytes as strings, null where `missing` has nulls."""
    offsets = np.arange(len(text) + 1, dtype=np.int32) * text.shape[1]
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text))]
    column = pa.StringArray.from_buffers(len(text), *buffers[1:])
    if missing is None or missing.null_count == 0:
        return column
    return pa.compute.if_else(missing.is_valid(), column, pa.scalar(None, pa.string()))
