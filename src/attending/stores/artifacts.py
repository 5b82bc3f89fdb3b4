"""Artifacts: files named by the digest of their bytes, never changed, read only with a check."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path  # noqa: TC003 - the running example below needs it

from attending.digests import digest_bytes, short
from attending.errors import IntegrityBroken, NotFound
from attending.stores.files import io_refused, sync_file, sync_folder, sync_name, write_once
from attending.stores.names import check_digest

_SHELF = re.compile("[0-9a-f]{2}")


class Artifacts:
    """A folder of artifacts, two characters of the digest deep.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     shelf = Artifacts(Path(folder))
    ...     name = shelf.put(b"coefficients")
    ...     shelf.read(name)
    b'coefficients'
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Return where an artifact rests, whether it is there or not.

        Raises:
            BadInput: not a digest.
        """
        check_digest(digest)
        return self.folder / digest[:2] / digest[2:]

    def put(self, data: bytes | Path) -> str:
        """Return the digest of the bytes, or of the file's bytes, now kept.

        Raises:
            IntegrityBroken: other bytes rest under that name.
            DependencyDown: the file system refuses.
        """
        with io_refused():
            content = data if isinstance(data, bytes) else data.read_bytes()
        digest = digest_bytes(content)
        if digest in self:
            self.read(digest)
            with io_refused():
                sync_file(self.path(digest))
                sync_name(self.path(digest))
        else:
            write_once(self.path(digest), content)
        return digest

    def read(self, digest: str) -> bytes:
        """Return the bytes of an artifact; what is hashed is what is returned.

        Raises:
            BadInput: not a digest.
            NotFound: no such artifact.
            IntegrityBroken: the bytes are not those of the name, or a link stands there.
            DependencyDown: the file system refuses.
        """
        path = self.path(digest)
        with io_refused():
            content = _read_no_link(path, digest)
        if digest_bytes(content) != digest:
            raise IntegrityBroken(
                f"artifact {short(digest)} has other bytes than its name says",
                code="artifact.changed",
                hint="Do not use it; restore it from a backup.",
                where=str(path),
            )
        return content

    def erase(self, digest: str) -> None:
        """Take an artifact away for good; a record says that it is gone.

        Raises:
            BadInput: not a digest.
            DependencyDown: the file system refuses.
        """
        path = self.path(digest)
        with io_refused():
            if digest in self:
                path.unlink()
                sync_folder(path.parent)

    def __contains__(self, digest: str) -> bool:
        """Return whether an artifact of that name rests here, unread."""
        return os.path.lexists(self.path(digest))

    def names(self) -> tuple[str, ...]:
        """Return the digests of all artifacts, in order.

        Raises:
            DependencyDown: a folder cannot be read: what is in it is not gone.
        """
        with io_refused():
            shelves = [path for path in self.folder.iterdir() if _SHELF.fullmatch(path.name)]
            found = [path for shelf in shelves for path in shelf.iterdir()]
        names = (path.parent.name + path.name for path in found if not path.name.startswith("."))
        return tuple(sorted(names))

    def broken(self) -> tuple[str, ...]:
        """Return the names under which other bytes rest than they say."""
        return tuple(name for name in self.names() if not self._sound(name))

    def _sound(self, name: str) -> bool:
        try:
            self.read(name)
        except (IntegrityBroken, ValueError):
            return False
        return True


def _read_no_link(path: Path, digest: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise NotFound(
            f"there is no artifact {short(digest)}",
            code="artifact.missing",
            hint="Run `attending fsck`; restore it from a backup.",
        ) from None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise IntegrityBroken(
            f"artifact {short(digest)} is a link", code="artifact.link", where=str(path)
        ) from None
    with os.fdopen(handle, "rb") as stream:
        return stream.read()
