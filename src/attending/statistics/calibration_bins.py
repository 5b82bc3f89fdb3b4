"""Grouped calibration: observed against predicted in bins of equal size, with Wilson intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.statistics.expected_calibration_error import equal_mass_bins
from attending.statistics.inputs import predicted
from attending.statistics.wilson import wilson

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


class CalibrationBin(NamedTuple):
    """One bin: mean predicted risk, observed share with its interval, rows and events."""

    predicted: float
    observed: float
    low: float
    high: float
    n: int
    events: int


def calibration_bins(
    outcome: Column, risk: Column, *, bins: int = 10, smallest: int = 0
) -> list[CalibrationBin]:
    """Return bins of equal size from the lowest risk up; equal risks stay together.

    Args:
        outcome: shape (n,), 0 or 1.
        risk: shape (n,), probabilities.
        bins: how many at most.
        smallest: neighbours are merged until each bin has no events or more than this many, and
            likewise for non-events, so that no small count is shown.

    >>> [(b.n, b.events) for b in calibration_bins([0, 1, 1, 1], [0.1, 0.2, 0.8, 0.9], bins=2)]
    [(2, 1), (2, 2)]
    """
    y, p = predicted(outcome, risk)
    at = equal_mass_bins(p, bins=bins)
    n, events, sums = np.bincount(at), np.bincount(at, y), np.bincount(at, p)
    merged = _merge(
        [(int(a), int(b), float(c)) for a, b, c in zip(n, events, sums, strict=True) if a],
        smallest=smallest,
    )
    return [_bin(rows, found, total) for rows, found, total in merged]


def _bin(rows: int, found: int, total: float) -> CalibrationBin:
    share = wilson(found, rows)
    low, high = share.low or 0.0, 1.0 if share.high is None else share.high
    return CalibrationBin(total / rows, share.value, low, high, rows, found)


def _merge(parts: list[tuple[int, int, float]], *, smallest: int) -> list[tuple[int, int, float]]:
    """Merge each part with small counts into the next, and a small last one backward."""
    done: list[tuple[int, int, float]] = []
    held = (0, 0, 0.0)
    for part in parts:
        held = (held[0] + part[0], held[1] + part[1], held[2] + part[2])
        if not _small(held, smallest):
            done.append(held)
            held = (0, 0, 0.0)
    while held[0]:
        if not done:
            return [held] if not _small(held, smallest) else []
        last = done.pop()
        held = (held[0] + last[0], held[1] + last[1], held[2] + last[2])
        if not _small(held, smallest):
            done.append(held)
            held = (0, 0, 0.0)
    return done


def _small(part: tuple[int, int, float], smallest: int) -> bool:
    return 1 <= part[1] <= smallest or 1 <= part[0] - part[1] <= smallest
