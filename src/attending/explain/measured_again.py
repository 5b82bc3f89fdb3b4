"""The same patient measured again: every value moved by a measurement error."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.explain.agreement import Agreed, agreed, leaders, overlap, same_way
from attending.explain.quick_shares import quick_contributions

if TYPE_CHECKING:
    from attending.models.bundle import Bundle
    from attending.models.protocol import Matrix
    from attending.types import Floats

#: How often one patient is measured again when a single explanation is judged.
_AGAIN = 12
_SEED = 20261128
_ERROR = 0.05
#: A mean overlap below this, two of five factors lost, makes an explanation unstable.
SHAKY = 0.6


class MeasuredAgain(NamedTuple):
    """What became of explanations and risks when values moved by their error.

    Attributes:
        agreed: means over draws, by patient.
        same_first: share of draws in which the first factor stayed.
        risk_change: mean absolute change of the risk.
    """

    agreed: Agreed
    same_first: float
    risk_change: float


def measured_again(
    bundle: Bundle, x: Matrix, *, seed: int, top: int, error: float, draws: int
) -> MeasuredAgain:
    """Return how explanations hold when inputs move by their measurement error.

    Args:
        bundle: the model.
        x: shape (n, p), rows of patients.
        seed: of the errors.
        top: how many factors are compared.
        error: standard deviation, as a share of the feature's interquartile range in training.
        draws: how often each patient is measured again.
    """
    rng = np.random.default_rng(seed)
    size = bundle.spreads * error
    shares, risk = bundle.contributions(x)[:, :-1], bundle.risk(x)
    first = np.abs(shares).argmax(axis=1)
    found, same_first, change = [], np.empty(draws), np.empty(draws)
    for draw in range(draws):
        moved = x + rng.standard_normal(x.shape) * size
        again = quick_contributions(bundle, moved)[:, :-1]
        found.append(agreed(shares, again, top=top))
        same_first[draw] = np.mean(np.abs(again).argmax(axis=1) == first)
        change[draw] = np.abs(bundle.risk(moved) - risk).mean()
    by_patient = Agreed(*(np.mean(part, axis=0) for part in zip(*found, strict=True)))
    return MeasuredAgain(by_patient, float(same_first.mean()), float(change.mean()))


def unstable(bundle: Bundle, x: Floats, *, shares: Floats, top: int) -> str:
    """Return why the factors of one row may not be relied on, in words; empty when they hold.

    The errors are the same for every patient, so that one row has one answer.

    Args:
        bundle: the model.
        x: shape (p,), NaN where missing.
        shares: shape (p,), the contributions of this row.
        top: how many factors are named.
    """
    moved = x + _errors(len(x)) * bundle.spreads * _ERROR
    again = quick_contributions(bundle, np.vstack([x, moved]))[1:, :-1]
    one = shares[None, :]
    named = leaders(one, top=top)
    overlaps = overlap(named, leaders(again, top=top))
    if overlaps.mean() >= SHAKY and same_way(one, again, named=named).mean() >= SHAKY:
        return ""
    return "Unstable: measured again, other factors may lead."


@cache
def _errors(features: int) -> Matrix:
    """Return the errors of every patient, in standard deviations; nobody changes them."""
    found: Matrix = np.random.default_rng(_SEED).standard_normal((_AGAIN, features))
    found.setflags(write=False)
    return found
