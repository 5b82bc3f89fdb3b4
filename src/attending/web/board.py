"""What each worker of one service says of itself, in a folder that the others read.

Counts of a worker that died are taken up by the one that comes in its place, so that what a
dashboard reads from whichever worker only ever goes up.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: A worker that has not said for so many seconds that it is there is taken as gone.
SILENT_SECONDS = 5.0


@dataclass(frozen=True)
class Board:
    """The folder of one service.

    Args:
        folder: private to this service; gone when it ends.
        workers: how many there are.
        place: which of them this process is, from 0 on; -1 for the one that watches them.
    """

    folder: Path
    workers: int
    place: int = -1

    def tell(self, counts: bytes) -> None:
        """Say what this worker has counted, in place of what it said before."""
        self._write(f"counts-{self.place}", counts)

    def told(self) -> list[bytes]:
        """Return what each worker has counted since the service began."""
        return [self.told_by(place) for place in range(self.workers)]

    def told_by(self, place: int) -> bytes:
        """Return what one worker, or those before it in its place, have counted."""
        return self._read(f"counts-{place}")

    def beat(self) -> None:
        """Say that this worker is there and answers."""
        self._write(f"beat-{self.place}", f"{os.getpid()} {time.monotonic()}".encode())

    def beaten(self, place: int) -> tuple[int, float]:
        """Return which process last said that it is there, and how many seconds ago."""
        process, _, at = self._read(f"beat-{place}").decode().partition(" ")
        return (int(process), time.monotonic() - float(at)) if at else (0, float("inf"))

    def up(self) -> list[bool]:
        """Return by worker whether it is there."""
        return [self.beaten(place)[1] < SILENT_SECONDS for place in range(self.workers)]

    def tell_starts(self, starts: Mapping[int, int]) -> None:
        """Say how often each worker was started."""
        self._write("starts", json.dumps(list(starts.values())).encode())

    def lines(self) -> list[str]:
        """Return which workers are there and how often each was started, as OpenMetrics."""
        starts: list[int] = json.loads(self._read("starts") or b"[]")
        return [
            "# TYPE attending_worker_up gauge",
            *(f'attending_worker_up{{worker="{n}"}} {int(up)}' for n, up in enumerate(self.up())),
            "# TYPE attending_worker_starts counter",
            *(f'attending_worker_starts_total{{worker="{n}"}} {s}' for n, s in enumerate(starts)),
        ]

    def _write(self, name: str, data: bytes) -> None:
        beside = self.folder / f".{name}-{self.place}"
        beside.write_bytes(data)
        beside.replace(self.folder / name)

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return b""
