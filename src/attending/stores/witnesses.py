"""Places where checkpoints are kept, and whether the store's own user could change them there.

The store's own user is the owner of the home's folder. A place counts as independent only when
that user can change neither it nor a checkpoint in it: owns none of them, none may be written by
its group or by everybody, and the user is not root, who may write everywhere.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from attending.stores.checkpoints import to_note
from attending.stores.files import READ_ONLY, io_refused, sync_folder, write_once

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from attending.records.ledger import Checkpoint

OWN = "own"
_SIGNED = b"\xe2\x80\x94 "  # the em dash with which a note's last line begins
_OTHERS_WRITE = 0o022


def store_user(root: Path) -> int:
    """Return the user to whom a home belongs: who runs the store and may write all of it."""
    return root.stat().st_uid


class Witness:
    """A folder of signed checkpoints, one a file; or one file with them one after the other.

    Args:
        place: the folder or file.
        name: what it is called in reports.
    """

    def __init__(self, place: Path, *, name: str = OWN) -> None:
        self.place = place
        self.name = name

    @property
    def kind(self) -> str:
        """Return what it is: `own folder`, `folder`, `file`, or `absent`."""
        if self.place.is_dir():
            return "own folder" if self.name == OWN else "folder"
        return "file" if self.place.is_file() else "absent"

    def paths(self) -> tuple[Path, ...]:
        """Return the files that hold checkpoints, the smallest ledger first.

        Raises:
            DependencyDown: the folder cannot be read: what is in it is not gone.
        """
        if self.kind in {"file", "absent"}:
            return (self.place,) if self.kind == "file" else ()
        with io_refused():
            return tuple(sorted(one for one in self.place.iterdir() if one.suffix == ".note"))

    def notes(self) -> tuple[tuple[str, bytes], ...]:
        """Return every note with its name, as it stands there.

        Raises:
            DependencyDown: the place cannot be read.
        """
        with io_refused():
            if self.kind == "file":
                notes = _parted(self.place.read_bytes())
                return tuple((f"{self.place.name}:{at}", note) for at, note in enumerate(notes, 1))
            return tuple((path.name, path.read_bytes()) for path in self.paths())

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, unless it is there.

        Raises:
            DependencyDown: the file system refuses.
        """
        note = to_note(checkpoint).encode()
        if self.kind == "file":
            self._add(note)
            return
        path = self.place / f"{checkpoint.size:012d}-{checkpoint.root[:12]}.note"
        if not path.exists():
            write_once(path, note, mode=READ_ONLY)

    def _add(self, note: bytes) -> None:
        if note in (kept for _, kept in self.notes()):
            return
        with io_refused():
            handle = os.open(self.place, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
            with os.fdopen(handle, "ab") as stream:
                stream.write(note)
                stream.flush()
                os.fsync(stream.fileno())
            sync_folder(self.place.parent)

    def self_witnessed(self, user: int) -> str:
        """Return why the store's own user could change what is here; empty when it could not.

        Args:
            user: of the store, as `store_user` says.
        """
        if self.name == OWN:
            return "the home's own folder is the store's"
        if user == 0:
            return "the store belongs to root, who may write everywhere"
        try:
            changed = next((path for path in self._held() if writable(path.stat(), user)), None)
        except OSError:
            return "who may write it cannot be told"
        if changed is None and os.geteuid() == user and os.access(self.place, os.W_OK):
            changed = self.place  # by an access list that the mode does not show
        if changed is None:
            return ""
        what = "it" if changed == self.place else "a checkpoint in it"
        return f"the store's own user can change {what}"

    def _held(self) -> Iterable[Path]:
        return (self.place, *self.paths())


def writable(found: os.stat_result, user: int) -> bool:
    """Return whether a user may write what was found, or may give themselves the right.

    Whoever shares its group is taken to be the user too: what is shared is not apart.
    """
    return found.st_uid == user or bool(found.st_mode & _OTHERS_WRITE)


def _parted(data: bytes) -> list[bytes]:
    """Return the notes of a file: each ends with the line that signs it."""
    notes, lines = [], []
    for line in data.splitlines(keepends=True):
        lines.append(line)
        if line.startswith(_SIGNED):
            notes.append(b"".join(lines))
            lines = []
    return [*notes, b"".join(lines)] if lines else notes
