"""What goes into a measure of numbers, checked: finite columns of one length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats


def numbers(observed: Column, predicted: Column) -> tuple[Floats, Floats]:
    """Return observed and predicted numbers as float64 columns of one length.

    Raises:
        BadInput: unequal lengths, none, or a number that is not finite.

    >>> numbers([3, 5], [2, 6])[0].tolist()
    [3.0, 5.0]
    >>> numbers([3, float("nan")], [2, 6])
    Traceback (most recent call last):
    ...
    attending.errors.BadInput: got 1 numbers that are not finite
    Leave rows without a number out and count them.
    """
    y = np.asarray(observed, dtype=np.float64)
    p = np.asarray(predicted, dtype=np.float64)
    if y.ndim != 1 or y.shape != p.shape or y.size == 0:
        raise BadInput(
            f"got observed numbers of shape {y.shape} and predicted ones of shape {p.shape}, "
            "expected two columns of one length above 0",
            code="statistics.lengths",
        )
    unknown = int(np.count_nonzero(~np.isfinite(y) | ~np.isfinite(p)))
    if unknown:
        raise BadInput(
            f"got {unknown} numbers that are not finite",
            code="statistics.number",
            hint="Leave rows without a number out and count them.",
        )
    return y, p


def level_between(level: float) -> float:
    """Return a level when it lies strictly between 0 and 1.

    Raises:
        BadInput: it does not.

    >>> level_between(0.8)
    0.8
    """
    if not 0.0 < level < 1.0:
        raise BadInput(
            f"got level {level}, expected a share above 0 and below 1", code="statistics.level"
        )
    return float(level)
