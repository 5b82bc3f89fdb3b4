"""The archive of a bundle: a plain tar of regular files in one form only, walked by ourselves.

Each header is made again from name and size and must be the one that stands there. So a link, a
device, a path outside, a name twice, a packed or overlapping member, and any changed byte of the
archive itself are refused by the same rule, and nothing is ever written to the disk.
"""

from __future__ import annotations

import re
import tarfile
from typing import TYPE_CHECKING

from attending.errors import BadInput, IntegrityBroken
from attending.stores.files import io_refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BLOCK = 512
MOST_BYTES = 1 << 29
MOST_FILES = 200_000
_END = bytes(2 * BLOCK)
_NAME = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return the archive of some files, the same bytes for the same files.

    >>> sorted(unpacked(packed({"b.txt": b"2", "a.txt": b"1"})))
    ['a.txt', 'b.txt']
    """
    parts = [_member(name, files[name]) for name in sorted(files)]
    return b"".join(parts) + _END


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive by name.

    Raises:
        IntegrityBroken: it is not, byte for byte, an archive that `packed` makes.
    """
    found: dict[str, bytes] = {}
    at, last = 0, ""
    while data[at : at + BLOCK].strip(b"\0"):
        header = data[at : at + BLOCK]
        name, size = _told(header)
        content = data[at + BLOCK : at + BLOCK + size]
        member = _member(name, content)
        if len(content) != size or data[at : at + len(member)] != member or name <= last:
            refusal = _broken(f"member {len(found) + 1} is not as it was packed")
            raise refusal
        found[name], last = content, name
        at += len(member)
        if len(found) > MOST_FILES:
            refusal = _broken(f"it has more than {MOST_FILES} members")
            raise refusal
    if data[at:] != _END:
        refusal = _broken("it does not end where its last member ends")
        raise refusal
    return found


def read_archive(path: Path) -> dict[str, bytes]:
    """Return the files of an archive on the disk.

    Raises:
        BadInput: there is none, or it is larger than any bundle.
        IntegrityBroken: it is not one that `packed` makes.
        DependencyDown: the file system refuses.
    """
    if not path.is_file():
        raise BadInput("there is no such bundle", code="bundle.missing", where=str(path))
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(
            f"the file is larger than {MOST_BYTES} bytes, which no bundle is",
            code="bundle.too_large",
            where=str(path),
        )
    with io_refused():
        data = path.read_bytes()
    return unpacked(data)


def _told(header: bytes) -> tuple[str, int]:
    """Return the name and the size that a header gives; the rest of it is compared, not read."""
    name = header[:100].rstrip(b"\0")
    try:
        size = int(header[124:135], 8)
    except ValueError:
        size = -1
    if size < 0 or not _NAME.fullmatch(name):
        refusal = _broken("a member has a name or a size that no bundle has")
        raise refusal
    return name.decode("ascii"), size


def _member(name: str, content: bytes) -> bytes:
    told = tarfile.TarInfo(name)
    told.size = len(content)
    header = told.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
    return header + content + bytes(-len(content) % BLOCK)


def _broken(what: str) -> IntegrityBroken:
    return IntegrityBroken(
        f"the file is not a bundle as it was made: {what}",
        code="bundle.archive",
        hint="Ask for another copy; do not unpack this one.",
    )
