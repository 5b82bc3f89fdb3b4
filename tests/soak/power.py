"""P03: what a disk may hold after the power failed, made from what was written and synced.

What was synced is there. Of what was not, any part may be: of each write none, all, or some of its
sectors of 512 bytes; of the changes of a folder the first few, for file systems keep their order.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.soak.disk import Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

SECTOR_BYTES = 512
#: Changes of names, durable once their folder is synced.
_NAMES = ("create", "rename", "unlink", "mkdir")


@dataclass
class Held:
    """One file: what the disk holds for sure, and the writes since."""

    sure: bytearray = field(default_factory=bytearray)
    since: list[Step] = field(default_factory=list)

    def settle(self) -> None:
        """Make all writes sure."""
        for step in self.since:
            _write(self.sure, step)
        self.since.clear()


@dataclass
class Image:
    """What a disk holds below a folder, step after step.

    Attributes:
        names: what a name stands for now; `sure_names` what it stands for on the disk.
        pending: changes of names that no sync of their folder has made sure.
        acks: what was acknowledged until now.
    """

    folder: Path
    names: dict[str, Held | None] = field(default_factory=dict)
    sure_names: dict[str, Held | None] = field(default_factory=dict)
    pending: list[tuple[Step, Held | None]] = field(default_factory=list)
    acks: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path) -> Image:
        """Return the image of a folder as it stands, all of it sure; a `None` is a folder."""
        image = cls(folder)
        for path in sorted(folder.rglob("*")):
            if not path.name.endswith("-shm"):
                data = None if path.is_dir() else Held(bytearray(path.read_bytes()))
                image.names[str(path)] = image.sure_names[str(path)] = data
        return image

    def follow(self, step: Step) -> None:
        """Take one step."""
        if step.kind == "ack":
            self.acks.append(step.path)
        elif step.kind in _NAMES:
            made = Held() if step.kind == "create" else self.names.get(step.path)
            self.pending.append((step, made))
            _name(self.names, step, made)
        elif step.kind == "syncdir":
            self._settle_names(step.path)
        elif held := self.names.get(step.path):
            self._follow_file(held, step)

    def _follow_file(self, held: Held, step: Step) -> None:
        if step.kind == "sync":
            held.settle()
        elif step.kind == "lost":  # a failed sync: what waited is dropped, and nobody says so again
            held.since.clear()
        else:
            held.since.append(step)

    def _settle_names(self, folder: str) -> None:
        left = []
        for step, held in self.pending:
            if str(Path(step.to or step.path).parent) == folder:
                _name(self.sure_names, step, held)
            else:
                left.append((step, held))
        self.pending = left

    def write(self, to: Path, draw: np.random.Generator | None = None) -> None:
        """Write what the disk may hold now: what is sure and, with a draw, some of the rest."""
        names = dict(self.sure_names)
        if draw is not None:
            for step, held in self.pending[: draw.integers(len(self.pending) + 1)]:
                _name(names, step, held)
        shutil.rmtree(to, ignore_errors=True)
        for name, held in sorted(names.items()):
            path = to / Path(name).relative_to(self.folder)
            if held is None:
                path.mkdir(parents=True, exist_ok=True)
            elif str(Path(name).parent) == str(self.folder) or str(Path(name).parent) in names:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(_some(held, draw))
        for path in (to, *to.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)


def follow(image: Image, steps: Iterable[Step]) -> Image:
    """Return the image after some steps."""
    for step in steps:
        image.follow(step)
    return image


def _some(held: Held, draw: np.random.Generator | None) -> bytes:
    data = bytearray(held.sure)
    for step in held.since if draw is not None else ():
        what = draw.integers(3) if draw is not None else 0
        if what == 1:
            _write(data, step)
        elif what == 2 and draw is not None:
            _write_torn(data, step, draw)
    return bytes(data)


def _write(data: bytearray, step: Step) -> None:
    if step.kind == "truncate":
        del data[step.offset :]
        return
    data.extend(bytes(max(0, step.offset - len(data))))
    data[step.offset : step.offset + len(step.data)] = step.data


def _write_torn(data: bytearray, step: Step, draw: np.random.Generator) -> None:
    """Write some sectors of a write; a truncation is whole or not there."""
    if step.kind == "truncate":
        return
    end = step.offset + len(step.data)
    first = step.offset // SECTOR_BYTES * SECTOR_BYTES
    for start in range(first, end, SECTOR_BYTES):
        low, high = max(start, step.offset), min(start + SECTOR_BYTES, end)
        if draw.random() < 0.5:
            part = step.data[low - step.offset : high - step.offset]
            _write(data, Step("write", step.path, offset=low, data=part))


def _name(names: dict[str, Held | None], step: Step, held: Held | None) -> None:
    if step.kind in {"create", "mkdir"}:
        names[step.path] = held
    elif step.kind == "unlink":
        names.pop(step.path, None)
    else:
        names.pop(step.path, None)
        names[step.to] = held
