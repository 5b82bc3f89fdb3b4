"""B-splines of one feature: knots from the training rows, rising steps as columns, exact pieces.

The columns are sums of B-splines from the right, each a smooth step from 0 to 1, so that a curve
whose coefficients are all zero or more never falls. Beyond the outer knots a curve stays level.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from attending.models.newton import rounded

if TYPE_CHECKING:
    from attending.models.protocol import Matrix
    from attending.types import Floats

DEGREE = 3
_OUTER = (0.005, 0.995)


@dataclass(frozen=True)
class Knots:
    """Where the pieces of a curve meet: `breaks` rise, the first and last are its ends."""

    breaks: tuple[float, ...]
    degree: int

    @property
    def steps(self) -> int:
        """Return how many columns `steps_of` gives."""
        return len(self.breaks) + self.degree - 2

    @cached_property
    def gaps(self) -> Floats:
        """Return the width of each step as a share of the range, shape (steps,); they sum to 1.

        A curve whose coefficients are these is a straight line from 0 to 1 (Marsden's identity).
        """
        full = self._full
        middles = np.array(
            [full[k + 1 : k + 1 + self.degree].mean() for k in range(len(full) - self.degree - 1)]
        )
        return np.asarray(np.diff(middles) / (self.breaks[-1] - self.breaks[0]))

    @cached_property
    def _full(self) -> Floats:
        return np.array(
            [self.breaks[0]] * self.degree + list(self.breaks) + [self.breaks[-1]] * self.degree
        )

    def steps_of(self, x: Floats) -> Matrix:
        """Return the columns of the values, shape (n, steps); outside the ends they are level.

        References:
            de Boor, A Practical Guide to Splines, 1978; Ramsay, Stat Sci 1988;3:425.

        >>> Knots((0.0, 2.0), 1).steps_of(np.array([-1.0, 0.5, 2.0, 9.0])).ravel().tolist()
        [0.0, 0.25, 1.0, 1.0]
        """
        held = np.clip(x, self.breaks[0], self.breaks[-1])
        table = _bsplines(held, self._full, degree=self.degree)
        from_right = np.cumsum(table[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(from_right[:, 1:])


def knots_of(values: Floats, *, inner: int) -> Knots | None:
    """Return the knots of a feature, None where it never varies.

    The ends are the 0.5 % and the 99.5 % quantile, so that one odd value does not stretch a curve.

    Args:
        values: training rows, NaN where missing.
        inner: knots wanted between the ends; fewer where values repeat.

    >>> knots_of(np.array([0.0, 1.0, 1.0, np.nan]), inner=3)
    Knots(breaks=(0.0, 1.0), degree=1)
    """
    seen = values[~np.isnan(values)]
    distinct = len(np.unique(seen))
    if distinct < 2:
        return None
    bottom = np.quantile(seen, _OUTER[0], method="lower")
    top = np.quantile(seen, _OUTER[1], method="higher")
    low, high = rounded(np.array([bottom, top])).tolist()
    if low == high:
        low, high = rounded(np.array([seen.min(), seen.max()])).tolist()
    if low >= high:
        return None
    levels = np.arange(1, inner + 1) / (inner + 1)
    between = np.unique(rounded(np.quantile(seen, levels))).tolist() if distinct > 2 else []
    breaks = (low, *(knot for knot in between if low < knot < high), high)
    return Knots(breaks, min(DEGREE, distinct - 1))


def pieces_of(knots: Knots, coefficients: Floats) -> Matrix:
    """Return the cubic of each piece, shape (pieces, 4): a + b t + c t^2 + d t^3, t from 0 to 1.

    >>> pieces_of(Knots((0.0, 2.0), 1), np.array([3.0])).round(9).tolist()
    [[0.0, 3.0, 0.0, 0.0]]
    """
    places = np.array([0.0, 1.0, 2.0, 3.0]) / 3.0
    left, width = np.array(knots.breaks[:-1]), np.diff(knots.breaks)
    points = left[:, None] + places[None, :] * width[:, None]
    values = (knots.steps_of(points.ravel()) @ coefficients).reshape(points.shape)
    powers = np.vander(places, 4, increasing=True)
    return np.asarray(np.linalg.solve(powers, values.T).T + 0.0, dtype=np.float64)


def _bsplines(x: Floats, full: Floats, *, degree: int) -> Matrix:
    """Return all B-splines of a degree by the recursion of Cox and de Boor."""
    last = len(full) - degree - 2
    span = np.clip(np.searchsorted(full, x, side="right") - 1, degree, last)
    table = (np.arange(len(full) - 1)[None, :] == span[:, None]).astype(np.float64)
    for order in range(1, degree + 1):
        count = len(full) - 1 - order
        rise = full[order : order + count] - full[:count]
        fall = full[order + 1 : order + 1 + count] - full[1 : 1 + count]
        up = _share(x[:, None] - full[None, :count], rise)
        down = _share(full[None, order + 1 : order + 1 + count] - x[:, None], fall)
        table = up * table[:, :count] + down * table[:, 1 : count + 1]
    return np.asarray(table, dtype=np.float64)


def _share(distance: Matrix, width: Floats) -> Matrix:
    safe = np.where(width > 0.0, width, 1.0)
    return np.asarray(np.where(width > 0.0, distance / safe, 0.0))
