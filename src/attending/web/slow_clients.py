"""A server that waits for nobody for ever: each request's head has so many seconds to come.

uvicorn bounds how long a connection may idle between requests, and not how long a request may
take to arrive; one byte a second would hold a connection for hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

#: Seconds from the opening of a connection, or the first byte, to the end of a request's head.
HEAD_SECONDS = 10.0
#: Connections that one process holds; more are closed as they come.
MOST_CONNECTIONS = 2_000


class TimedProtocol(H11Protocol):
    """HTTP/1.1 with a bound on the arrival of each request, and on connections."""

    head_seconds = HEAD_SECONDS
    most_connections = MOST_CONNECTIONS
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as uvicorn has it
        """Take up a connection, or close it when there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            transport.abort()
            return
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take in bytes; a head that is whole stops the clock."""
        super().data_received(data)
        if self._answering:
            self._head_came()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a connection."""
        self._head_came()
        super().connection_lost(exc)

    def let_go(self) -> bool:
        """Return whether the answer that is being made will say that it is this connection's last.

        One that waits for its next request is left alone: the request may be on its way.
        """
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_started or not cycle.keep_alive:
            return False
        cycle.keep_alive = False
        cycle.default_headers = [*cycle.default_headers, (b"connection", b"close")]
        return True

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _await_head(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self._answering:
            self.transport.abort()
