"""The same patient measured again: every value moved by a measurement error."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.explain.agreement import Agreed, agreed, leaders, overlap, same_way
from attending.explain.quick_shares import quick_shares

if TYPE_CHECKING:
    from attending.models.bundle import Bundle
    from attending.models.concepts import Groups
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


class Errors(NamedTuple):
    """Errors of measurement.

    Attributes:
        seed: of the errors.
        size: standard deviation, as a share of the feature's interquartile range in training.
        draws: how often each patient is measured again.
    """

    seed: int
    size: float
    draws: int


def measured_again(
    bundle: Bundle, x: Matrix, groups: Groups, *, errors: Errors, top: int
) -> MeasuredAgain:
    """Return how explanations hold when inputs move by their measurement error.

    Args:
        bundle: the model.
        x: shape (n, p), rows of patients.
        groups: the factors that are compared.
        errors: how they are drawn.
        top: how many factors are compared.
    """
    rng, draws = np.random.default_rng(errors.seed), errors.draws
    size = bundle.spreads * errors.size
    shares, risk = bundle.shares(x, groups), bundle.risk(x)
    first = np.abs(shares).argmax(axis=1)
    found, same_first, change = [], np.empty(draws), np.empty(draws)
    for draw in range(draws):
        moved = x + rng.standard_normal(x.shape) * size
        again = quick_shares(bundle, moved, groups)
        found.append(agreed(shares, again, top=top))
        same_first[draw] = np.mean(np.abs(again).argmax(axis=1) == first)
        change[draw] = np.abs(bundle.risk(moved) - risk).mean()
    by_patient = Agreed(*(np.mean(part, axis=0) for part in zip(*found, strict=True)))
    return MeasuredAgain(by_patient, float(same_first.mean()), float(change.mean()))


def with_errors(bundle: Bundle, x: Floats) -> Matrix:
    """Return a row, and after it the same patient measured again; shape (1 + draws, p).

    The errors are the same for every patient, so that one row has one answer.

    Args:
        bundle: the model.
        x: shape (p,), NaN where missing.
    """
    return np.vstack([x, x + _errors(len(x)) * bundle.spreads * _ERROR])


def unstable(shares: Matrix, *, top: int) -> str:
    """Return why the factors of one row may not be relied on, in words; empty when they hold.

    Args:
        shares: shape (1 + draws, g), what each group of features contributes to the rows of
            `with_errors`.
        top: how many factors are named.
    """
    one, again = shares[:1], shares[1:]
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
