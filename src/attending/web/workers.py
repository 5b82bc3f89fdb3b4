"""Several workers behind one listening socket, and a parent that starts again the one that died.

The parent answers nothing and opens no store. Each worker is a process of its own, started with
nothing of the parent's memory: it gets the socket, and a letter that says what it shares with the
others. When the parent is gone, its workers drain and end.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from attending.errors import EXIT_CODES, DependencyDown
from attending.web.board import Board
from attending.web.draining import DRAIN_SECONDS, Draining
from attending.web.fair_listener import FairListener
from attending.web.shared import Letters, Shared
from attending.web.slow_clients import TimedProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    import uvicorn

#: More workers than this wait for the one store rather than for the processor.
MOST_WORKERS = 16
#: A worker that has not said for so long that it is there is ended and started again.
HUNG_SECONDS = 30.0
#: One that cannot start is tried again after this long, doubled each time up to the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0
_LOOK_SECONDS = 0.1
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_log = logging.getLogger("attending.web")


class Member(Draining):
    """A server that is one of several: it says that it is there, and ends with its parent.

    Args:
        config: how it listens.
        board: what the workers say of themselves.
        shared: what they hold together, and on which socket they listen.
    """

    def __init__(self, config: uvicorn.Config, board: Board, shared: Shared) -> None:
        super().__init__(config)
        self._board = board
        held = self.server_state.connections
        number = -1 if shared.listener is None else shared.listener
        self.listener = FairListener(number, cells=shared.cells, held=lambda: len(held))
        self.listener.tell()

    async def on_tick(self, counter: int) -> bool:
        """Say ten times a second what this worker holds, and once that it is there."""
        self.listener.tell()
        if self.listener.surplus() > 1:
            self._let_one_go()
        if counter % 10 == 0:
            self._board.beat()
        return await super().on_tick(counter)

    def _let_one_go(self) -> None:
        """Tell one who is being answered to connect anew, which a worker with fewer takes up.

        Who came while this worker was alone, as at a start, would else stay with it.
        """
        for one in self.server_state.connections:
            if isinstance(one, TimedProtocol) and one.let_go():
                return

    def end_with(self, parent: Callable[[], object]) -> None:
        """Drain once `parent` returns, which it does when the parent is gone."""

        def wait() -> None:
            parent()
            self.should_exit = True

        threading.Thread(target=wait, daemon=True).start()


def joined() -> Shared:
    """Return what this worker shares, from the letter that its parent wrote to it."""
    return Shared.joined(sys.stdin.readline())


@dataclass
class _Seat:
    """The place of one worker, and who sits there."""

    process: subprocess.Popen[str] | None = None
    starts: int = 0
    fails: int = 0
    again_at: float = 0.0
    up: bool = False


@dataclass
class Supervisor:
    """Keeps so many workers running.

    Args:
        command: starts one worker, which reads its letter from standard input.
        listener: on which all of them listen; the parent only holds it.
        board: what they say of themselves.
        letters: what they are told.
    """

    command: Sequence[str]
    listener: socket.socket
    board: Board
    letters: Letters
    _seats: list[_Seat] = field(default_factory=list)
    _told: bool = False

    def run(self) -> int:
        """Return how the service ended: 0 after a drain, else as its first worker was refused."""
        self._seats = [_Seat() for _ in range(self.board.workers)]
        before = {one: signal.signal(one, self._stop) for one in _STOPS}
        try:
            while not self._told:
                if (refused := self._look()) is not None:
                    return refused
                time.sleep(_LOOK_SECONDS)
            return 0
        finally:
            self._drain()
            for one, handler in before.items():
                signal.signal(one, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True

    def _look(self) -> int | None:
        """Start whoever is not there; the first alone, so that a refusal is told once."""
        began = any(seat.up for seat in self._seats)
        for place, seat in enumerate(self._seats if began else self._seats[:1]):
            if seat.process is None:
                if time.monotonic() >= seat.again_at:
                    self._start(place, seat)
            elif (code := seat.process.poll()) is not None:
                if not began and code in EXIT_CODES:
                    return code
                self._gone(place, seat, code)
            else:
                self._see(place, seat, seat.process)
        return None

    def _start(self, place: int, seat: _Seat) -> None:
        seat.process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            self.command,
            stdin=subprocess.PIPE,
            text=True,
            pass_fds=(self.listener.fileno(),),
        )
        seat.starts, seat.up = seat.starts + 1, False
        self.board.tell_starts({n: one.starts for n, one in enumerate(self._seats)})
        pipe = seat.process.stdin
        try:
            if pipe is not None:  # it stays open: its end tells the worker that we are gone
                pipe.write(self.letters.to(place) + "\n")
                pipe.flush()
        except BrokenPipeError:
            _log.warning("worker %d ended before it began", place)

    def _see(self, place: int, seat: _Seat, process: subprocess.Popen[str]) -> None:
        pid, ago = self.board.beaten(place)
        if pid != process.pid:
            return
        if not seat.up:
            seat.up, seat.fails = True, 0
        elif ago > HUNG_SECONDS:
            _log.error("worker %d says nothing for %.0f s and is ended", place, ago)
            process.kill()

    def _gone(self, place: int, seat: _Seat, code: int) -> None:
        pause = 0.0 if seat.up else min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**seat.fails)
        seat.fails += not seat.up
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        _log.error("worker %d ended %s; another takes its place", place, how)
        if seat.process is not None and seat.process.stdin is not None:
            seat.process.stdin.close()
        seat.process, seat.up = None, False
        seat.again_at = time.monotonic() + pause

    def _drain(self) -> None:
        """Tell all workers to answer what they accepted, and wait until they have."""
        self.listener.close()  # else connections would wait here that nobody takes up
        running = [seat.process for seat in self._seats if seat.process is not None]
        for process in running:
            process.terminate()
        until = time.monotonic() + DRAIN_SECONDS + 5
        for process in running:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _log.error("a worker did not end in time and is killed")
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()


def supervise(command: Sequence[str], *, host: str, port: int, workers: int) -> int:
    """Return how a service of several workers ended, once it was told to stop.

    Args:
        command: starts one worker.
        host: where all of them listen.
        port: on which port.
        workers: how many.

    Raises:
        DependencyDown: somebody listens there already.
    """
    with tempfile.TemporaryDirectory(prefix="attending-serve-") as name, _bound(host, port) as one:
        folder = Path(name)
        letters = Letters(folder, workers=workers, listener=one.fileno())
        return Supervisor(command, one, Board(folder, workers=workers), letters).run()


def _bound(host: str, port: int) -> socket.socket:
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    found = socket.socket(family, kind, proto)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
    except OSError as error:
        found.close()
        raise DependencyDown(
            f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}",
            code="web.port",
            hint="Another service may listen there; choose another --port.",
        ) from None
    return found
