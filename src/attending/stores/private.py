"""Files that only their owner may reach: keys, and the address of a database."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from attending import keys
from attending.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path


def check_keys(folder: Path) -> None:
    """Refuse a folder of keys that anyone but its owner can open.

    Raises:
        BadInput: the folder or a file in it has rights for others, is missing, or is a link.
    """
    for path in (folder, *sorted(folder.glob("*"))):
        if path.suffix != ".pub":
            check_private(path)


def check_unshared(folder: Path) -> None:
    """Refuse a folder in which anybody on this machine can put or take files.

    Raises:
        BadInput: everybody may write into it.
    """
    if folder.stat().st_mode & stat.S_IWOTH:
        raise BadInput(
            "everybody on this machine can write into a folder of the home",
            code="home.shared",
            hint="chmod 700 the folder, then run `attending fsck`.",
            where=str(folder),
        )


def check_private(path: Path) -> None:
    """Refuse a file that anyone but its owner can reach.

    Raises:
        BadInput: it has rights for others, is missing, or is a link.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        raise BadInput("a key is missing", code="home.key_missing", where=str(path)) from None
    if stat.S_ISLNK(mode) or mode & 0o077:
        raise BadInput(
            "others than its owner can reach a key",
            code="home.key_rights",
            hint="chmod 700 the folder and 600 the file; think about changing the key.",
            where=str(path),
        )


def read_key(path: Path) -> bytes:
    """Return the key that a private file holds.

    Raises:
        BadInput: someone else can read it, or it is not a key.
    """
    check_private(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != keys.KEY_BYTES:
        raise BadInput(
            "this file is not a key",
            code="home.key",
            hint="A key is 64 hexadecimal characters.",
            where=str(path),
        )
    return key
