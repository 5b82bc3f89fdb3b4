"""One kept connection to a service: it sends bytes made beforehand, and costs its asker little."""

from __future__ import annotations

import asyncio
import json
from typing import Any


class Line:
    """A connection that asks one thing after the other, opened again when it was closed.

    Args:
        port: of the service on loopback.
        patience: seconds in which an answer must come.
    """

    def __init__(self, port: int, *, patience: float) -> None:
        self._port = port
        self._patience = patience
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, *parts: bytes) -> tuple[int, Any]:
        """Return the status of the answer to a whole request, and the JSON in it."""
        return await asyncio.wait_for(self._ask(parts), self._patience)

    async def _ask(self, parts: tuple[bytes, ...]) -> tuple[int, Any]:
        if self._ends is None or self._ends[0].at_eof():
            self.close()
            self._ends = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._ends
        writer.writelines(parts)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        said = json.loads(await reader.readexactly(length))
        if b"\r\nconnection: close" in head:
            self.close()
        return int(head[9:12]), said

    def close(self) -> None:
        """Close the connection."""
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


def head(method: str, path: str, headers: dict[str, str]) -> bytes:
    """Return the first lines of a request, without its length.

    >>> head("GET", "/livez", {})
    b'GET /livez HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n'
    """
    named = {"Host": "127.0.0.1", **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "".join(f"{line}\r\n" for line in lines).encode()
