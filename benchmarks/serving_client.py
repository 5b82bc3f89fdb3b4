"""A light client of a scoring service: bodies made beforehand, raw sockets, a process of its own.

Open: requests leave on a clock, whatever became of those before, and a latency counts from the
instant at which its request was due (no coordinated omission). Closed: each of so many clients
asks again as soon as it was answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Plan:
    """What is asked: where, in which words, how often.

    Attributes:
        heads: of requests, each without its length; taken in turn.
        bodies: what stands before and after the instant of a request, and that instant in
            microseconds; one without an instant is sent as it is.
        first: added to the instants, so that no request is one that was made before.
        phases: requests a second that leave on a clock, and for how many seconds, one after
            another; none asks again as soon as answered.
        seconds, clients: of a closed loop.
    """

    port: int
    heads: list[str]
    bodies: list[list[Any]]
    first: int
    phases: list[tuple[float, float]] = field(default_factory=list)
    seconds: float = 0.0
    clients: int = 1

    def due(self) -> list[float]:
        """Return when each request of the phases is due, in seconds from the start."""
        found, begin = [], 0.0
        for rate, seconds in self.phases:
            found += [begin + number / rate for number in range(int(rate * seconds))]
            begin += seconds
        return found


@dataclass
class Seen:
    """What came back: for each request when it was due, how long it took, and the status."""

    due: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    without_retry_after: int = 0
    seconds: float = 0.0


class _Line(asyncio.Protocol):
    """One connection, kept alive; one request at a time."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._answer: asyncio.Future[tuple[int, bool]] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    @property
    def open(self) -> bool:
        """Return whether another request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, parts: list[bytes]) -> tuple[int, bool]:
        """Return the status of the answer, and whether it says when to come again."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.writelines(parts)
        return await asyncio.wait_for(self._answer, _PATIENCE_SECONDS)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = bytes(self._data).partition(b"\r\n\r\n")
        if not found or self._answer is None or self._answer.done():
            return
        words = head.lower()
        length = int(words.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._data.clear()
            if b"\r\nconnection: close" in words and self._transport is not None:
                self._transport.close()
            self._answer.set_result((int(head[9:12]), b"\r\nretry-after:" in words))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio has it
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((0, False))


class _Client:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._free: list[_Line] = []
        self._heads = [head.encode() for head in plan.heads]
        self._bodies = [(one[0].encode(), one[1].encode(), one[2]) for one in plan.bodies]
        self.seen = Seen()

    def _request(self, number: int) -> list[bytes]:
        before, after, micros = self._bodies[number % len(self._bodies)]
        instant = b""
        if micros is not None:
            at = _EPOCH + timedelta(microseconds=micros + self._plan.first + number)
            instant = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
        length = len(before) + len(instant) + len(after)
        head = self._heads[number % len(self._heads)]
        return [head + b"Content-Length: %d\r\n\r\n" % length + before + instant, after]

    async def _line(self) -> _Line:
        while self._free:
            line = self._free.pop()
            if line.open:
                return line
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(_Line, "127.0.0.1", self._plan.port)
        return line

    async def _one(self, number: int, due: float) -> None:
        try:
            line = await self._line()
            status, retry = await line.ask(self._request(number))
            self._free.append(line)
        except (OSError, TimeoutError):
            status, retry = 0, False
        self.seen.due.append(due - self._start)
        self.seen.took.append(time.perf_counter() - due)
        self.seen.status.append(status)
        self.seen.without_retry_after += status == 503 and not retry

    async def run(self) -> Seen:
        """Return what came back."""
        self._start = time.perf_counter()
        await (self._open() if self._plan.phases else self._closed())
        self.seen.seconds = time.perf_counter() - self._start
        return self.seen

    async def _open(self) -> None:
        tasks = []
        for number, after in enumerate(self._plan.due()):
            due = self._start + after
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(self._one(number, due)))
        await asyncio.gather(*tasks)

    async def _closed(self) -> None:
        end = self._start + self._plan.seconds

        async def ask_again(place: int) -> None:
            number = place
            while (now := time.perf_counter()) < end:
                await self._one(number, now)
                number += self._plan.clients

        await asyncio.gather(*(ask_again(place) for place in range(self._plan.clients)))


def main() -> None:
    """Ask as the plan in the file that is named says, and print what came back."""
    plan = Plan(**json.loads(Path(sys.argv[1]).read_text()))
    print(json.dumps(vars(asyncio.run(_Client(plan).run()))))


if __name__ == "__main__":
    main()
