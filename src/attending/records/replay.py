"""What repeating a run leaves: whether it gave the same, and where not."""

from __future__ import annotations

from typing import ClassVar

from attending.records.base import Record


class Replay(Record):
    """One repetition of a run.

    Attributes:
        run: the digest of the run that was repeated.
        same_files: every artifact byte for byte.
        same_result: nothing differs but where it was made.
        differences: the fields that differ, by their dotted names.
    """

    kind: ClassVar[str] = "replay"

    run: str
    same_files: bool
    same_result: bool
    differences: tuple[str, ...]
