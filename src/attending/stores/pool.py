"""The files of a folder of backups: each kept once by the digest of its bytes, never followed."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from typing import TYPE_CHECKING

from attending.digests import short
from attending.errors import BadInput, IntegrityBroken
from attending.stores.files import READ_ONLY, io_refused, sync_folder
from attending.stores.names import check_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import BinaryIO

_CHUNK_BYTES = 1 << 20
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class Pool:
    """A folder of files by digest.

    Args:
        folder: where they rest.
        secrets_kept_out: bytes that no file may hold, such as a private key.
    """

    def __init__(self, folder: Path, *, secrets_kept_out: Sequence[bytes] = ()) -> None:
        self.folder = folder
        self._kept_out = tuple(secrets_kept_out)

    def path(self, digest: str) -> Path:
        """Return where a file rests, whether it is there or not.

        Raises:
            BadInput: not a digest.
        """
        check_digest(digest)
        return self.folder / digest[:2] / digest[2:]

    def put(self, source: Path) -> tuple[str, int, bool]:
        """Return the digest of a file, its size, and whether it was new; now kept.

        Raises:
            BadInput: the file holds a secret that is kept out.
            IntegrityBroken: a link stands in its place.
            DependencyDown: the file system refuses.
        """
        with io_refused():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            digest, size = hashed(source, without=self._kept_out)
            if self.path(digest).exists():
                return digest, size, False
            scratch = self.folder / f".{secrets.token_hex(16)}"
            try:
                digest, size = copied(source, scratch, mode=READ_ONLY, without=self._kept_out)
                target = self.path(digest)
                target.parent.mkdir(mode=0o700, exist_ok=True)
                scratch.rename(target)
                sync_folder(target.parent)
            finally:
                scratch.unlink(missing_ok=True)
        return digest, size, True

    def give(self, digest: str, target: Path, *, mode: int) -> int:
        """Return the size of a file, now copied to its place and found to be what it was.

        Raises:
            IntegrityBroken: it is gone, or has other bytes than its name says.
            DependencyDown: the file system refuses.
        """
        with io_refused():
            try:
                found, size = copied(self.path(digest), target, mode=mode)
            except FileNotFoundError:
                refusal = _changed(digest, "is gone")
                raise refusal from None
        if found != digest:
            refusal = _changed(digest, "has other bytes than its name says")
            raise refusal
        return size


def copied(
    source: Path, target: Path, *, mode: int, without: Sequence[bytes] = ()
) -> tuple[str, int]:
    """Return the digest and the size of a file, now also at a target that was not there.

    Raises:
        BadInput: one of the texts that it must be without stands in it.
        IntegrityBroken: a link stands in its place.
    """
    with os.fdopen(os.open(target, _MAKE, mode), "wb") as writer:
        found = hashed(source, without=without, each=writer.write)
        writer.flush()
        os.fchmod(writer.fileno(), mode)
        os.fsync(writer.fileno())
    return found


def hashed(
    source: Path, *, without: Sequence[bytes] = (), each: Callable[[bytes], object] | None = None
) -> tuple[str, int]:
    """Return the digest and the size of a file, read once in pieces.

    Args:
        source: read as it is, never through a link.
        without: texts that it may not hold.
        each: is given every piece.

    Raises:
        BadInput: one of the texts stands in it.
        IntegrityBroken: a link stands in its place.
    """
    running, size, tail = hashlib.sha256(), 0, b""
    longest = max(map(len, without), default=1) - 1
    with _opened(source) as reader:
        while chunk := reader.read(_CHUNK_BYTES):
            if any(text in tail + chunk for text in without):
                raise BadInput(
                    "a file of the home holds a private key, and a backup holds none",
                    code="backup.key",
                    hint="Take it out of the file, then change it: `attending key rotate`.",
                    where=source.name,
                )
            tail = (tail + chunk)[-longest:] if longest else b""
            running.update(chunk)
            size += len(chunk)
            if each is not None:
                each(chunk)
    return running.hexdigest(), size


def _opened(path: Path) -> BinaryIO:
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise IntegrityBroken(
            "a link stands where a file was", code="backup.link", where=path.name
        ) from None


def _changed(digest: str, what: str) -> IntegrityBroken:
    return IntegrityBroken(
        f"file {short(digest)} of the backup {what}",
        code="backup.changed",
        hint="Do not use it; take another backup, or another copy of this one.",
    )
