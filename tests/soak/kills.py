"""P02: four writers of one store, killed at random moments; what they acknowledged must be there.

After every kill the store is opened again while the others stand still wherever they are, in a
transaction too, and after each home once more when nobody lives: every acknowledged key stands
once in the ledger, with its prediction; the ledger verifies; `fsck` finds nothing.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from attending.digests import digest_bytes
from attending.errors import DependencyDown
from attending.lifecycle.auditing import fsck
from attending.lifecycle.desk import Desk
from attending.stores.home import Home
from attending.stores.tables import LEDGER, PREDICTIONS
from tests.soak.writing import ACTION, AT, LEAVES, PATIENCE_SECONDS, acknowledged, patient
from tests.stores.homes import write_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack
    from pathlib import Path

    from tests.postgres import Server

    Ends = Callable[[np.random.Generator], int]

#: The writers of a home.
NAMES = ("w0", "w1", "w2", "w3")
#: Kills of one home; the next ones get a new one, so that a check stays quick.
KILLS_A_HOME = 20


@dataclass
class Tally:
    """What a harness of kills found.

    Attributes:
        lost: acknowledged keys that the store did not hold.
        doubled: keys that stood in the ledger more than once.
        unsound: findings of the ledger's audit and of `fsck`.
        resolved: keys that had been committed and not acknowledged when their writer was killed.
        alone: writers that ended before they were killed.
    """

    kills: int = 0
    server_kills: int = 0
    checks: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    unsound: int = 0
    resolved: int = 0
    alone: int = 0

    @property
    def sound(self) -> bool:
        """Return whether nothing was found."""
        return not (self.lost or self.doubled or self.unsound or self.alone)


@dataclass
class Forker:
    """The process that forks writers and kills them."""

    process: subprocess.Popen[str]

    def ask(self, **what: object) -> int:
        """Return the answer to one line."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def forker() -> Iterator[Forker]:
    """Give a process that forks writers, with a group of its own so that none outlives it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak.writing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Forker(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@dataclass
class Round:
    """One home and its writers."""

    root: Path
    forker: Forker
    tally: Tally
    living: dict[str, int] = field(default_factory=dict)
    before: int = 0

    def acks(self, name: str) -> Path:
        """Return where a writer acknowledges."""
        return self.root.parent / f"{self.root.name}-{name}.acks"

    def start(self, name: str, **more: object) -> None:
        """Start a writer, or start it again."""
        asked = {"root": str(self.root), "name": name, "acks": str(self.acks(name)), **more}
        self.living[name] = self.forker.ask(**asked)

    def at_work(self) -> None:
        """Wait until somebody has acknowledged something since the last kill, however slow."""
        until = time.monotonic() + PATIENCE_SECONDS
        while len(self.said()) == self.before:
            assert time.monotonic() < until, "nobody writes"
            time.sleep(0.005)

    def kill(self, name: str) -> None:
        """Kill a writer."""
        self.tally.kills += 1
        ended = self.forker.ask(kill=self.living.pop(name))
        self.tally.alone += ended != -signal.SIGKILL
        self.before = len(self.said())

    def said(self) -> set[str]:
        """Return all keys that were acknowledged until now."""
        return {key for name in NAMES for key in acknowledged(self.acks(name))}

    @contextmanager
    def still(self) -> Iterator[None]:
        """Stop the living writers where they are, in the middle of a transaction too."""
        for pid in self.living.values():
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in self.living.values():
                os.kill(pid, signal.SIGCONT)

    def check_still(self) -> None:
        """Check while the writers stand still; one that stands in a reader's way goes on first."""
        try:
            with self.still():
                self.check()
        except DependencyDown:
            self.check()

    def check(self) -> None:
        """Open the store again and hold it against what was acknowledged before."""
        said = self.said()
        home = Home.open(self.root)
        try:
            found = held(home)
            self.tally.lost += len(said - found.keys())
            self.tally.doubled += sum(times > 1 for times in found.values())
            self.tally.unsound += sum(map(len, fsck(Desk(home=home, at=AT)).values()))
            self.tally.unsound += unfiled(home, found)
            self.tally.checks += 1
        finally:
            home.close()

    def close(self) -> None:
        """Count what was acknowledged, and what only the store knew."""
        home = patient(lambda: Home.open(self.root))
        said = self.said()
        self.tally.acknowledged += len(said)
        self.tally.resolved += len(held(home).keys() - said)
        home.close()


def held(home: Home) -> Counter[str]:
    """Return how often each key stands in the ledger; one without its prediction is not held."""
    with home.database.reading() as connection:
        asked = select(LEDGER.c.subject).where(LEDGER.c.action == ACTION)
        keys = Counter(row.subject for row in connection.execute(asked))
        there = {row.request_id for row in connection.execute(select(PREDICTIONS.c.request_id))}
    return Counter({key: times for key, times in keys.items() if key in there or times > 1})


def unfiled(home: Home, found: Counter[str]) -> int:
    """Return how many keys should have left an artifact that is not there."""
    wanted = (key for key in found if int(key.partition("-")[2]) % LEAVES == 0)
    names = (digest_bytes(f"what {key} left\n".encode() * 64) for key in wanted)
    return sum(name not in home.artifacts for name in names)


def soak(
    make: Callable[[], Path],
    *,
    kills: int,
    seed: int,
    server: Server | None = None,
    by_force: bool = False,
    told: Callable[[Tally], None] | None = None,
) -> Tally:
    """Return what so many kills did.

    Args:
        make: makes a home and returns its folder.
        kills: of writers.
        seed: of the moments and of who is killed.
        server: PostgreSQL's, when its own processes are to be ended too, one for four writers.
        by_force: with SIGKILL, so that it must recover from its log.
        told: is shown the tally after each home.
    """
    ends = None if server is None else partial(_end_one, server, by_force=by_force)
    draw, tally = np.random.default_rng(seed), Tally()
    with forker() as forks:
        while tally.kills < kills:
            this = Round(make(), forks, tally)
            _one_home(this, min(KILLS_A_HOME, kills - tally.kills), draw=draw, ends=ends)
            if told:
                told(tally)
    return tally


def home_maker(
    folder: Path, *, server: Server | None = None, stack: ExitStack | None = None
) -> Callable[[], Path]:
    """Return what makes one home after another in a folder, on a server where one is given."""
    numbers = itertools.count(1)

    def make() -> Path:
        number = next(numbers)
        root, told = folder / f"home-{number}", None
        if server is not None and stack is not None:
            name = stack.enter_context(server.database())
            told = write_address(folder / f"home-{number}.url", server.address(name))
        Home.create(root, at=AT, seed=number, database_file=told).close()
        return root

    return make


def _one_home(this: Round, kills: int, *, draw: np.random.Generator, ends: Ends | None) -> None:
    for name in NAMES:
        this.start(name)
    for number in range(kills):
        this.at_work()
        name = NAMES[draw.integers(len(NAMES))]
        time.sleep(draw.uniform(0.0, 0.2))
        this.kill(name)
        if ends is not None and number % len(NAMES) == 0:
            this.tally.server_kills += ends(draw)
            patient(this.check)
        else:
            this.check_still()
        this.start(name)
    for name in NAMES:
        this.forker.ask(kill=this.living.pop(name))
    this.check()
    this.close()


def _end_one(server: Server, draw: np.random.Generator, *, by_force: bool) -> int:
    """Return whether one of the server's own processes was ended."""
    clients = server.clients()
    if clients:
        server.kill(clients[draw.integers(len(clients))], by_force=by_force)
    return int(bool(clients))
