"""The figures of the benchmarks, as lines that people and machines can read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Figure(Protocol):
    """What a benchmark found: in words, and whether its bar is met."""

    @property
    def text(self) -> str:
        """Return it as text."""
        ...

    @property
    def met(self) -> bool:
        """Return whether the bar is met."""
        ...


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
    seconds_bar: float = float("inf")
    peak_mib_bar: float = float("inf")

    @property
    def met(self) -> bool:
        """Return whether we were fast enough beside the peer, in time, and within memory."""
        in_time = self.seconds <= self.seconds_bar and self.peak_mib <= self.peak_mib_bar
        return self.ratio >= self.bar and in_time

    @property
    def ratio(self) -> float:
        """Return how many times faster than the peer we were."""
        return self.peer_seconds / self.seconds

    @property
    def text(self) -> str:
        """Return the line as text."""
        answer = "met" if self.met else "NOT MET"
        own = f", {self.seconds_bar:g} s and {self.peak_mib_bar:,.0f} MiB"
        return (
            f"{self.work}, {self.rows:,} rows: {self.seconds:.1f} s, {self.peak_mib:,.0f} MiB; "
            f"{self.peer}: {self.peer_seconds:.1f} s, {self.peer_peak_mib:,.0f} MiB; "
            f"{self.ratio:.2f} times as fast, bar {self.bar:g}"
            f"{own if self.seconds_bar < float('inf') else ''}: {answer}"
        )


def write(lines: Sequence[Figure], path: Path) -> None:
    """Write the figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = [
        {name: value for name, value in asdict(line).items() if value != float("inf")}
        | ({"ratio": line.ratio} if isinstance(line, Line) else {})
        | {"met": line.met}
        for line in lines
    ]
    path.write_text(json.dumps(found, indent=1) + "\n")
