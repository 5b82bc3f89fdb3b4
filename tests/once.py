"""What many modules start from is made once for all workers of a run; each works on a copy."""

from __future__ import annotations

import fcntl
import json
import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: The folder that all workers of a run of pytest share; without one everything is made anew.
_SHARED: list[Path] = []


def share(folder: Path) -> None:
    """Say where what is made once is kept."""
    _SHARED[:] = [folder]


def copied(name: str, folder: Path, make: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """Return what `make` told of a folder that it fills; nobody else has the same files.

    Args:
        name: of what is made; the same name is made once.
        folder: to be filled; it may be there, and is empty.
        make: fills a folder, leaves nothing open in it, and tells what can be written as JSON.
    """
    if not _SHARED:
        folder.mkdir(parents=True, exist_ok=True)
        return make(folder)
    kept, told = _SHARED[0] / name, _SHARED[0] / f"{name}.json"
    with (_SHARED[0] / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.is_file():
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir(parents=True)
            told.write_text(json.dumps(make(kept)))
    shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
    said: dict[str, Any] = json.loads(told.read_text())
    return said
