"""What a model of a number must beat: the mean of the unit, or a recorded score made a number.

Both are learnt on the rows that the model was fitted on, never on the test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.number_slope import number_line
from attending.validate.groups import coded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.types import Floats, Ints

#: With fewer rows of a unit, its mean is chance: the mean over all units stands in.
LEAST_ROWS = 5


def unit_mean(observed: Floats, units: Sequence[str | None], *, train: Ints, test: Ints) -> Floats:
    """Return for each test row the mean of its unit over the training rows.

    Args:
        observed: shape (n,), of all rows.
        units: shape (n,), the unit of each row; rows without one are a unit of their own.
        train: the rows that the means are learnt on.
        test: the rows that get one.

    Raises:
        BadInput: no training rows.

    >>> y = np.array([1.0, 3.0] * 5 + [9.0])
    >>> unit_mean(y, ["a"] * 10 + ["b"], train=np.arange(10), test=np.array([0, 10])).tolist()
    [2.0, 2.0]
    """
    if not len(train):
        raise BadInput("there are no rows to learn a unit's mean on", code="validate.no_rows")
    column = coded(units)
    width = len(column.labels)
    rows = np.bincount(column.codes[train], minlength=width)
    sums = np.bincount(column.codes[train], observed[train], minlength=width)
    overall = float(observed[train].mean())
    means = np.where(rows >= LEAST_ROWS, sums / np.maximum(rows, 1), overall)
    return np.asarray(means[column.codes[test]], dtype=np.float64)


def score_as_number(score: Floats, observed: Floats, *, train: Ints, test: Ints) -> Floats:
    """Return a score as a number, by the line of the training rows; NaN where there is no score.

    Args:
        score: shape (n,), of all rows, NaN where it is missing.
        observed: shape (n,).
        train: the rows that the line is learnt on.
        test: the rows that get a number.

    Raises:
        BadInput: fewer than two training rows with a score, or the same score on all of them.

    >>> rows = np.array([0, 1, 2])
    >>> score_as_number(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]), train=rows, test=rows)
    array([1., 3., 5.])
    """
    known = train[~np.isnan(score[train])]
    if len(known) < 2:
        raise BadInput(
            "a baseline has a score on fewer than two training rows",
            code="validate.baseline_rows",
            hint="Look whether its code is right, or take it out and say why.",
        )
    intercept, slope = number_line(observed[known], score[known])
    return np.maximum(intercept + slope * score[test], 0.0)
