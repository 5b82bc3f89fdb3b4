"""Curves of many features at once, as cubics between breaks: what scoring one row quickly needs.

All features stand in one padded table, so that a row is read by a few operations on arrays and not
feature by feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attending.models.protocol import Matrix
    from attending.types import Floats

_CHUNK_ROWS = 4096


@dataclass(frozen=True)
class Curves:
    """Curves over the same rows, one a feature; outside its ends a curve is level.

    Attributes:
        breaks: shape (p, m), rising, padded with infinity.
        last: shape (p,), the largest break of each.
        pieces: shape (p, m, 4), see `bspline.pieces_of`; zeros where there is no piece.
        widths: shape (p, m), of the pieces; 1 where there is none.
        counts: shape (p,), how many pieces each has.
    """

    breaks: Matrix
    last: Floats
    pieces: NDArray[np.float64]
    widths: Matrix
    counts: NDArray[np.int64]

    def read(self, x: Matrix) -> Matrix:
        """Return the value of every curve, shape (n, p); x has no missing value."""
        out = np.empty(x.shape)
        for begin in range(0, len(x), _CHUNK_ROWS):
            rows = slice(begin, begin + _CHUNK_ROWS)
            out[rows] = self._read(x[rows])
        return out

    def _read(self, x: Matrix) -> Matrix:
        held = np.clip(x, self.breaks[:, 0], self.last)
        passed = (held[:, :, None] >= self.breaks[None, :, :]).sum(axis=2)
        at = np.clip(passed - 1, 0, self.counts - 1)
        feature = np.arange(x.shape[1])[None, :]
        t = (held - self.breaks[feature, at]) / self.widths[feature, at]
        a, b, c, d = np.moveaxis(self.pieces[feature, at], -1, 0)
        return np.asarray(a + t * (b + t * (c + t * d)))


def stack(breaks: Sequence[Floats], pieces: Sequence[Matrix]) -> Curves:
    """Return curves as one table.

    Args:
        breaks: of each curve, rising; none for a curve that is zero everywhere.
        pieces: of each curve, one fewer than its breaks.

    >>> found = stack([np.array([0.0, 2.0]), np.empty(0)], [np.array([[0.0, 3.0, 0.0, 0.0]])] * 2)
    >>> found.read(np.array([[1.0, 7.0], [5.0, 7.0]])).tolist()
    [[1.5, 0.0], [3.0, 0.0]]
    """
    most = max([2, *(len(one) for one in breaks)])
    table = np.full((len(breaks), most), np.inf)
    filled = np.zeros((len(breaks), most, 4))
    widths = np.ones((len(breaks), most))
    for at, (ends, cubics) in enumerate(zip(breaks, pieces, strict=True)):
        if not len(ends):
            table[at, :2] = 0.0, 1.0
            continue
        table[at, : len(ends)] = ends
        filled[at, : len(ends) - 1] = cubics
        widths[at, : len(ends) - 1] = np.diff(ends)
    counts = np.array([max(len(one) - 1, 1) for one in breaks], dtype=np.int64)
    last = table[np.arange(len(breaks)), counts]
    return Curves(table, last, filled, widths, counts)
