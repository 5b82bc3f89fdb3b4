"""What promoting an exploratory run leaves: the run that stands in its place."""

from __future__ import annotations

from typing import ClassVar

from attending.records.base import Record


class Promotion(Record):
    """An exploratory run, repeated from a clean commit with the same digests.

    Attributes:
        run: the exploratory run.
        reasons: why it was exploratory.
        promoted: the run that was made from the commit, with standing.
        project_commit: that commit.
    """

    kind: ClassVar[str] = "promotion"

    run: str
    reasons: tuple[str, ...]
    promoted: str
    project_commit: str
