"""A 64-bit hash of each row of a table, compiled: the same cells give the same number anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.kernel_hash import SEED, hash_texts, mix_in, note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Places of a new table, and how full it may get.
_FEWEST, _FULLEST = 1 << 10, 0.8
_PARTS, _FIRST_BITS = 16, np.uint64(60)


def row_hashes(table: pa.Table, columns: Sequence[str]) -> NDArray[np.uint64]:
    """Return one number a row over some of its columns, in their order.

    It finds equal rows again; it is no signature, as it is not hard to make two rows meet.

    Args:
        table: columns of text, whole numbers, float32 or instants.
        columns: which of them count.

    References:
        Fowler, Noll & Vo (FNV-1a) for the last bytes of texts; Steele, Lea & Flood 2014
        (SplitMix64) for mixing.

    >>> rows = pa.table({"a": ["x", "x", None], "n": [1, 1, 1]})
    >>> one, same, other = row_hashes(rows, ["a", "n"]).tolist()
    >>> one == same, one == other
    (True, False)
    """
    out = np.full(table.num_rows, SEED, dtype=np.uint64)
    for name in columns:
        column = table[name]
        null = np.asarray(pc.is_null(column).to_numpy(), dtype=np.bool_)
        mix_in(out, _bits(column), null)
    return out


def _bits(column: pa.ChunkedArray) -> NDArray[np.uint64]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        joined = column.unify_dictionaries().combine_chunks()
        joined = joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined
        words = _texts(joined.dictionary)
        place = np.asarray(_filled(joined.indices, 0), dtype=np.int64)
        return words[place] if len(words) else np.zeros(len(place), np.uint64)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.concatenate([np.empty(0, np.uint64), *map(_texts, column.chunks)])
    if pa.types.is_floating(kind):
        values = np.asarray(_filled(column, 0.0).to_numpy(), dtype=np.float64)
        return np.asarray((values + 0.0).view(np.uint64))  # one zero, whatever its sign
    whole = np.asarray(_filled(column.cast(pa.int64()), 0).to_numpy(), dtype=np.int64)
    return whole.view(np.uint64)


def _filled(column: pa.ChunkedArray, value: float) -> pa.ChunkedArray:
    return pc.fill_null(column, value) if column.null_count else column


def _texts(array: pa.Array) -> NDArray[np.uint64]:
    whole = array.cast(pa.large_string())
    _, starts, data = whole.buffers()
    out = np.empty(len(whole), dtype=np.uint64)
    if not len(whole):
        return out
    offsets = np.frombuffer(starts, dtype=np.int64)[whole.offset : whole.offset + len(whole) + 1]
    cells = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
    hash_texts(out, offsets, cells)
    return out


class Numbers:
    """A set of numbers of 64 bits that says of new ones which are in it; eight bytes a place.

    Args:
        saying: whether each number comes with another that it stands for, of which 32 bits are
            kept, four bytes a place.

    >>> held = Numbers()
    >>> [held.add(np.array(some, np.uint64)).tolist() for some in ([5, 5, 7], [7])]
    [[0, 1, 0], [1]]
    """

    def __init__(self, *, saying: bool = False) -> None:
        # Sixteen small tables, by the first bits: when one grows, only it is there twice.
        self._parts = [_Part(saying=saying) for _ in range(_PARTS)]

    def add(
        self, numbers: NDArray[np.uint64], says: NDArray[np.uint64] | None = None
    ) -> NDArray[np.uint8]:
        """Return 0 for each number that is new, 1 for one that is known, 2 for one that lies.

        Args:
            numbers: of any order; those that repeat among these are known too.
            says: what each stands for; a known one that stands for another is 2.
        """
        found = np.zeros(len(numbers), np.uint8)
        short = np.zeros(len(numbers), np.uint32)
        if says is not None:
            short = (says >> np.uint64(32)).astype(np.uint32)
        which = (numbers >> _FIRST_BITS).astype(np.uint8)
        for number, part in enumerate(self._parts):
            here = np.flatnonzero(which == number)
            if len(here):
                found[here] = part.add(numbers[here], short[here])
        return found


class _Part:
    """A table of open addresses that doubles when it is too full."""

    def __init__(self, *, saying: bool) -> None:
        self._saying = saying
        self._count = 0
        self._empty(_FEWEST)

    def add(self, numbers: NDArray[np.uint64], says: NDArray[np.uint32]) -> NDArray[np.uint8]:
        size = len(self._table)
        while self._count + len(numbers) > _FULLEST * size:
            size *= 2
        if size > len(self._table):
            self._grow(size)
        found = np.zeros(len(numbers), np.uint8)
        self._count += note(numbers, says, self._table, self._said, found)
        return found

    def _empty(self, size: int) -> None:
        self._table = np.zeros(size, np.uint64)
        self._said = np.zeros(size if self._saying else 0, np.uint32)

    def _grow(self, size: int) -> None:
        held = self._table != 0
        numbers = self._table[held]
        says = self._said[held] if self._saying else np.zeros(len(numbers), np.uint32)
        self._empty(size)
        note(numbers, says, self._table, self._said, np.zeros(len(numbers), np.uint8))
