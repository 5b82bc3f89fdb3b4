"""Rows that fitting a model of a number needs, so that its residual spread is known well."""

from __future__ import annotations

import math

from attending.errors import BadInput


def residual_size(parameters: int, *, margin: float = 1.1) -> int:
    """Return the rows that give the residual deviation within a factor at 95 % confidence.

    Args:
        parameters: candidate parameters of the model.
        margin: the factor, above 1.

    Raises:
        BadInput: no margin, or a number of parameters below 0.

    References:
        Riley et al., Stat Med 2019;38:1262, criterion (iii): 234 rows and one for each parameter.

    >>> residual_size(0), residual_size(20)
    (234, 254)
    """
    from scipy.stats import chi2

    if parameters < 0 or margin <= 1.0:
        raise BadInput(
            f"got {parameters} parameters and margin {margin}, expected 0 or more and above 1",
            code="statistics.sample_size",
        )
    for free in range(2, 1_000_000):
        widest = max(chi2.ppf(0.975, free) / free, free / chi2.ppf(0.025, free))
        if math.sqrt(widest) <= margin:
            return free + 1 + parameters
    raise BadInput("the margin is too narrow", code="statistics.sample_size")
