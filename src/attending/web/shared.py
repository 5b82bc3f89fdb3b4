"""What the workers of one service hold together: counts, a secret, and the board of each."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from attending.web.board import Board
from attending.web.cells import Cells

_CELLS = "cells"


@dataclass(frozen=True)
class Shared:
    """What one worker shares with the others; a service of one process shares it with nobody.

    Attributes:
        secret: key of what browsers keep for us.
        cells: what askers took, and when sessions were used.
        board: what each worker says of itself; None in a service of one process.
        listener: the number of the open socket on which all of them listen.
    """

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    cells: Cells = field(default_factory=Cells.alone)
    board: Board | None = None
    listener: int | None = None

    @property
    def workers(self) -> int:
        """Return how many workers there are."""
        return self.board.workers if self.board is not None else 1

    @classmethod
    def joined(cls, letter: str) -> Self:
        """Return what a worker shares, from the letter that it got when it was started."""
        said = json.loads(letter)
        workers, place, folder = said["workers"], said["place"], Path(said["folder"])
        secret = bytes.fromhex(said["secret"])
        path = folder / _CELLS
        return cls(
            secret=secret,
            cells=Cells.shared(path, workers=workers, place=place, key=secret),
            board=Board(folder, workers=workers, place=place),
            listener=said["listener"],
        )


@dataclass(frozen=True)
class Letters:
    """Writes to each worker what it shares with the others.

    Args:
        folder: private to this service.
        workers: how many there are.
        listener: the number of the open socket.
    """

    folder: Path
    workers: int
    listener: int
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    def __post_init__(self) -> None:
        """Lay out what is shared."""
        Cells.lay_out(self.folder / _CELLS, workers=self.workers)

    def to(self, place: int) -> str:
        """Return the letter to the worker in a place."""
        said = {
            "workers": self.workers,
            "place": place,
            "folder": str(self.folder),
            "listener": self.listener,
            "secret": self.secret,
        }
        return json.dumps(said)
