"""Looking every day without being fooled: an e-process and a confidence sequence for calibration.

Outcomes are taken one after another. Under the hypothesis that the odds of every risk are off by
a factor R, the likelihood of the outcomes is known; a mixture of it over R, divided by the
likelihood at the hypothesised R, is a non-negative martingale. So at any time, however often one
looks, the chance that it ever exceeds 1 / alpha is at most alpha (Ville).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import logit, predicted
from attending.statistics.special import expit, logsumexp

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats, Mask

#: ln R from a factor of 1/20 to 20.
_GRID = np.linspace(-math.log(20.0), math.log(20.0), 241)
#: How the bettor spreads the stake over ln R: normal, SD 0.5, so a factor of 1.65 either way.
_SPREAD = 0.5
_CHUNK = 4096


@dataclass(frozen=True)
class OddsRatioSequence:
    """What has been seen so far; `update` gives the next, `start` the first.

    Rows must come in the order in which outcomes matured, and each risk must be the one that was
    given before its outcome. Repeated rows of a patient weaken the guarantee: give one a patient
    and period.
    """

    log_likelihood: Floats = field(default_factory=lambda: np.zeros(_GRID.size))
    excluded: Floats = field(default_factory=lambda: np.full(_GRID.size, -np.inf))
    rows: int = 0
    events: int = 0
    expected: float = 0.0

    def update(self, outcome: Column, risk: Column) -> OddsRatioSequence:
        """Return the sequence after more outcomes.

        Args:
            outcome: shape (n,), 0 or 1, in order of maturing.
            risk: shape (n,), probabilities as given, clipped at 1e-6.

        >>> after = start().update([1, 0, 0], [0.3, 0.3, 0.3])
        >>> after.rows, after.events, round(after.expected, 3)
        (3, 1, 0.9)
        """
        y, p = predicted(outcome, risk)
        linear = logit(p)
        total, highest = self.log_likelihood, self.excluded
        for at in range(0, y.size, _CHUNK):
            rows = slice(at, at + _CHUNK)
            shifted = linear[rows, None] + _GRID[None, :]
            each = y[rows, None] * shifted - np.logaddexp(0.0, shifted)
            running = total + np.cumsum(each, axis=0)
            mixed = logsumexp(running + _log_prior(), axis=1)[:, None]
            highest = np.maximum(highest, np.max(mixed - running, axis=0))
            total = running[-1]
        return replace(
            self,
            log_likelihood=total,
            excluded=highest,
            rows=self.rows + y.size,
            events=self.events + int(y.sum()),
            expected=self.expected + float(p.sum()),
        )

    def e_value(self, *, low: float = 1.0, high: float = 1.0, side: str = "both") -> float:
        """Return the evidence now against odds ratios from `low` to `high`, capped at 1e300.

        Args:
            low: smallest odds ratio that is acceptable.
            high: largest odds ratio that is acceptable.
            side: bet on `higher` odds than acceptable, on `lower`, or on `both`.

        Raises:
            BadInput: a range that is not rising or above 0, or another side.

        >>> start().e_value()
        1.0
        """
        if not 0.0 < low <= high:
            raise BadInput(
                f"got odds ratios from {low} to {high}, expected a rising range above 0",
                code="statistics.odds_ratio",
            )
        bet = _log_prior(side=side, low=math.log(low), high=math.log(high))
        mixed = float(logsumexp(self.log_likelihood + bet))
        null = self._most_likely(math.log(low), math.log(high))
        return math.exp(min(mixed - null, 690.0))

    def odds_ratio(self, *, alpha: float = 0.05) -> tuple[float, float]:
        """Return the range of odds ratios never excluded so far, at any time, at level `alpha`.

        >>> low, high = start().odds_ratio()
        >>> round(low, 2), round(high, 2)
        (0.05, 20.0)
        """
        kept = _GRID[self.excluded < -math.log(alpha)]
        if kept.size == 0:
            best = float(np.exp(_GRID[int(np.argmin(self.excluded))]))
            return best, best
        step = float(_GRID[1] - _GRID[0])
        low = max(float(kept[0]) - step, float(_GRID[0]))
        return math.exp(low), math.exp(min(float(kept[-1]) + step, float(_GRID[-1])))

    def _most_likely(self, low: float, high: float) -> float:
        """Return the highest log likelihood at ln R from low to high; it is concave in ln R."""
        ends = np.interp([low, high], _GRID, self.log_likelihood)
        inside = self.log_likelihood[_between(low, high)]
        return float(max(ends.max(), inside.max(initial=-np.inf)))


def _between(low: float, high: float) -> Mask:
    return np.asarray((low <= _GRID) & (high >= _GRID), dtype=np.bool_)


def start() -> OddsRatioSequence:
    """Return a sequence that has seen nothing."""
    return OddsRatioSequence()


def observed_expected_range(risk: Column, odds_ratios: tuple[float, float]) -> tuple[float, float]:
    """Return a range of odds ratios as a range of O:E over given risks.

    >>> low, high = observed_expected_range([0.1, 0.1], (0.5, 2.0))
    >>> round(low, 3), round(high, 3)
    (0.526, 1.818)
    """
    p = np.asarray(risk, dtype=np.float64)
    linear = logit(p)
    low, high = (float(expit(linear + math.log(r)).sum() / p.sum()) for r in odds_ratios)
    return low, high


def _log_prior(*, side: str = "both", low: float = 0.0, high: float = 0.0) -> Floats:
    """Return the log stake at each ln R.

    Raises:
        BadInput: a side that is not known.
    """
    stake = -0.5 * (_GRID / _SPREAD) ** 2
    if side == "higher":
        stake = np.where(high < _GRID, stake, -np.inf)
    elif side == "lower":
        stake = np.where(low > _GRID, stake, -np.inf)
    elif side != "both":
        raise BadInput(f"got side '{side}', expected both, higher or lower", code="statistics.side")
    return np.asarray(stake - logsumexp(stake), dtype=np.float64)
