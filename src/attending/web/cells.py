"""Two numbers for each of many names, which all workers of one service hold together.

Each worker writes its own part and nobody else's, so that nobody waits for a lock; who asks reads
all parts. A name is kept as a keyed hash of 64 bits; when room is short, the name with the smallest
first number goes.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: Names that one part has room for, and how many places a name may stand in.
_SLOTS, _PROBES = 16_384, 8
_HASH, _FIRST, _SECOND = 0, 1, 2


class Cells:
    """The numbers of one worker, and a look at those of all.

    Args:
        parts: shape (workers, places, 3), uint64: the hash of a name and its two numbers.
        place: which part is ours, from 0 on.
        key: of the hash, the same in every worker.

    >>> cells = Cells.alone()
    >>> cells.put("session a", 5, 1)
    >>> cells.own("session a"), cells.everywhere("session a"), cells.own("session b")
    ((5, 1), ((5, 1),), (0, 0))
    """

    def __init__(self, parts: NDArray[np.uint64], *, place: int, key: bytes) -> None:
        self._parts = parts
        self._place = place
        self._key = key
        self._lock = threading.Lock()

    @classmethod
    def alone(cls) -> Cells:
        """Return the cells of a service of one process."""
        shape = (1, _SLOTS + _PROBES, 3)
        return cls(np.zeros(shape, np.uint64), place=0, key=secrets.token_bytes(16))

    @classmethod
    def shared(cls, path: Path, *, workers: int, place: int, key: bytes) -> Cells:
        """Return the cells that several workers hold in one file.

        What a worker that is gone held at that moment, its second numbers, is let go.
        """
        shape = (workers, _SLOTS + _PROBES, 3)
        parts = np.memmap(path, np.uint64, "r+", shape=shape)
        parts[place, :, _SECOND] = 0
        return cls(parts, place=place, key=key)

    @staticmethod
    def lay_out(path: Path, *, workers: int) -> None:
        """Make the file that the workers of a service share."""
        np.memmap(path, np.uint64, "w+", shape=(workers, _SLOTS + _PROBES, 3)).flush()

    def own(self, name: str) -> tuple[int, int]:
        """Return our numbers of a name; zeros where it has none."""
        hashed, at = self._where(name)
        found = np.flatnonzero(self._parts[self._place, at, _HASH] == hashed)
        return self._read(self._place, at.start + int(found[0])) if len(found) else (0, 0)

    def everywhere(self, name: str) -> tuple[tuple[int, int], ...]:
        """Return the numbers of a name in every worker that has some."""
        hashed, at = self._where(name)
        places, offsets = np.nonzero(self._parts[:, at, _HASH] == hashed)
        pairs = zip(places, offsets, strict=True)
        return tuple(self._read(int(place), at.start + int(offset)) for place, offset in pairs)

    def put(self, name: str, first: int, second: int = 0) -> None:
        """Keep our numbers of a name."""
        hashed, at = self._where(name)
        mine = self._parts[self._place, at]
        with self._lock:
            same = np.flatnonzero(mine[:, _HASH] == hashed)
            offset = int(same[0]) if len(same) else int(np.argmin(mine[:, _FIRST]))
            mine[offset] = (hashed, first, second)

    def _where(self, name: str) -> tuple[np.uint64, slice]:
        data = hashlib.blake2b(name.encode(), digest_size=8, key=self._key).digest()
        hashed = int.from_bytes(data, "big") or 1
        begin = hashed % _SLOTS
        return np.uint64(hashed), slice(begin, begin + _PROBES)

    def _read(self, place: int, at: int) -> tuple[int, int]:
        cell = self._parts[place, at]
        return int(cell[_FIRST]), int(cell[_SECOND])
