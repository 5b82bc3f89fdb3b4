"""The compiled loops of row hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Ints, Mask

#: Where every row's number starts (the golden ratio in 64 bits).
SEED = np.uint64(0x9E3779B97F4A7C15)
_NULL = np.uint64(0xD6E8FEB86659FD93)
_FNV_START = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_WORD = 8
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]  # numba has no types
def _mixed(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> _30)) * _MIX_1
    value = (value ^ (value >> _27)) * _MIX_2
    return value ^ (value >> _31)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def mix_in(out: NDArray[np.uint64], bits: NDArray[np.uint64], null: Mask) -> None:
    """Mix one column into the numbers of all rows; a null counts as a value of its own."""
    for i in range(len(out)):
        value = _NULL if null[i] else bits[i]
        out[i] = _mixed(out[i] * _FNV_PRIME + value + SEED)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def hash_texts(out: NDArray[np.uint64], starts: Ints, data: NDArray[np.uint8]) -> None:
    """Write a number for each text: text i is `data[starts[i]:starts[i + 1]]`; 8 bytes a step."""
    for i in range(len(out)):
        start, end = starts[i], starts[i + 1]
        value = _FNV_START + np.uint64(end - start)
        while end - start >= _WORD:
            word = np.uint64(0)
            for j in range(_WORD):
                word |= np.uint64(data[start + j]) << np.uint64(8 * j)
            value = _mixed(value ^ word)
            start += _WORD
        for j in range(start, end):
            value = (value ^ np.uint64(data[j])) * _FNV_PRIME
        out[i] = _mixed(value)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def note(
    numbers: NDArray[np.uint64],
    says: NDArray[np.uint32],
    table: NDArray[np.uint64],
    said: NDArray[np.uint32],
    found: NDArray[np.uint8],
) -> int:
    """Return how many numbers were new, put into a table of open addresses with what they say.

    `found` is 0 for a new number, 1 for one that says the same as before, 2 for one that does not.
    The length of the table is a power of two, larger than how many it will hold; 0 is a free place,
    so that 0 and 1 count as one number. A table `said` of no length holds numbers alone.
    """
    most = np.uint64(len(table) - 1)
    one, free = np.uint64(1), np.uint64(0)
    fresh = 0
    for i in range(len(numbers)):
        number = max(numbers[i], one)
        place = (number ^ (number >> _31)) & most
        while table[place] != free and table[place] != number:
            place = (place + one) & most
        if table[place] == free:
            table[place] = number
            if len(said):
                said[place] = says[i]
            found[i] = 0
            fresh += 1
        else:
            found[i] = 2 if len(said) and said[place] != says[i] else 1
    return fresh
