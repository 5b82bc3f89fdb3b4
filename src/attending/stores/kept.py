"""What was made of stored bytes lately, by the digest of those bytes.

A digest is the name of the same bytes for ever, so nothing here can be older than the store. The
bytes themselves are read and held against their name each time; spared is only to make of them once
more what they say.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Kept:
    """What one process made, as much as its bytes allow; what nobody asked for longest goes first.

    Args:
        most_bytes: of the stored bytes of all of it; in memory it takes some times as much.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._lock = Lock()
        self._held: OrderedDict[tuple[str, type], tuple[int, Any]] = OrderedDict()
        self._bytes = 0

    def made(self, digest: str, kind: type[T], make: Callable[[], T], *, size: int) -> T:
        """Return what bytes say, made when it is not held; whoever gets it changes nothing in it.

        Args:
            digest: of bytes that were read and checked now.
            kind: of what is made.
            make: it, of these bytes and of nothing else.
            size: how many bytes they are.
        """
        name = (digest, kind)
        with self._lock:
            held = self._held.get(name)
            if held is not None:
                self._held.move_to_end(name)
                found: T = held[1]
                return found
        made = make()
        self._keep(name, made, size=size)
        return made

    def _keep(self, name: tuple[str, type], made: object, *, size: int) -> None:
        """Hold it, and let go of what nobody asked for longest."""
        if size > self._most:
            return
        with self._lock:
            if name not in self._held:
                self._held[name] = (size, made)
                self._bytes += size
            while self._bytes > self._most:
                _, (gone, _) = self._held.popitem(last=False)
                self._bytes -= gone

    def __len__(self) -> int:
        """Return how many are held."""
        return len(self._held)


#: What this process holds.
KEPT = Kept(16 << 20)
