"""The compiled loops that give each different text a number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_31 = np.uint64(31)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def number_texts(
    hashes: Any, starts: Any, data: Any, valid: Any, table: Any,  # noqa: ANN401 - numba arrays
    known: Any, known_starts: Any, known_data: Any, count: int, out: Any,  # noqa: ANN401
) -> int:  # fmt: skip
    """Return how many texts are known now; `out` gets each text's number, -1 where none is valid.

    Text i is `data[starts[i]:starts[i + 1]]`; text k of those known is told by its hash in `known`
    and its bytes. The table holds numbers at open addresses, -1 where free; it and the arrays of
    known texts have room for all that may be new.
    """
    most = np.uint64(len(table) - 1)
    for i in range(len(out)):
        out[i] = -1
        if not valid[i]:
            continue
        start, size = starts[i], starts[i + 1] - starts[i]
        place = (hashes[i] ^ (hashes[i] >> _31)) & most
        while table[place] >= 0:
            k = table[place]
            if known[k] == hashes[i] and known_starts[k + 1] - known_starts[k] == size:
                same = True
                for j in range(size):
                    if known_data[known_starts[k] + j] != data[start + j]:
                        same = False
                        break
                if same:
                    out[i] = k
                    break
            place = (place + np.uint64(1)) & most
        if out[i] < 0:
            table[place] = count
            known[count] = hashes[i]
            for j in range(size):
                known_data[known_starts[count] + j] = data[start + j]
            known_starts[count + 1] = known_starts[count] + size
            out[i] = count
            count += 1
    return count


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def place_again(known: Any, count: int, table: Any) -> None:  # noqa: ANN401 - numba arrays
    """Put the numbers of known texts into a larger table."""
    most = np.uint64(len(table) - 1)
    for k in range(count):
        place = (known[k] ^ (known[k] >> _31)) & most
        while table[place] >= 0:
            place = (place + np.uint64(1)) & most
        table[place] = k
