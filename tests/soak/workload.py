"""The work that is done on a disk that fails: changes of a store, each named by a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import AttendingError
from attending.lifecycle.auditing import fsck
from attending.lifecycle.desk import Desk
from attending.stores.home import Home
from tests.soak.kills import held, unfiled
from tests.soak.writing import AT, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.soak.disk import Disk


def write(home: Home, number: int, disk: Disk | None = None) -> str:
    """Return the key of a change that was made, and is acknowledged."""
    writer = Writer(home.root, "w0", home.root)
    key = f"w0-{number}"
    with home.database.transaction() as unit:
        writer.work(home, unit, key, number)
    if disk is not None:
        disk.note("ack", key)
    return key


def damage(root: Path, acknowledged: Iterable[str]) -> list[str]:
    """Return what is wrong with a store that must hold some keys; empty when it is sound."""
    try:
        home = Home.open(root)
    except AttendingError as error:
        return [f"not opened: {error.code}"]
    try:
        found = held(home)
        lost = [f"{key} is lost" for key in sorted(set(acknowledged) - found.keys())]
        doubled = [f"{key} is doubled" for key, times in found.items() if times > 1]
        bad = [f"{what}: {one}" for what, all_ in fsck(Desk(home, AT)).items() for one in all_]
        absent = unfiled(home, found)
        return lost + doubled + bad + ([f"{absent} artifacts are missing"] if absent else [])
    except AttendingError as error:
        return [f"not read: {error.code}"]
    finally:
        home.close()
