"""Restricted cubic splines: a curve between the outer knots, a straight line beyond them.

Knots stand at fixed quantiles of the training rows; the outer ones leave enough patients beyond
them for a line and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.models.newton import rounded

if TYPE_CHECKING:
    from attending.models.protocol import Matrix
    from attending.types import Floats

#: Quantiles of the knots, by their number.
QUANTILES: dict[int, tuple[float, ...]] = {
    3: (0.1, 0.5, 0.9),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975),
}


def knots_of(values: Floats, *, count: int) -> tuple[float, ...]:
    """Return the knots of a feature, none where so few values differ that a line must do.

    Args:
        values: training rows, NaN where missing.
        count: 3 to 7.

    References:
        Harrell, Regression Modeling Strategies, 2nd ed., 2015, table 2.3.

    >>> knots_of(np.arange(101.0), count=3)
    (10.0, 50.0, 90.0)
    >>> knots_of(np.array([0.0, 1.0] * 50), count=3)
    ()
    """
    seen = values[~np.isnan(values)]
    if len(np.unique(seen)) < count:
        return ()
    found = rounded(np.quantile(seen, QUANTILES[count]))
    return tuple(found.tolist()) if len(np.unique(found)) == count else ()


def basis(x: Floats, knots: tuple[float, ...]) -> Matrix:
    """Return the columns of a spline, shape (n, k - 1): the value itself, then its bends.

    The bends are divided by the squared distance of the outer knots, so that all columns are in the
    unit of x.

    References:
        Devlin & Weeks 1986; Harrell 2015, equation 2.25.

    >>> basis(np.array([0.0, 1.0, 2.0, 3.0]), (0.0, 1.0, 2.0))[:, 1].tolist()
    [0.0, 0.25, 1.5, 3.0]
    """
    if not knots:
        return x[:, None].copy()
    last, before = knots[-1], knots[-2]
    gap, scale = last - before, (last - knots[0]) ** 2
    # Beyond the last knot the cubes would cancel, and a far value would lose all its digits.
    inside, beyond = np.minimum(x, last), np.maximum(x - last, 0.0)
    near = _cube(inside - before)
    bends = [
        (
            _cube(inside - knot)
            - near * (last - knot) / gap
            + 3.0 * beyond * (last - knot) * (before - knot)
        )
        / scale
        for knot in knots[:-2]
    ]
    return np.column_stack([x, *bends])


def cubes_of(knots: tuple[float, ...], weights: Floats) -> tuple[Floats, float]:
    """Return the weight of the cube that begins at each knot, and the slope beyond the last.

    The cubes are of values held at the last knot; `weights` are those of the bends.

    >>> cubes, slope = cubes_of((0.0, 1.0, 2.0), np.array([4.0]))
    >>> cubes.tolist(), slope
    ([1.0, -2.0, 0.0], 6.0)
    """
    last, before = knots[-1], knots[-2]
    first = weights / (last - knots[0]) ** 2
    starts = np.array(knots[:-2])
    near = -float((first * (last - starts)).sum()) / (last - before)
    slope = 3.0 * float((first * (last - starts) * (before - starts)).sum())
    return np.array([*first, near, 0.0]), slope


def _cube(distance: Floats) -> Floats:
    return np.asarray(np.maximum(distance, 0.0) ** 3)
