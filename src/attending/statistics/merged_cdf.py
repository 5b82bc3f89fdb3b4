"""Two ordered samples read side by side: the largest gap and the area between their functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numba import njit

if TYPE_CHECKING:
    from attending.types import Floats


def gaps(first: Floats, second: Floats) -> tuple[float, float]:
    """Return the largest gap between two distribution functions, and the area between them.

    Args:
        first: shape (n,), in ascending order, without missing values.
        second: shape (m,), in ascending order, without missing values.

    >>> import numpy as np
    >>> gaps(np.array([0.0, 2.0]), np.array([1.0, 3.0]))
    (0.5, 1.0)
    """
    found = _gaps(first, second)
    return float(found[0]), float(found[1])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def _gaps(first: Floats, second: Floats) -> tuple[float, float]:
    n, m = len(first), len(second)
    i = j = 0
    widest = area = lost = gap = 0.0
    at = min(first[0], second[0])
    while i < n or j < m:
        value = first[i] if j >= m or (i < n and first[i] <= second[j]) else second[j]
        # A compensated sum: a million thin slices would lose digits otherwise.
        slice_ = abs(gap) * (value - at) - lost
        total = area + slice_
        lost = (total - area) - slice_
        area = total
        while i < n and first[i] <= value:
            i += 1
        while j < m and second[j] <= value:
            j += 1
        gap = i / n - j / m
        widest = max(widest, abs(gap))
        at = value
    return widest, area
