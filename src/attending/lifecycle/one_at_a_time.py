"""One thread of a process computes at a time; the others wait for the disk, or for their turn.

Python runs one thread at a time anyway. Threads that all compute take turns piece by piece, each is
late, and the handing over costs a quarter of the processor. A request that was begun is read and
scored in one go, so that the first is answered while the next one is read.
"""

from __future__ import annotations

import threading


class OneAtATime:
    """A lock that a thread keeps from the outermost block on until a block inside it ends.

    Whoever is about to wait for the disk or the network lets go of it first.

    >>> one = OneAtATime()
    >>> with one:  # read
    ...     with one:  # score
    ...         inside = one.held
    ...     one.held, inside
    (False, True)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mine = threading.local()

    @property
    def held(self) -> bool:
        """Return whether this thread holds it."""
        return getattr(self._mine, "held", False)

    def __enter__(self) -> None:
        """Wait for the turn of this thread, unless it has it."""
        if not self.held:
            self._lock.acquire()
            self._mine.held = True

    def __exit__(self, *_: object) -> None:
        """Let the next one go on."""
        self.let_go()

    def let_go(self) -> None:
        """Let the next one go on, where this thread held it."""
        if self.held:
            self._mine.held = False
            self._lock.release()


#: Held while a request is read or scored, never while anything waits for the disk or the network.
ONE = OneAtATime()
