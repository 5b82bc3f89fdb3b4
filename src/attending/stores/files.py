"""Writing a file so that a reader sees all of it or nothing, also after a power cut."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attending.errors import DependencyDown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READ_ONLY = 0o444
_CODES = {
    errno.ENOSPC: "storage.full",
    errno.EDQUOT: "storage.full",
    errno.EROFS: "storage.read_only",
    errno.EACCES: "storage.read_only",
    errno.EPERM: "storage.read_only",
    errno.ENOENT: "storage.missing",
    errno.ENOTDIR: "storage.missing",
}
_HINTS = {
    "storage.full": "Free some space; nothing was half done.",
    "storage.read_only": "Give this user the right to write there.",
    "storage.missing": "Look at the folders of the home.",
}


@contextmanager
def io_refused() -> Iterator[None]:
    """Turn errors of the file system inside the block into our refusals.

    Raises:
        DependencyDown: no space, no right, no folder, or the disk fails.
    """
    try:
        yield
    except OSError as error:
        code = _CODES.get(error.errno or 0, "storage.io")
        hint = _HINTS.get(code, "Look at the disk before anything else.")
        raise DependencyDown(f"the files of the store: {code}", code=code, hint=hint) from error


def write_once(path: Path, data: bytes, *, mode: int = READ_ONLY) -> None:
    """Write a file whole: beside its place first, synced, then renamed, then its name synced.

    Raises:
        DependencyDown: the file system refuses.
    """
    with io_refused():
        make_folder(path.parent)
        scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        handle = os.open(scratch, flags, mode)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            scratch.rename(path)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise
        sync_name(path)


def sync_name(path: Path) -> None:
    """Make the name of a file durable, and that of its folder.

    Somebody else may have made either and not have synced it yet, or have been told that it
    cannot be: whoever relies on a file syncs its name, whoever wrote it.
    """
    sync_folder(path.parent)
    sync_folder(path.parent.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it where they are missing, each one's name durable."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def probe_folder(folder: Path) -> None:
    """Make a file in a folder, and take it away again.

    Raises:
        DependencyDown: the file system refuses, and why.
    """
    scratch = folder / f".probe.{secrets.token_hex(8)}"
    with io_refused():
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        os.close(handle)
        scratch.unlink()


def sync_file(path: Path) -> None:
    """Make what was written to a file durable."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
