"""What must stand in a home before it is opened: its own folders, none of them a link."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from attending.errors import DependencyDown, IntegrityBroken
from attending.stores.addresses import STORE_FILE

if TYPE_CHECKING:
    from pathlib import Path

#: Without these a home would say that nothing is there, or nothing was witnessed.
_NEEDED = ("artifacts", "snapshots", "witness")


def check_layout(root: Path, *, file: bool) -> None:
    """Refuse a home of which a part is gone or lies elsewhere.

    Args:
        root: the folder of the home.
        file: whether its rows rest in a file of the home.

    Raises:
        IntegrityBroken: a link stands in the place of a part, or the file of rows is gone.
        DependencyDown: a folder is gone, or cannot be reached.
    """
    for name in _NEEDED:
        if not _stands(root / name):
            raise DependencyDown(
                f"the home has no folder {name}",
                code="storage.missing",
                hint="Mount or restore it; an empty one would hide what is gone.",
                where=str(root / name),
            )
    if file and not _stands(root / STORE_FILE):
        raise IntegrityBroken(
            "the home has no store, which it once had",
            code="store.gone",
            hint="Mount or restore it; do not make a new home in its place.",
            where=str(root / STORE_FILE),
        )


def _stands(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    except OSError:
        raise DependencyDown(
            "a part of the home cannot be reached",
            code="storage.read_only",
            hint="Give this user the right to read and write there.",
            where=str(path),
        ) from None
    if stat.S_ISLNK(mode):
        raise IntegrityBroken(
            "a link stands in the place of a part of the home",
            code="home.link",
            hint="Put the part itself there, or move the whole home.",
            where=str(path),
        )
    return True
