"""How much a figure differs between sites beyond chance, and what a new site may expect."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.measure import z_of
from attending.statistics.special import chdtrc, stdtrit

if TYPE_CHECKING:
    from attending.statistics.inputs import Column


class Heterogeneity(NamedTuple):
    """A random-effects summary over sites, on the scale that was given.

    Attributes:
        pooled: the mean over sites, with its interval `low` to `high`.
        new_low, new_high: where the figure of a further site would lie in 95 of 100 cases; None
            with fewer than three sites.
        tau2: variance between sites (DerSimonian and Laird).
        i2: share of the variance that is not chance, 0 to 1.
        q, p: Cochran's Q and its p-value.
    """

    sites: int
    pooled: float
    low: float
    high: float
    new_low: float | None
    new_high: float | None
    tau2: float
    i2: float
    q: float
    p: float


def heterogeneity(values: Column, variances: Column, *, level: float = 0.95) -> Heterogeneity:
    """Return the random-effects summary of one figure a site.

    Give figures on a scale without bounds: logit of the AUROC, logarithm of O:E.

    Args:
        values: shape (k,), one a site.
        variances: shape (k,), squared standard errors, above 0.
        level: of both intervals.

    Raises:
        BadInput: fewer than two sites, or a variance that is not above 0.

    References:
        DerSimonian & Laird, Control Clin Trials 1986;7:177; Higgins et al., J R Stat Soc A
        2009;172:137 (the interval for a new site).

    >>> found = heterogeneity([0.0, 1.0], [0.1, 0.1])
    >>> round(found.pooled, 3), round(found.q, 3), round(found.i2, 3)
    (0.5, 5.0, 0.8)
    """
    y, v = np.asarray(values, np.float64), np.asarray(variances, np.float64)
    if y.size < 2 or y.shape != v.shape or not bool((v > 0).all() and np.isfinite(y).all()):
        raise BadInput(
            f"got {y.size} values and {v.size} variances, expected two or more of each, above 0",
            code="statistics.heterogeneity",
        )
    w = 1.0 / v
    fixed = float((w @ y) / w.sum())
    q = float(w @ (y - fixed) ** 2)
    free = y.size - 1
    tau2 = max(0.0, (q - free) / float(w.sum() - (w @ w) / w.sum()))
    ws = 1.0 / (v + tau2)
    pooled, se = float((ws @ y) / ws.sum()), math.sqrt(1.0 / float(ws.sum()))
    half = z_of(level) * se
    reach = None
    if y.size > 2:
        reach = float(stdtrit(y.size - 2, 0.5 + level / 2.0)) * math.sqrt(tau2 + se * se)
    return Heterogeneity(
        sites=y.size,
        pooled=pooled,
        low=pooled - half,
        high=pooled + half,
        new_low=None if reach is None else pooled - reach,
        new_high=None if reach is None else pooled + reach,
        tau2=tau2,
        i2=max(0.0, (q - free) / q) if q > 0 else 0.0,
        q=q,
        p=float(chdtrc(free, q)),
    )
