"""Inverse-probability-of-censoring weights: who was lost is stood for by who was followed as long.

A row whose outcome is known by its horizon weighs 1 / G, with G the share that is still followed
just before it was known; a row that was lost first weighs 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import TooFewOutcomes

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats, Mask, Outcomes, Risks


def censoring_weights(
    followed: Column, lost: Mask, *, horizon: float, truncate: float = 0.99
) -> Floats:
    """Return the weight of each row; 0 where it was lost before its outcome could be known.

    Args:
        followed: shape (n,), time from the prediction to the event, to the loss, or to the horizon.
        lost: shape (n,), whether the row was lost at that time, the event not having come.
        horizon: when the outcome is settled, in the unit of `followed`; above 0.
        truncate: weights above this quantile of those above 0 are set to it; 1 leaves them.

    Raises:
        BadInput: unequal lengths, a time below 0, or all rows lost.

    References:
        Graf et al., Stat Med 1999;18:2529 (Kaplan-Meier of the censoring, taken just before).

    >>> censoring_weights([1, 2, 3, 3], np.array([False, True, False, False]), horizon=3,
    ...                   truncate=1).round(9).tolist()
    [1.0, 0.0, 1.5, 1.5]
    """
    time = np.minimum(np.asarray(followed, np.float64), horizon)
    gone = lost & (np.asarray(followed, np.float64) < horizon)
    if time.size != lost.size or time.size == 0 or bool((time < 0).any()) or bool(gone.all()):
        raise BadInput(
            f"got {time.size} times and {lost.size} marks, expected as many, 0 or more, not all "
            "lost",
            code="statistics.censoring",
        )
    left, at_least = _followed_just_before(time, gone)
    weight = np.where(gone, 0.0, 1.0 / left[np.searchsorted(at_least, time)])
    if truncate < 1.0:
        weight = np.minimum(weight, np.quantile(weight[weight > 0], truncate))
    return np.asarray(weight, np.float64)


def _followed_just_before(time: Floats, gone: Mask) -> tuple[Floats, Floats]:
    """Return Kaplan and Meier's share not lost just before each distinct time."""
    moments, at = np.unique(time, return_inverse=True)
    lost = np.bincount(at, gone, moments.size)
    risk = time.size - np.concatenate([[0.0], np.cumsum(np.bincount(at, minlength=moments.size))])
    # Events at an instant come before losses at it, so those leave the set at risk first.
    events = np.bincount(at, ~gone, moments.size)
    stays = np.ones(moments.size)
    np.divide(lost, risk[:-1] - events, out=stays, where=lost > 0)
    stays = np.where(lost > 0, 1.0 - stays, 1.0)
    survived = np.cumprod(stays)
    return np.concatenate([[1.0], survived[:-1]]), moments


class Weighted(NamedTuple):
    """Measures of rows with weights."""

    auroc: float
    brier: float
    observed_expected: float
    prevalence: float


def weighted_measures(outcome: Outcomes, risk: Risks, weight: Floats) -> Weighted:
    """Return AUROC, Brier score, O:E and prevalence with a weight a row.

    Args:
        outcome: shape (n,), 0 or 1; not read where the weight is 0.
        risk: shape (n,), 0 to 1.
        weight: shape (n,), 0 or more.

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
    _, at = np.unique(risk, return_inverse=True)
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
