"""A bound on how many machines are answered at once, and on how long each may take.

What is beyond is told at once to come again: a queue would make every answer late. Work that is too
slow keeps its place until it ends, so that a dependency that hangs never gathers threads.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING

from attending.errors import DependencyDown

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from attending.web.asgi import Application, Message, Receive, Scope, Send

#: Requests of machines that one process works on at once; more would only make all of them late.
MOST_AT_ONCE = 24
#: Seconds that a machine waits at most; a record system gives up sooner.
DEADLINE = 5.0
MACHINES = ("/v1/", "/cds-services")
_HOOKS, _FEEDBACK, _PREDICTIONS = "/cds-services/", "/feedback", "/predictions"


class Full(DependencyDown):
    """As many as this process can do are being answered (HTTP 503)."""

    default_code = "service.full"


class TooLate(DependencyDown):
    """What the answer depends on did not answer in time (HTTP 503)."""

    default_code = "service.deadline"


class Budget:
    """Lets so many requests of machines in at once, each for so long.

    Args:
        app: what answers.
        most: at once.
        deadline: seconds.
        coming: lets in who asks for a score, or refuses before its body is read one whose answer
            would come too late.
    """

    def __init__(
        self,
        app: Application,
        *,
        most: int = MOST_AT_ONCE,
        deadline: float = DEADLINE,
        coming: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        self._app = app
        self._most = most
        self._deadline = deadline
        self._coming = coming
        self._working: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it at once.

        Raises:
            Full: too many are being answered.
            TooLate: the answer was not ready in time; what was asked for may yet be done.
        """
        if scope["type"] != "http" or not scope["path"].startswith(MACHINES):
            await self._app(scope, receive, send)
            return
        if len(self._working) >= self._most:
            raise Full(
                "this service is full", hint="Ask again after Retry-After; nothing was done."
            )
        if scope["method"] == "POST" and _asks_for_score(scope["path"]):
            async with self._coming():
                await self._in_time(scope, receive, send)
        else:
            await self._in_time(scope, receive, send)

    async def _in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(send)
        task = asyncio.create_task(self._work(scope, receive, answer.send))
        self._working.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=self._deadline)
        if not done and not answer.started:
            answer.given_up = True
            raise TooLate(
                "the answer was not ready in time",
                hint="Ask the same again: what was done meanwhile is the answer.",
            )
        await task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Give a place back; a failure that nobody waits for any longer was answered already."""
        self._working.discard(task)
        if not task.cancelled():
            task.exception()

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _asks_for_score(path: str) -> bool:
    hook = path.startswith(_HOOKS) and not path.endswith(_FEEDBACK)
    return hook or path.endswith(_PREDICTIONS)


class _Answer:
    """What is sent for one request; nothing more once somebody else has answered."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False
        self.given_up = False

    async def send(self, message: Message) -> None:
        if not self.given_up:
            self.started = True
            await self._send(message)
