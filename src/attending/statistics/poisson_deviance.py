"""Poisson deviance: how far predicted counts are from observed ones, as a Poisson sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.measure import Measure, register
from attending.statistics.number_inputs import numbers

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats


def row_deviance(observed: Floats, predicted: Floats) -> Floats:
    """Return the deviance of each row, 0 or more; infinite where nothing was foretold and came.

    >>> row_deviance(np.array([0.0, 2.0]), np.array([1.0, 2.0])).tolist()
    [2.0, 0.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(observed > 0, observed * np.log(observed / predicted), 0.0)
    return np.asarray(2.0 * (ratio - observed + predicted))


def poisson_deviance(observed: Column, predicted: Column) -> float:
    """Return the mean Poisson deviance of counts.

    Raises:
        BadInput: a count below 0, or a prediction that is not above 0.

    References:
        McCullagh & Nelder, Generalized Linear Models, 2nd ed. 1989, section 6.2.

    >>> poisson_deviance([0, 2], [1, 2])
    1.0
    """
    y, p = numbers(observed, predicted)
    wrong = int(np.count_nonzero((y < 0) | (p <= 0)))
    if wrong:
        raise BadInput(
            f"got {wrong} rows with a count below 0 or a prediction that is not above 0",
            code="statistics.count",
            hint="A deviance of counts needs predictions above 0.",
        )
    return float(np.mean(row_deviance(y, p)))


register(
    Measure(
        name="poisson_deviance",
        label="Mean Poisson deviance",
        kind="number",
        compute=poisson_deviance,
        direction="lower",
        reference="McCullagh & Nelder, Generalized Linear Models, 2nd ed. 1989",
        high=None,
    )
)
