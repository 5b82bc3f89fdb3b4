"""P04 and P05: the n-th operation on the disk fails, for every n until nothing fails any more.

A full disk refuses whatever takes space from that operation on, until space is freed; a broken one
answers once with an error, and what waited for that sync is lost without another word.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from attending.errors import AttendingError
from attending.stores.home import Home
from tests.soak.disk import TAKES_SPACE, watched
from tests.soak.power import Image, follow
from tests.soak.workload import damage, write
from tests.soak.writing import AT, LEAVES, Found

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.soak.disk import Disk

#: What stands in the store before, and what is written while the disk fails: with an artifact, and
#: without.
BEFORE, WANTED = LEAVES, (LEAVES, LEAVES + 1)


#: SQLite says of a file that it can make no more than that it cannot be opened.
_BROKEN = ("storage.io", "storage.missing")


@dataclass
class Loop:
    """What became of every n.

    Attributes:
        tried: how many operations were made to fail, one after the other.
        refused: by code, how often a write was refused.
        wrong: what must not be.
    """

    tried: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def made(folder: Path, *, seed: int) -> Path:
    """Return a home with some keys in it, to be copied for every n."""
    root = folder / "before"
    home = Home.create(root, at=AT, seed=seed)
    for number in range(BEFORE):
        write(home, number)
    home.close()
    return root


def full(folder: Path, *, seed: int, step: int = 1) -> Loop:
    """Return what a disk does that is full from the n-th operation on, for every n.

    Args:
        folder: where the stores are made.
        seed: of the home.
        step: only every so manieth n, for a short form.
    """
    before, loop, first = made(folder, seed=seed), Loop(), 1
    while True:
        root = folder / "home"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(before, root)
        with watched(root) as disk:
            disk.from_step = first
            _full_once(root, disk, loop)
        keys = [f"w0-{number}" for number in range(WANTED[-1] + 1)]
        loop.wrong += [f"{first}: {one}" for one in damage(root, keys)]
        if not disk.failed:
            return loop
        loop.tried += 1
        first += step


def _full_once(root: Path, disk: Disk, loop: Loop) -> None:
    home = _tried(partial(Home.open, root), loop, "storage.full") or _freed(root, disk)
    for number in WANTED:
        _tried(partial(write, home, number), loop, "storage.full")
    if disk.failed and disk.from_step:
        _reads(home, loop)
        # No write is taken as long as there is no space.
        if _tried(partial(write, home, WANTED[-1] + 1), loop, "storage.full"):
            loop.wrong.append("a write was taken by a full disk")
    disk.lift()
    for number in WANTED:  # the same process goes on, and what it asks again is there once
        _tried(partial(write, home, number), loop)
    home.close()


def _freed(root: Path, disk: Disk) -> Home:
    disk.lift()
    return Home.open(root)


def _reads(home: Home, loop: Loop) -> None:
    try:
        for number in range(BEFORE):
            home.predictions.get(f"w0-{number}")
        if home.ledger.size < BEFORE + 1:
            loop.wrong.append("what stood before is gone")
    except AttendingError as error:
        loop.wrong.append(f"a read was refused: {error.code}")


def broken(folder: Path, *, seed: int, step: int = 1) -> Loop:
    """Return what a disk does whose n-th operation answers with an error, for every n.

    At the end the power fails: what was acknowledged must be in what the disk holds for sure.
    """
    before, loop, first = made(folder, seed=seed), Loop(), 1
    while True:
        root = folder / "home"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(before, root)
        image = Image.of(root)
        with watched(root) as disk:
            disk.fault, disk.from_step, disk.lasting = "broken", first, False
            disk.kinds = (*TAKES_SPACE, "read", "truncate")
            home = _tried(partial(Home.open, root), loop, *_BROKEN) or Home.open(root)
            for number in (*WANTED, *WANTED):
                _tried(partial(write, home, number, disk), loop, *_BROKEN)
            home.close()
        follow(image, disk.steps).write(folder / "image")
        acks = {f"w0-{number}" for number in range(BEFORE)} | set(image.acks)
        if len(acks) != BEFORE + len(WANTED):
            loop.wrong.append(f"{first}: asked again, a key was refused")
        loop.wrong += [f"{first}: {one}" for one in damage(folder / "image", acks)]
        if not disk.failed:
            return loop
        loop.tried += 1
        first += step


def _tried(work: Callable[[], Found], loop: Loop, *codes: str) -> Found | None:
    """Return what work returned; None when it was refused, which must be by one of its codes."""
    try:
        return work()
    except AttendingError as error:
        loop.refused[error.code] += 1
        if error.code not in codes or error.exit_code != 5:
            loop.wrong.append(f"refused as {error.code}")
    except Exception as error:  # noqa: BLE001 - what must never reach a user is counted
        loop.wrong.append(f"{type(error).__name__}: {error}")
    return None
