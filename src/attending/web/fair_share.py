"""One asker takes no more than a share of the service, so that the others get their answers."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from typing import TYPE_CHECKING

from fastapi.datastructures import Headers

from attending.errors import AttendingError, TooMany

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from attending.specs.limits import LimitsSpec
    from attending.web.asgi import Application, Message, Receive, Scope, Send

#: How much more one address may take than one session or token.
_ADDRESS_AT_ONCE, _ADDRESS_PER_MINUTE = 2, 10


class TooSlow(AttendingError):
    """A body that does not come (HTTP 408)."""

    http_status = 408
    default_code = "request.slow"


class FairShare:
    """Counts requests of each asker, before anything is done for them.

    Args:
        app: what answers.
        limits: what one asker may take.
        clock: seconds that only go up.
    """

    def __init__(
        self, app: Application, *, limits: LimitsSpec, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._limits = limits
        self._clock = clock
        self._at_once: Counter[str] = Counter()
        self._minute = 0
        self._in_minute: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it at once."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        askers = dict(self._askers(scope))
        self._check(askers)
        self._at_once.update(askers)
        try:
            await self._app(scope, _in_time(receive, self._limits.body_seconds), send)
        finally:
            self._at_once.subtract(askers)
            self._at_once += Counter()  # forgets who has none

    def _askers(self, scope: Scope) -> Iterator[tuple[str, int]]:
        """Yield who asks, and 1: the session or token, and the address."""
        client = scope.get("client")
        yield f"address {client[0] if client else ''}", 1
        headers = Headers(scope=scope)
        shown = headers.get("authorization") or headers.get("cookie")
        if shown:
            yield f"shown {hashlib.sha256(shown.encode()).hexdigest()}", 1

    def _check(self, askers: dict[str, int]) -> None:
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute, self._in_minute = minute, Counter()
        self._in_minute.update(askers)
        for who in askers:
            shared = who.startswith("address")
            most = self._limits.at_once * (_ADDRESS_AT_ONCE if shared else 1)
            rate = self._limits.per_minute * (_ADDRESS_PER_MINUTE if shared else 1)
            if self._at_once[who] >= most or self._in_minute[who] > rate:
                raise TooMany(
                    "this asker takes more than its share of the service",
                    code="quota.requests",
                    hint="Wait for answers before you ask again; see policy/limits.yaml.",
                )


def _in_time(receive: Receive, seconds: int) -> Receive:
    """Return a receiver that does not wait for a body that does not come."""
    whole = False

    async def received() -> Message:
        nonlocal whole
        if whole:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), seconds)
        except TimeoutError:
            raise TooSlow("got a part of a body, and no more of it") from None
        whole = not message.get("more_body", False)
        return message

    return received
