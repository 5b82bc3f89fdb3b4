"""One asker takes no more than a share of the service, so that the others get their answers."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING

from fastapi.datastructures import Headers

from attending.errors import AttendingError, TooMany
from attending.web.cells import Cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from attending.specs.limits import LimitsSpec
    from attending.web.asgi import Application, Message, Receive, Scope, Send

#: How much more one address may take than one session or token.
_ADDRESS_AT_ONCE, _ADDRESS_PER_MINUTE = 2, 10
#: Where the two counts of an asker stand in one number.
_HIGH, _LOW = 32, (1 << 32) - 1


class TooSlow(AttendingError):
    """A body that does not come (HTTP 408)."""

    http_status = 408
    default_code = "request.slow"


class FairShare:
    """Counts requests of each asker, before anything is done for them, over all workers.

    Args:
        app: what answers.
        limits: what one asker may take.
        clock: seconds that only go up, the same in every worker.
        cells: held together with the other workers of the service; alone when None.
    """

    def __init__(
        self,
        app: Application,
        *,
        limits: LimitsSpec,
        clock: Callable[[], float] = time.monotonic,
        cells: Cells | None = None,
    ) -> None:
        self._app = app
        self._limits = limits
        self._clock = clock
        self._cells = cells or Cells.alone()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it at once."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        askers = tuple(self._askers(scope))
        self._check(askers)
        self._count(askers, at_once=1)
        try:
            await self._app(scope, _in_time(receive, self._limits.body_seconds), send)
        finally:
            self._count(askers, at_once=-1)

    def _askers(self, scope: Scope) -> Iterator[str]:
        """Yield who asks: the address, and the session or token."""
        client = scope.get("client")
        yield f"address {client[0] if client else ''}"
        headers = Headers(scope=scope)
        shown = headers.get("authorization") or headers.get("cookie")
        if shown:
            yield f"shown {hashlib.sha256(shown.encode()).hexdigest()}"

    def _check(self, askers: tuple[str, ...]) -> None:
        self._count(askers, in_minute=1)
        for who in askers:
            shared = who.startswith("address")
            most = self._limits.at_once * (_ADDRESS_AT_ONCE if shared else 1)
            rate = self._limits.per_minute * (_ADDRESS_PER_MINUTE if shared else 1)
            at_once, in_minute = self.taken(who)
            if at_once >= most or in_minute > rate:
                raise TooMany(
                    "this asker takes more than its share of the service",
                    code="quota.requests",
                    hint="Wait for answers before you ask again; see policy/limits.yaml.",
                )

    def taken(self, who: str) -> tuple[int, int]:
        """Return how many requests of an asker are worked on now, and came in this minute."""
        minute, found = self._minute(), self._cells.everywhere(who)
        in_minute = sum(both >> _HIGH for at, both in found if at == minute)
        return sum(both & _LOW for _, both in found), in_minute

    def _count(self, askers: tuple[str, ...], *, at_once: int = 0, in_minute: int = 0) -> None:
        minute = self._minute()
        for who in askers:
            at, both = self._cells.own(who)
            came = (both >> _HIGH if at == minute else 0) + in_minute
            self._cells.put(who, minute, came << _HIGH | max(0, (both & _LOW) + at_once))

    def _minute(self) -> int:
        return 1 + int(self._clock() // 60)


def _in_time(receive: Receive, seconds: int) -> Receive:
    """Return a receiver that does not wait for a body that does not come."""
    whole = False

    async def received() -> Message:
        nonlocal whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout(seconds):
                message = await receive()
        except TimeoutError:
            raise TooSlow("got a part of a body, and no more of it") from None
        whole = not message.get("more_body", False)
        return message

    return received
