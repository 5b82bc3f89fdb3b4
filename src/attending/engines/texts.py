"""Number the different texts of columns, over any number of columns and without a Python object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.kernel_hash import hash_texts
from attending.engines.kernel_texts import number_texts, place_again

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST, _FULLEST = 1 << 12, 0.6


class TextNumbers:
    """Gives texts numbers from 0 on, in the order in which they first come.

    >>> texts = TextNumbers()
    >>> [texts.number(pa.array(some)).tolist() for some in (["b", None, "a", "b"], ["a"])]
    [[0, -1, 1, 0], [1]]
    >>> texts.count, texts.since(1)
    (2, ['a'])
    """

    def __init__(self) -> None:
        self.count = 0
        self._hashes = np.empty(_FEWEST, np.uint64)
        self._starts = np.zeros(_FEWEST + 1, np.int64)
        self._data = np.empty(_FEWEST * 8, np.uint8)
        self._table = np.full(_FEWEST * 2, -1, np.int32)

    def number(self, texts: pa.Array) -> NDArray[np.int32]:
        """Return the number of each text, -1 for null."""
        whole = texts.cast(pa.large_string())
        out = np.empty(len(whole), np.int32)
        if not len(whole):
            return out
        _, starts, data = whole.buffers()
        offsets = np.frombuffer(starts, np.int64)[whole.offset : whole.offset + len(whole) + 1]
        cells = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
        hashes = np.empty(len(whole), np.uint64)
        hash_texts(hashes, offsets, cells)
        valid = np.asarray(pc.is_valid(whole), dtype=np.bool_)
        self._make_room(len(whole), int(offsets[-1] - offsets[0]))
        known = (self._hashes, self._starts, self._data)
        self.count = int(
            number_texts(hashes, offsets, cells, valid, self._table, *known, self.count, out)
        )
        return out

    def since(self, first: int) -> list[str]:
        """Return the texts whose numbers are `first` and above."""
        return [
            self._data[self._starts[k] : self._starts[k + 1]].tobytes().decode()
            for k in range(first, self.count)
        ]

    def _make_room(self, texts: int, size: int) -> None:
        most = self.count + texts
        if most > len(self._hashes):
            self._hashes = _longer(self._hashes, 2 * most)
            self._starts = _longer(self._starts, 2 * most + 1)
        if int(self._starts[self.count]) + size > len(self._data):
            self._data = _longer(self._data, 2 * (int(self._starts[self.count]) + size))
        if most > _FULLEST * len(self._table):
            places = 1 << int(most / _FULLEST).bit_length()
            self._table = np.full(places, -1, np.int32)
            place_again(self._hashes, self.count, self._table)


def _longer(array: Any, size: int) -> Any:  # noqa: ANN401 - of any kind
    made = np.zeros(size, array.dtype)
    made[: len(array)] = array
    return made
