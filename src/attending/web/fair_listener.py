"""A socket on which several workers listen, and of which each takes its share of connections.

The system wakes the same worker again and again, which then takes up every connection that waits;
and a connection stays where it was taken up. So the worker that holds more than another lets that
one go first, and takes what is left only when nobody does.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.web.cells import Cells

_NAME = "connections held"
#: Above every other first number, so that this name is never let go for another.
_KEPT = (1 << 64) - 1
#: Seconds after a connection in which others may take the next one.
_PAUSE = 0.001
#: Seconds that a connection waits for a worker that holds fewer.
PATIENCE = 0.005
#: What was refused longer ago was taken by another worker.
_FORGOTTEN = 10 * PATIENCE


class FairListener(socket.socket):
    """The listening socket, as one of several workers sees it.

    Args:
        number: of the open socket.
        cells: where each worker says how many connections it holds.
        held: how many this one does.
        clock: seconds that only go up.
    """

    def __init__(
        self,
        number: int,
        *,
        cells: Cells,
        held: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(fileno=number)
        self._cells = cells
        self._held = held
        self._clock = clock
        self._took = self._refused = float("-inf")

    def accept(self) -> tuple[socket.socket, object]:
        """Return a connection that waits.

        Raises:
            BlockingIOError: there is none, or it is another worker's turn.
        """
        now = self._clock()
        if now - self._took < _PAUSE or self._waits(now):
            raise BlockingIOError
        found = super().accept()
        self._took, self._refused = now, float("-inf")
        self.tell(more=1)
        return found

    def surplus(self) -> int:
        """Return how many connections this worker holds beyond the one that holds fewest."""
        return max(0, self._held() - self._fewest())

    def tell(self, *, more: int = 0) -> None:
        """Say how many connections this worker holds.

        Args:
            more: that were taken and are not yet counted.
        """
        self._cells.put(_NAME, _KEPT, self._held() + more)

    def _waits(self, now: float) -> bool:
        """Return whether another worker holds fewer and may still take the connection."""
        if self._held() <= self._fewest():
            return False
        if now - self._refused > _FORGOTTEN:
            self._refused = now
        return now - self._refused < PATIENCE

    def _fewest(self) -> int:
        return min((count for _, count in self._cells.everywhere(_NAME)), default=0)
