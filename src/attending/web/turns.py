"""Few scores are worked on at once, the others wait their turn, and nobody waits in vain.

Python works on one thing at a time: twenty threads that score would all be late, and the thread
that listens with them. How long a score takes is measured, so whose answer would come too late is
not let in: its body is not read. It waits at the door for a moment, in case a place comes free,
and is then told to come again; one who asks again at once would else take up what the others need.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from fastapi.concurrency import run_in_threadpool

from attending.web.budget import Full

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_In = ParamSpec("_In")
_Out = TypeVar("_Out")
#: Scores that are worked on at once: while one waits for the disk the next one is made.
WIDTH = 4
#: Seconds in which an answer is expected of those who are let in.
PATIENCE = 0.045
#: Seconds at the door, and how many may stand there.
PAUSE, _MOST_AT_THE_DOOR = 0.02, 64
#: So many are let in however slow the machine is: one is computed, one waits for the disk, and one
#: comes.
_LEAST = 3
#: Who was let in and is not here after so long sends its body slowly, and keeps nobody out.
_ARRIVES_SECONDS = 0.1
#: What a score is thought to take before one was made; how fast that thought changes, and the most
#: that one slow score counts for, as a multiple.
_FIRST, _SHARE, _MOST = 0.005, 0.1, 4.0
_FULL, _AGAIN = "this service is full", "Ask again after Retry-After; nothing was done."


@dataclass(eq=False)
class _Coming:
    """One who was let in and whose request is not whole yet."""

    since: float


_MINE: ContextVar[_Coming | None] = ContextVar("coming", default=None)


class Turns:
    """Lets a few in, who have their turn in the order in which they came.

    Args:
        width: worked on at once.
        patience: seconds in which an answer must be expected of one more.
        pause: seconds that one more waits at the door for that; the newest is let in first, for
            the others will be too late before it.
    """

    def __init__(
        self, *, width: int = WIDTH, patience: float = PATIENCE, pause: float = PAUSE
    ) -> None:
        self._width = width
        self._patience = patience
        self._pause = pause
        self._places = asyncio.Semaphore(width)
        self._each = _FIRST
        self._here = 0
        self._coming: set[_Coming] = set()
        self._door: list[asyncio.Future[_Coming | None]] = []
        self._ended = 0.0

    @asynccontextmanager
    async def coming(self) -> AsyncIterator[None]:
        """Let one in who asks for a score, before its body is read.

        Raises:
            Full: its answer would come too late; nothing was done.
        """
        mine = await self._let_in()
        mark = _MINE.set(mine)
        try:
            yield
        finally:
            _MINE.reset(mark)
            self._coming.discard(mine)
            self._open()

    async def take(self, work: Callable[_In, _Out], *args: _In.args, **kwargs: _In.kwargs) -> _Out:
        """Return what `work` returns, done in a thread when its turn has come.

        Raises:
            Full: its answer would come too late, and it was not let in before; nothing was done.
        """
        if not self._was_let_in() and self._is_crowded():
            raise Full(_FULL, hint=_AGAIN)
        self._here += 1
        try:
            async with self._places:
                begun = time.perf_counter()
                try:
                    return await run_in_threadpool(work, *args, **kwargs)
                finally:
                    self._end(begun)
        finally:
            self._here -= 1
            self._open()

    def expected(self) -> float:
        """Return the seconds after which one more would be answered.

        >>> Turns().expected()
        0.005
        """
        return (self._ahead() + 1) * self._each

    def _ahead(self) -> int:
        """Return how many are here, or were let in and come."""
        oldest = time.perf_counter() - _ARRIVES_SECONDS
        return self._here + sum(one.since > oldest for one in self._coming)

    def _is_crowded(self) -> bool:
        return self._ahead() >= _LEAST and self.expected() > self._patience

    def _was_let_in(self) -> bool:
        """Return whether this one was let in just now; from here on it is here."""
        mine = _MINE.get()
        if mine is None or mine not in self._coming:
            return False
        self._coming.discard(mine)
        return time.perf_counter() - mine.since < _ARRIVES_SECONDS

    async def _let_in(self) -> _Coming:
        if not self._is_crowded():
            return self._enter()
        if len(self._door) >= _MOST_AT_THE_DOOR:
            raise Full(_FULL, hint=_AGAIN)
        loop = asyncio.get_running_loop()
        place: asyncio.Future[_Coming | None] = loop.create_future()
        self._door.append(place)
        timer = loop.call_later(self._pause, self._turn_away, place)
        try:
            mine = await place
        except asyncio.CancelledError:
            self._forget(place)
            raise
        finally:
            timer.cancel()
        if mine is None:
            raise Full(_FULL, hint=_AGAIN)
        return mine

    def _enter(self) -> _Coming:
        mine = _Coming(time.perf_counter())
        self._coming.add(mine)
        return mine

    def _turn_away(self, place: asyncio.Future[_Coming | None]) -> None:
        if place in self._door:
            self._door.remove(place)
        if not place.done():
            place.set_result(None)

    def _forget(self, place: asyncio.Future[_Coming | None]) -> None:
        """Let go of one who went away at the door, or as it was let in."""
        if place in self._door:
            self._door.remove(place)
        elif not place.cancelled() and (mine := place.result()) is not None:
            self._coming.discard(mine)

    def _open(self) -> None:
        """Let in from the door as many as there is room for now, the newest first."""
        while self._door and not self._is_crowded():
            place = self._door.pop()
            if not place.done():  # else it went away
                place.set_result(self._enter())

    def _end(self, begun: float) -> None:
        """Learn what one takes of the process: the time since the one before it ended."""
        ended = time.perf_counter()
        self._learn(ended - max(begun, self._ended))
        self._ended = ended

    def _learn(self, seconds: float) -> None:
        """Move the thought of what one takes toward what this one took of the process."""
        self._each += _SHARE * (min(seconds, _MOST * self._each) - self._each)
