"""Look at outcomes every day without raising the chance of a wrong alarm: an e-process.

The null is "observed and predicted agree within the tolerance". For each odds ratio that we want
to detect, the likelihood ratio against the edge of the null is a bet that cannot be expected to
grow while the null holds. Bets on both directions, on several odds ratios and on several starting
days are averaged with weights fixed in advance, so the average is such a bet too, and by Ville's
inequality it passes 1/alpha on any day, ever, with probability of at most alpha.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from attending.specs.monitoring import ConceptMonitor
    from attending.types import Floats, Ints, Outcomes

_DAY = 24 * 3600 * 1_000_000
_HIGHEST = 600.0


@dataclass(frozen=True)
class Evidence:
    """E-values by day, from the first: more events than predicted, fewer, and both together."""

    more: Floats
    fewer: Floats

    @property
    def both(self) -> Floats:
        """Return the e-value against the null as a whole."""
        return (self.more + self.fewer) / 2


def tilt(risk: Floats, odds_ratio: float | Floats) -> Floats:
    """Return risks whose odds are `odds_ratio` times as large.

    >>> tilt(np.array([0.5]), 3.0).tolist()
    [0.75]
    """
    return odds_ratio * risk / (1 - risk + odds_ratio * risk)


def evidence(
    monitor: ConceptMonitor, risk: Floats, outcome: Outcomes, *, day: Ints, days: int
) -> Evidence:
    """Return the e-values at the end of each day.

    Rows must be independent given the past: pass one prediction for each stay.

    Args:
        monitor: tolerance, odds ratios to detect, and the days between starts.
        risk: shape (n,), the risks that were predicted.
        outcome: shape (n,), 0 or 1.
        day: shape (n,), the day on which each outcome matured, 0 and up.
        days: how many days to return.

    References:
        Ramdas et al., Statistical Science 2023;38:576 (e-processes and Ville's inequality).
    """
    held = np.clip(risk, 1e-6, 1 - 1e-6)
    sides = []
    for direction in (1.0, -1.0):
        edge = tilt(held, monitor.tolerance**direction)
        bets = [
            _by_day(edge, tilt(held, ratio**direction), outcome, day=day, days=days)
            for ratio in monitor.detect
        ]
        sides.append(np.mean([_restarted(bet, monitor.restart // _DAY) for bet in bets], axis=0))
    return Evidence(more=sides[0], fewer=sides[1])


def _by_day(null: Floats, other: Floats, outcome: Outcomes, *, day: Ints, days: int) -> Floats:
    """Return the log-likelihood ratio gained up to the end of each day, with a leading zero."""
    gain = np.where(outcome == 1, np.log(other / null), np.log((1 - other) / (1 - null)))
    daily = np.bincount(day, weights=gain, minlength=days)[:days]
    return np.concatenate([[0.0], np.cumsum(daily)])


def _restarted(gained: Floats, every: int) -> Floats:
    """Return the weighted sum of bets that start on day 0, `every`, 2 `every` and so on.

    Start k has weight 1/((k+1)(k+2)); these add up to 1 over all starts. A bet that has not yet
    started is worth its stake.
    """
    days = len(gained) - 1
    starts = np.arange(0, days, max(every, 1))
    k = np.arange(len(starts))
    weights = 1.0 / ((k + 1) * (k + 2))
    after = np.arange(days)[:, None] >= starts[None, :]
    since = gained[1:, None] - gained[starts][None, :]
    worth = np.where(after, np.exp(np.minimum(since, _HIGHEST)), 1.0)
    unstarted = 1.0 - weights.sum()
    total: Floats = worth @ weights + unstarted
    return total
