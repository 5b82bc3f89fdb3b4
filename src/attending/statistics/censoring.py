"""Inverse-probability-of-censoring weights: who was lost is stood for by who was followed as long.

A row whose outcome is known by its horizon weighs 1 / G, with G the share that is still followed
just before it was known; a row that was lost first weighs 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import TooFewOutcomes

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats, Ints, Mask, Outcomes, Risks


@dataclass(frozen=True)
class Followed:
    """How long rows were followed and whether they were lost, ready to be weighed many times.

    Args:
        lost: shape (n,), lost before the horizon.
        place: shape (n,), the place of each time among the distinct times.
        moments: how many distinct times there are.
    """

    lost: Mask
    place: Ints
    moments: int

    def weights(self, times: Floats | Ints | None = None, *, truncate: float = 0.99) -> Floats:
        """Return the weight of each row; 0 where it was lost before its outcome could be known.

        Args:
            times: shape (n,), how often each row counts; once when absent.
            truncate: weights above this quantile of those above 0 are set to it; 1 leaves them.

        Raises:
            BadInput: all rows lost.
        """
        count = np.ones(self.lost.size, np.int64) if times is None else times
        lost = np.bincount(self.place, count * self.lost, self.moments).astype(np.float64)
        kept = np.bincount(self.place, count * ~self.lost, self.moments).astype(np.float64)
        through = np.cumsum(kept)
        if not through[-1]:
            raise BadInput("got no row that was not lost", code="statistics.censoring")
        # Weights rise with time, so the quantile is the weight at one of the times.
        last = int(np.searchsorted(through, truncate * through[-1] * (1.0 - 1e-12)))
        weight = 1.0 / _followed_just_before(lost, kept)
        return np.where(self.lost, 0.0, np.minimum(weight, weight[last])[self.place])


def _followed_just_before(lost: Floats, kept: Floats) -> Floats:
    """Return Kaplan and Meier's share not lost just before each time, from counts at each."""
    gone = np.cumsum(lost + kept)
    risk = gone[-1] - gone + lost + kept
    # Events at an instant come before losses at it, so those leave the set at risk first.
    share = np.zeros(lost.size)
    np.divide(lost, risk - kept, out=share, where=lost > 0)
    # Where the last of all is lost nobody is left to be stood for; no weight is read there.
    survived = np.cumprod(1.0 - np.minimum(share, 1.0 - 1e-12))
    return np.concatenate([[1.0], survived[:-1]])


def followed(time: Column, lost: Mask, *, horizon: float) -> Followed:
    """Return rows that were followed for so long, ready to be weighed.

    Args:
        time: shape (n,), time from the prediction to the event, to the loss, or to the horizon.
        lost: shape (n,), whether the row was lost at that time, the event not having come.
        horizon: when the outcome is settled, in the unit of `time`; above 0.

    Raises:
        BadInput: unequal lengths, a time below 0 or none, or all rows lost.
    """
    given = np.asarray(time, np.float64)
    gone = lost & (given < horizon) if given.size == lost.size else np.ones(1, np.bool_)
    if not given.size or not bool((given >= 0).all()) or bool(gone.all()):
        raise BadInput(
            f"got {given.size} times and {lost.size} marks, expected as many, 0 or more, not all "
            "lost",
            code="statistics.censoring",
        )
    moments, place = np.unique(np.minimum(given, horizon), return_inverse=True)
    return Followed(np.asarray(gone, np.bool_), place, moments.size)


def censoring_weights(
    time: Column, lost: Mask, *, horizon: float, truncate: float = 0.99
) -> Floats:
    """Return the weight of each row; 0 where it was lost before its outcome could be known.

    Args:
        time: shape (n,), time from the prediction to the event, to the loss, or to the horizon.
        lost: shape (n,), whether the row was lost at that time, the event not having come.
        horizon: when the outcome is settled, in the unit of `time`; above 0.
        truncate: weights above this quantile of those above 0 are set to it; 1 leaves them.

    Raises:
        BadInput: unequal lengths, a time below 0, or all rows lost.

    References:
        Graf et al., Stat Med 1999;18:2529 (Kaplan-Meier of the censoring, taken just before).

    >>> censoring_weights([1, 2, 3, 3], np.array([False, True, False, False]), horizon=3,
    ...                   truncate=1).round(9).tolist()
    [1.0, 0.0, 1.5, 1.5]
    """
    return followed(time, lost, horizon=horizon).weights(truncate=truncate)


class Weighted(NamedTuple):
    """Measures of rows with weights."""

    auroc: float
    brier: float
    observed_expected: float
    prevalence: float


def weighted_measures(
    outcome: Outcomes, risk: Risks, weight: Floats, *, place: Ints | None = None
) -> Weighted:
    """Return AUROC, Brier score, O:E and prevalence with a weight a row.

    Args:
        outcome: shape (n,), 0 or 1; not read where the weight is 0.
        risk: shape (n,), 0 to 1.
        weight: shape (n,), 0 or more.
        place: shape (n,), of each risk among the distinct risks, rising; found when absent.

    Raises:
        TooFewOutcomes: no weight on events, or none on non-events.

    References:
        Uno et al., J Am Stat Assoc 2007;102:527; Graf et al., Stat Med 1999;18:2529.

    >>> found = weighted_measures(np.array([0, 0, 1, 1], np.int8), np.array([0.1, 0.4, 0.35, 0.8]),
    ...                           np.ones(4))
    >>> found.auroc, round(found.observed_expected, 4)
    (0.75, 1.2121)
    """
    event = np.where(outcome == 1, weight, 0.0)
    other = np.where(outcome == 1, 0.0, weight)
    if event.sum() <= 0.0 or other.sum() <= 0.0:
        raise TooFewOutcomes("got no weight on events or none on non-events, expected both")
    at = np.unique(risk, return_inverse=True)[1] if place is None else place
    events, others = np.bincount(at, event), np.bincount(at, other)
    below = np.cumsum(others) - others
    pairs = float(events @ (below + 0.5 * others))
    whole = float(weight.sum())
    return Weighted(
        auroc=pairs / float(event.sum() * other.sum()),
        brier=float(weight @ (risk - (outcome == 1)) ** 2) / whole,
        observed_expected=float(event.sum() / (weight @ risk)),
        prevalence=float(event.sum()) / whole,
    )
