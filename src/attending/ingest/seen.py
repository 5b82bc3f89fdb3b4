"""Remember rows that were read, in 12 bytes each, so that a row said twice counts once.

Pieces are compared by a keyless 96-bit hash. Two rows that differ would need to meet in all of it:
one chance in 10^13 in 100 million rows.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Mask

_BYTES = 12
_HASH = np.dtype(f"S{_BYTES}")
_CELL, _NOTHING = "\x1f", "\x00"


class Seen:
    """Rows that have been seen, by what they say.

    >>> seen = Seen()
    >>> seen.again(pa.table({"a": ["x", "y", "x"]})).tolist()
    [False, False, True]
    >>> seen.again(pa.table({"a": ["y", "z"]})).tolist()
    [True, False]
    """

    def __init__(self) -> None:
        self._runs: list[NDArray[np.bytes_]] = []

    def again(self, table: pa.Table) -> Mask:
        """Return where a row was seen before, in this piece or an earlier one; and remember all."""
        hashes = _hashes(table)
        fresh, first = np.unique(hashes, return_index=True)
        repeated = np.ones(len(hashes), dtype=np.bool_)
        old = self._holds(fresh)
        repeated[first[~old]] = False
        self._add(fresh[~old])
        return repeated

    def _holds(self, hashes: NDArray[np.bytes_]) -> Mask:
        found = np.zeros(len(hashes), dtype=np.bool_)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            found |= run[place] == hashes
        return found

    def _add(self, hashes: NDArray[np.bytes_]) -> None:
        if not len(hashes):
            return
        self._runs.append(hashes)
        # Runs at least double in size towards the front, so that each row is merged a few times.
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            one, other = self._runs.pop(), self._runs.pop()
            self._runs.append(np.sort(np.concatenate([other, one]), kind="stable"))


def _hashes(table: pa.Table) -> NDArray[np.bytes_]:
    cells = [pc.fill_null(column, _NOTHING) for column in table.columns]
    whole = pc.binary_join_element_wise(*cells, _CELL) if cells else pa.chunked_array([[]])
    rows = whole.cast(pa.large_binary()).to_pylist()
    joined = b"".join([blake2b(row, digest_size=_BYTES).digest() for row in rows])
    # A byte string that ends in zeros compares equal without them; such ends are made unlike.
    flat = np.frombuffer(joined, dtype=np.uint8).reshape(-1, _BYTES).copy()
    flat[:, -1] |= 1
    return flat.reshape(-1).view(_HASH)
