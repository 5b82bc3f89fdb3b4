"""A source's file on the disk: an ordinary file, inside the folder that the source gave."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from attending.digests import digest_file, short
from attending.errors import BadInput, NotFound, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from attending.records.snapshot import SourceFile

#: A file's number, size in bytes, and when it was last written to and changed.
Stamp: TypeAlias = tuple[int, int, int, int]
#: Bytes of a file in which a source says what it gave; none of ours needs a thousandth of it.
_MOST_SAID = 16 << 20
_WHOLE = "Fetch the whole extract again; nothing of it was taken in."


class Truncated(Refused):
    """A file was cut short or altered: the whole batch is refused."""

    default_code = "ingest.truncated"

    def __init__(self, message: str, *, where: str, code: str = "") -> None:
        super().__init__(message, code=code, hint=_WHOLE, where=where)


def require(folder: Path, name: str, *, of: str) -> Path:
    """Return the path of a file that a source must have.

    Raises:
        NotFound: the folder or the file is not there.
        BadInput: what has that name is not a file.
        Refused: it is a link to something outside the folder.
    """
    if not folder.is_dir():
        raise NotFound(
            f"there is no folder {folder.name}",
            code="ingest.missing_folder",
            hint=f"Name the folder of the {of} files.",
        )
    path = folder / name
    if not path.exists() and not path.is_symlink():
        raise NotFound(
            f"{of} needs the file {name}, which is not there",
            code="ingest.missing_file",
            hint=f"Put {name} into the folder, or ingest another kind of source.",
            where=name,
        )
    return ordinary(folder, path)


def ordinary(folder: Path, path: Path) -> Path:
    """Return a path after making sure that it is a file of the folder's own.

    A pipe or a device could keep the reader for ever, and a link could name any file of this
    machine.

    Raises:
        BadInput: it is a folder, a pipe or a device, or its folder.
        Refused: it is a link to something outside the folder.
    """
    name = str(path.relative_to(folder))
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise Refused(
            "this is a link to something outside the source's folder",
            code="ingest.outside_folder",
            hint="Put the file itself into the folder.",
            where=name,
        )
    if not path.is_file():
        raise BadInput(
            "this is a folder, a pipe or a device, or a link to nothing; expected a file",
            code="ingest.not_a_file",
            hint="Put the file itself into the folder.",
            where=name,
        )
    return path


def checked_digest(path: Path, expected: str | None, *, name: str) -> str:
    """Return the digest of a file after comparing it with the one its source states.

    Raises:
        Truncated: they differ.
    """
    got = digest_file(path)
    if expected is not None and got != expected:
        raise Truncated(
            f"the file is cut short or altered: expected digest {short(expected)}, "
            f"got {short(got)}",
            where=name,
        )
    return got


def stamps(folder: Path) -> dict[Path, Stamp]:
    """Return what the disk says of every file in a folder, before any of them is read."""
    return {path: _stamp(path) for path in folder.rglob("*") if path.exists()}


def _stamp(path: Path) -> Stamp:
    said = path.stat()
    return said.st_ino, said.st_size, said.st_mtime_ns, said.st_ctime_ns


def require_unchanged(
    folder: Path, files: Iterable[SourceFile], *, before: Mapping[Path, Stamp]
) -> None:
    """Refuse files that are no longer what they were when their digests were taken.

    A file of which the disk says the same as before was not written to and is not read again.

    Raises:
        Truncated: one was written to, or went, while it was read.
    """
    for file in files:
        path = folder / file.name
        if path.exists() and before.get(path) == _stamp(path):
            continue
        if not path.exists() or digest_file(path) != file.digest:
            raise Truncated(
                "the file was written to while it was read",
                code="ingest.changed",
                where=file.name,
            )


def read_said(path: Path, *, name: str) -> dict[str, Any]:
    """Return the JSON object in which a source says what it gave.

    Raises:
        BadInput: it is far too large, or no JSON object.
    """
    with path.open("rb") as stream:
        text = stream.read(_MOST_SAID + 1)
    try:
        said = json.loads(text) if len(text) <= _MOST_SAID else None
    except (ValueError, RecursionError):  # not JSON, or nested deeper than any such file is
        said = None
    if not isinstance(said, dict):
        raise BadInput(
            "the file is not a JSON object",
            code="ingest.manifest",
            hint="Ask the source for the file again, as it was written.",
            where=name,
        )
    return said
