"""Few scores are worked on at once, the others wait their turn, and nobody waits in vain.

Python works on one thing at a time: twenty threads that score would all be late, and the thread
that listens with them. How long a score takes is measured, so whose turn would come too late is
told at once to come again, and the others are answered in time.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from fastapi.concurrency import run_in_threadpool

from attending.web.budget import Full

if TYPE_CHECKING:
    from collections.abc import Callable

_In = ParamSpec("_In")
_Out = TypeVar("_Out")
#: Scores that are worked on at once: while one waits for the disk the next one is made.
WIDTH = 4
#: Seconds that one may be expected to wait for its turn.
PATIENCE = 0.04
#: What a score is thought to take before one was made; how fast that thought changes, and the most
#: that one slow score counts for, as a multiple.
_FIRST, _SHARE, _MOST = 0.005, 0.1, 4.0


class Turns:
    """Lets a few in, the others in the order in which they came, each for a bounded wait.

    Args:
        width: worked on at once; as many more may wait in any case, however slow the machine is.
        patience: seconds of expected waiting beyond which one is turned away.
    """

    def __init__(self, *, width: int = WIDTH, patience: float = PATIENCE) -> None:
        self._width = width
        self._patience = patience
        self._places = asyncio.Semaphore(width)
        self._each = _FIRST
        self._running = self._waiting = 0

    async def take(self, work: Callable[_In, _Out], *args: _In.args, **kwargs: _In.kwargs) -> _Out:
        """Return what `work` returns, done in a thread when its turn has come.

        Raises:
            Full: its turn would come too late; nothing was done.
        """
        self.refuse_crowd()
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        self._running += 1
        begun, beside = time.perf_counter(), self._running
        try:
            return await run_in_threadpool(work, *args, **kwargs)
        finally:
            self._learn((time.perf_counter() - begun) / beside)
            self._running -= 1
            self._places.release()

    def refuse_crowd(self) -> None:
        """Refuse one more whose turn would come too late.

        Raises:
            Full: it would; nothing was done.
        """
        crowded = self._running >= self._width and self._waiting >= self._width
        if crowded and self.expected() > self._patience:
            raise Full(
                "this service is full", hint="Ask again after Retry-After; nothing was done."
            )

    def expected(self) -> float:
        """Return the seconds after which the turn of one more would come, all places being taken.

        >>> Turns().expected()
        0.005
        """
        return (self._waiting + 1) * self._each

    def _learn(self, seconds: float) -> None:
        """Move the thought of what one takes toward what this one took of the process."""
        self._each += _SHARE * (min(seconds, _MOST * self._each) - self._each)
