"""Chunks of a soak that is longer than one run: each is kept as it ends, the next run adds more.

A file is of one code: what another code did is no evidence of this one. It lies beside the evidence
and is committed, so that another machine goes on; once there is a result it has done its work.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attending.lifecycle.provenance import code_digest
from tests.soak.interleaved import Tally
from tests.soak.results import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEPT = FOLDER / "so_far"


class SumSoFar:
    """What all chunks of this code said, in the order in which they ended.

    Args:
        name: of the harness.
        folder: of the files.
    """

    def __init__(self, name: str, folder: Path = KEPT) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}-{code_digest()[:12]}.jsonl"

    def add(self, tally: Tally) -> None:
        """Keep one more chunk, in the place of a line that was cut short."""
        said = {**vars(tally), "patients": sorted(tally.patients)}
        with self.path.open("ab+") as file:
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
            file.write(json.dumps(said).encode() + b"\n")

    def chunks(self) -> Iterator[Tally]:
        """Yield what each chunk said; a line that was cut short is none."""
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").split("\n")[:-1]:
            said = json.loads(line)
            yield Tally(**{**said, "patients": set(said["patients"])})

    def all(self) -> tuple[Tally, int]:
        """Return the sum of all chunks, and how many they are."""
        found, count = Tally(), 0
        for count, one in enumerate(self.chunks(), start=1):  # noqa: B007 - used after the loop
            found.patients |= one.patients
            found.seconds += one.seconds
            names = ("new", "repeated", "read", "wrong", "again", "refused", "least")
            found.add(**{name: getattr(one, name) for name in names})
        return found, count
