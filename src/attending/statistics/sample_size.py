"""How many patients a model needs: to be developed (Riley 2020), to be validated (2021)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.net_benefit import standardised_net_benefit_se
from attending.statistics.special import betaincinv, expit, ndtri

if TYPE_CHECKING:
    from attending.types import Floats

_Z = 1.959963984540054
#: For the criteria of external validation the published figures use 1.96.
_Z96 = 1.96


class DevelopmentSize(NamedTuple):
    """Rows for shrinkage, for optimism and for the overall risk; the largest is needed."""

    shrinkage: int
    optimism: int
    overall: int
    needed: int
    max_r2: float
    events_per_parameter: float


class LinearPredictor(NamedTuple):
    """A distribution of logit(risk) as points and their weights (which sum to 1)."""

    points: Floats
    weights: Floats


def development_size(
    parameters: int, *, prevalence: float, r2: float | None = None, shrinkage: float = 0.9
) -> DevelopmentSize:
    """Return the rows that developing a regression model needs; for trees a lower bound only.

    Args:
        parameters: candidate parameters, not variables.
        prevalence: expected share of events, 0 to 1.
        r2: anticipated Cox-Snell R2; 15 % of its maximum when absent.
        shrinkage: the uniform shrinkage to hold.

    Raises:
        BadInput: a prevalence or R2 out of range, or no parameters.

    References:
        Riley et al., Stat Med 2019;38:1276; BMJ 2020;368:m441.

    >>> development_size(30, prevalence=0.05, r2=0.05)[:3]
    (5249, 1770, 73)
    """
    _check_prevalence(prevalence)
    max_r2 = 1.0 - (prevalence**prevalence * (1 - prevalence) ** (1 - prevalence)) ** 2
    r = 0.15 * max_r2 if r2 is None else r2
    if parameters < 1 or not 0.0 < r < max_r2:
        raise BadInput(
            f"got {parameters} parameters and an R2 of {r:g}, "
            f"expected 1 or more and above 0, below {max_r2:g}",
            code="statistics.sample_size",
        )
    first = _up(parameters / ((shrinkage - 1.0) * math.log1p(-r / shrinkage)))
    small = r / (r + 0.05 * max_r2)
    second = _up(parameters / ((small - 1.0) * math.log1p(-r / small)))
    third = _up((1.96 / 0.05) ** 2 * prevalence * (1.0 - prevalence))
    needed = max(first, second, third)
    return DevelopmentSize(first, second, third, needed, max_r2, needed * prevalence / parameters)


def size_for_observed_expected(prevalence: float, *, width: float = 0.2) -> int:
    """Return the rows for which the 95 % interval of O:E around 1 has this width.

    >>> size_for_observed_expected(0.018, width=1.0)
    906
    """
    _check_prevalence(prevalence)
    se = math.asinh(width / 2.0) / _Z96
    return _up((1.0 - prevalence) / (prevalence * se * se))


def size_for_slope(predictor: LinearPredictor, *, width: float = 0.2) -> int:
    """Return the rows for which the 95 % interval of the calibration slope has this width.

    >>> size_for_slope(normal_predictor(-5.0, 2.5))
    4554
    """
    risk = expit(predictor.points)
    v = predictor.weights * risk * (1.0 - risk)
    i00, i01 = float(v.sum()), float(v @ predictor.points)
    i11 = float(v @ predictor.points**2)
    se = width / (2.0 * _Z96)
    return _up(i00 / (se * se * (i00 * i11 - i01 * i01)))


def size_for_auroc(auroc: float, *, prevalence: float, width: float = 0.1) -> int:
    """Return the smallest number of rows for which the 95 % interval of the AUROC has this width.

    References:
        Newcombe, Stat Med 2006;25:559.

    >>> size_for_auroc(0.8, prevalence=0.018), size_for_auroc(0.7, prevalence=0.14)
    (4252, 863)
    """
    _check_prevalence(prevalence)
    low, high = 2, 1 << 40
    while low < high:
        middle = (low + high) // 2
        if 2.0 * _Z96 * newcombe_se(auroc, prevalence=prevalence, n=middle) <= width:
            high = middle
        else:
            low = middle + 1
    return low


def newcombe_se(auroc: float, *, prevalence: float, n: int) -> float:
    """Return the standard error of an AUROC that n rows will have.

    >>> round(newcombe_se(0.6593406593, prevalence=0.35, n=20), 10)
    0.1301525799
    """
    half = n / 2.0 - 1.0
    bracket = 1.0 + half * (1.0 - auroc) / (2.0 - auroc) + half * auroc / (1.0 + auroc)
    return math.sqrt(auroc * (1.0 - auroc) * bracket / (n * n * prevalence * (1.0 - prevalence)))


def hanley_mcneil_se(auroc: float, *, events: int, others: int) -> float:
    """Return Hanley and McNeil's standard error of an AUROC.

    References:
        Hanley & McNeil, Radiology 1982;143:29.

    >>> round(hanley_mcneil_se(0.6593406593, events=7, others=13), 10)
    0.1341657298
    """
    q1, q2 = auroc / (2.0 - auroc), 2.0 * auroc**2 / (1.0 + auroc)
    spread = auroc * (1.0 - auroc)
    spread += (events - 1) * (q1 - auroc**2) + (others - 1) * (q2 - auroc**2)
    return math.sqrt(spread / (events * others))


def size_for_net_benefit(
    sens: float, spec: float, *, prevalence: float, threshold: float, width: float = 0.2
) -> int:
    """Return the rows for which the 95 % interval of the standardised net benefit has this width.

    The standard error wanted is not rounded; some packages round it to three places first.

    >>> size_for_net_benefit(0.6, 0.7, prevalence=0.14, threshold=0.15)
    1107
    """
    _check_prevalence(prevalence)
    one = standardised_net_benefit_se(sens, spec, prevalence=prevalence, threshold=threshold, n=1)
    return _up((one / (width / (2.0 * _Z96))) ** 2)


def normal_predictor(mean: float, sd: float) -> LinearPredictor:
    """Return a normal distribution of logit(risk), by quadrature."""
    z = np.linspace(-10.0, 10.0, 4001)
    weights = np.exp(-0.5 * z * z)
    return LinearPredictor(mean + sd * z, weights / weights.sum())


def beta_predictor(a: float, b: float) -> LinearPredictor:
    """Return the distribution of logit(risk) when risks are Beta(a, b), at 20,000 mid-quantiles."""
    count = 20_000
    risk = np.clip(betaincinv(a, b, (np.arange(count) + 0.5) / count), 1e-12, 1 - 1e-12)
    return LinearPredictor(np.log(risk) - np.log1p(-risk), np.full(count, 1.0 / count))


def predictor_from_auroc(auroc: float, *, prevalence: float) -> LinearPredictor:
    """Return two normal distributions of logit(risk) whose AUROC and mean risk are these.

    Non-events are N(m, s2) and events N(m + s2, s2) with s2 = 2 z(AUROC)^2; m is found by halving.

    >>> points, weights = predictor_from_auroc(0.8, prevalence=0.1)
    >>> round(float(weights @ expit(points)), 6)
    0.1
    """
    _check_prevalence(prevalence)
    variance = 2.0 * float(ndtri(auroc)) ** 2
    base = normal_predictor(0.0, math.sqrt(variance))
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2.0
        mixed = _mixture(base, middle, variance=variance, prevalence=prevalence)
        if float(mixed.weights @ expit(mixed.points)) < prevalence:
            low = middle
        else:
            high = middle
    return _mixture(base, (low + high) / 2.0, variance=variance, prevalence=prevalence)


def _mixture(
    base: LinearPredictor, mean: float, *, variance: float, prevalence: float
) -> LinearPredictor:
    points = np.concatenate([base.points + mean, base.points + mean + variance])
    weights = np.concatenate([base.weights * (1.0 - prevalence), base.weights * prevalence])
    return LinearPredictor(points, weights)


def _check_prevalence(prevalence: float) -> None:
    """Refuse a prevalence outside 0 to 1.

    Raises:
        BadInput: it is not strictly inside.
    """
    if not 0.0 < prevalence < 1.0:
        raise BadInput(
            f"got a prevalence of {prevalence:g}, expected above 0 and below 1",
            code="statistics.sample_size",
        )


def _up(rows: float) -> int:
    return math.ceil(rows - 1e-9)
