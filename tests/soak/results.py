"""What a harness found, as one JSON file in docs/evidence/, from which EVIDENCE.md is made.

A file holds: `harness` (its name), `title`, `about` (what was done, in a sentence or two),
`command`, `seed`, `commit`, `clean` (nothing uncommitted when it ran), `date`, `machine`, and
`figures`, each with `name`, `value`, `of` (how many were tried, or null) and `wanted` (the bar in
words). A figure whose `failures` is true counts what must not happen, so 0 of N gets a bound.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: Where results rest, from the root of the repository on.
FOLDER = Path("docs/evidence")
#: What a harness writes itself is no change of what it tries.
_OURS = (f":!{FOLDER}", ":!EVIDENCE.md", ":!docs/delays.md", ":!docs/pictures/delays.svg")


@dataclass(frozen=True)
class Figure:
    """One figure of a harness.

    Attributes:
        of: how many were tried; None when the figure is no share.
        failures: whether it counts what must not happen.
    """

    name: str
    value: int | float
    wanted: str = ""
    of: int | None = None
    failures: bool = False


@dataclass(frozen=True)
class Harness:
    """What a harness is, for one who reads only its result.

    Attributes:
        least: how large the first figure must be before its result is kept; it adds up over runs.
    """

    name: str
    title: str
    about: str
    least: int = 0

    def unfinished(self, figures: list[Figure]) -> str:
        """Return how far it is while that is no result yet; empty when it is one.

        What went wrong is a result however early it did.

        >>> Harness("x", "X", "What.", least=1_000).unfinished([Figure("asked", 250)])
        'x: asked 250 of 1,000 so far, nothing wrong; the next run goes on from there'
        """
        first = figures[0]
        wrong = any(one.failures and one.value for one in figures)
        if wrong or first.value >= self.least:
            return ""
        return (
            f"{self.name}: {first.name} {first.value:,} of {self.least:,} so far, nothing wrong; "
            "the next run goes on from there"
        )


def keep(
    harness: Harness, figures: list[Figure], *, seed: int | None, begun: dict[str, Any]
) -> Path:
    """Return the file of a harness's result, now written.

    Args:
        harness: what it is.
        figures: what it found.
        seed: of its draws.
        begun: what `begin` returned when it started.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    said = {
        "harness": harness.name,
        "title": harness.title,
        "about": harness.about,
        "command": f"make soak S={harness.name}",
        "seed": seed,
        **begun,
        "figures": [asdict(figure) for figure in figures],
    }
    path = FOLDER / f"{harness.name}.json"
    path.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def begin() -> dict[str, Any]:
    """Return what stands beside a result: the commit, the day, and the kind of machine."""
    return {
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "clean": not _git("status", "--porcelain", "--untracked-files=no", "--", ".", *_OURS),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{len(os.sched_getaffinity(0))} processors, {platform.system()}, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}",
    }


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()
