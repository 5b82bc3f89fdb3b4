"""The figures of the benchmarks, as lines that people and machines can read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One comparison: seconds and peak memory of both sides, and how much faster we must be."""

    work: str
    rows: int
    seconds: float
    peak_mib: float
    peer: str
    peer_seconds: float
    peer_peak_mib: float
    bar: float

    @property
    def ratio(self) -> float:
        """Return how many times faster than the peer we were."""
        return self.peer_seconds / self.seconds

    @property
    def text(self) -> str:
        """Return the line as text."""
        answer = "met" if self.ratio >= self.bar else "NOT MET"
        return (
            f"{self.work}, {self.rows:,} rows: {self.seconds:.1f} s, {self.peak_mib:,.0f} MiB; "
            f"{self.peer}: {self.peer_seconds:.1f} s, {self.peer_peak_mib:,.0f} MiB; "
            f"{self.ratio:.2f} times as fast, bar {self.bar:g}: {answer}"
        )


def write(lines: Sequence[Line], path: Path) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = [{**asdict(line), "ratio": line.ratio} for line in lines]
    path.write_text(json.dumps(found, indent=1) + "\n")
