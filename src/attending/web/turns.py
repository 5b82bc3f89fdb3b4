"""Few scores are worked on at once; the others wait their turn in the order in which they came.

Python works on one thing at a time: twenty threads that score would all be late, and the thread
that listens with them. How many may wait is decided before, by `attending.web.crowd`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from fastapi.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import Callable

_In = ParamSpec("_In")
_Out = TypeVar("_Out")
#: Scores that are worked on at once: while one waits for the disk the next one is made.
WIDTH = 4


class Turns:
    """Lets a few in, the others in the order in which they came.

    Args:
        width: worked on at once.
    """

    def __init__(self, *, width: int = WIDTH) -> None:
        self._places = asyncio.Semaphore(width)

    async def take(self, work: Callable[_In, _Out], *args: _In.args, **kwargs: _In.kwargs) -> _Out:
        """Return what `work` returns, done in a thread when its turn has come."""
        async with self._places:
            return await run_in_threadpool(work, *args, **kwargs)
