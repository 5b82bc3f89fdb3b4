"""The outer door: host check, size limit, security headers, and no traceback to anyone."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, ClassVar

from fastapi.datastructures import Headers

from attending.errors import AttendingError
from attending.web.problems import problem

if TYPE_CHECKING:
    from attending.web.asgi import Application, Message, Receive, Scope, Send

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
#: On every answer; a document brings a narrower content policy of its own.
HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_RAW_HEADERS = [(k.lower().encode("ascii"), v.encode("ascii")) for k, v in HEADERS.items()]
_BODY_BYTES = 64 * 1024
#: A request for a prediction brings a patient's events.
_MACHINE_PATHS, _MACHINE_BYTES = ("/v1/", "/cds-services/"), 8 * 1024 * 1024
#: Seconds that a body may take to come, from the first look at it on.
BODY_SECONDS = 20.0
#: Once a body is whole nobody waits for more of it; what comes then is that the client left.
_FOREVER = 86_400.0
_METHODS = frozenset({"GET", "HEAD", "POST"})
_log = logging.getLogger("attending.web")


def _host(value: str) -> str:
    """Return a host without its port; an IPv6 address keeps its brackets."""
    return value if value.endswith("]") else value.rpartition(":")[0] or value


class Door:
    """Every request comes in here first and every answer leaves here last.

    Args:
        app: what stands behind the door.
        hosts: names under which this service may be asked.
        body_seconds: that a body may take to come.
    """

    def __init__(
        self,
        app: Application,
        *,
        hosts: frozenset[str],
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(message)
            await send(message)

        try:
            self._check(scope)
            await self._app(
                scope,
                _limited(receive, _most(scope), seconds=self._body_seconds),
                send_with_headers,
            )
        except Exception as error:
            if not isinstance(error, AttendingError):
                # Only the kind is logged: a message could hold what the request held.
                _log.error("a request failed with %s", type(error).__name__)
            if started:
                raise
            await problem(scope, error)(scope, receive, send_with_headers)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if _host(headers.get("host", "")).lower() not in self._hosts:
            raise _Misdirected("got a host that this service does not answer for", code="web.host")
        if "transfer-encoding" in headers and "content-length" in headers:
            # Two lengths: a proxy before us may have believed the other one.
            raise _Malformed("got a body with two lengths", code="web.framing")
        if scope["method"] not in _METHODS:
            raise _OtherMethod("got a method that no address has", code="web.method")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length[:20]) > _most(scope):
            raise _TooLarge("got a body that is too large", code="web.body_size")

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the start and stop of the server on; there are no websockets here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        await send({"type": "websocket.close", "code": 1008, "reason": ""})


def _add_headers(message: Message) -> None:
    """Add our headers to an answer that starts, except those that it brings itself."""
    brought = {name.lower() for name, _ in message["headers"]}
    message["headers"] = [
        *message["headers"],
        *(pair for pair in _RAW_HEADERS if pair[0] not in brought),
    ]


class _Malformed(AttendingError):
    http_status = 400
    headers: ClassVar[dict[str, str]] = {"Connection": "close"}


class _OtherMethod(AttendingError):
    http_status = 405
    headers: ClassVar[dict[str, str]] = {"Allow": "GET, POST"}


class _TooSlow(AttendingError):
    http_status = 408
    headers: ClassVar[dict[str, str]] = {"Connection": "close"}


class _Misdirected(AttendingError):
    http_status = 421


class _TooLarge(AttendingError):
    http_status = 413


def _most(scope: Scope) -> int:
    """Return how many bytes a body may have."""
    return _MACHINE_BYTES if scope["path"].startswith(_MACHINE_PATHS) else _BODY_BYTES


def _limited(receive: Receive, most: int, *, seconds: float) -> Receive:
    """Return a receiver that refuses a body which grows, or takes longer, than it may."""
    size, left = 0, seconds

    async def counted() -> Message:
        nonlocal size, left
        begun = time.monotonic()
        try:
            async with asyncio.timeout(left):
                message = await receive()
        except TimeoutError:
            raise _TooSlow("the body did not come in time", code="web.body_time") from None
        left = max(0.0, left - (time.monotonic() - begun))
        if not message.get("more_body", False):
            left = _FOREVER
        size += len(message.get("body", b""))
        if size > most:
            raise _TooLarge("got a body that is too large", code="web.body_size")
        return message

    return counted
