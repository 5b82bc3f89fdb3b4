"""The same patient measured again: every value moved by a measurement error."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.explain.agreement import Agreed, agreed

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
    size = spreads(bundle) * errors.size
    shares, risk = bundle.shares(x, groups), bundle.risk(x)
    first = np.abs(shares).argmax(axis=1)
    found, same_first, change = [], np.empty(draws), np.empty(draws)
    for draw in range(draws):
        moved = x + rng.standard_normal(x.shape) * size
        again = bundle.shares(moved, groups)
        found.append(agreed(shares, again, top=top))
        same_first[draw] = np.mean(np.abs(again).argmax(axis=1) == first)
        change[draw] = np.abs(bundle.risk(moved) - risk).mean()
    by_patient = Agreed(*(np.mean(part, axis=0) for part in zip(*found, strict=True)))
    return MeasuredAgain(by_patient, float(same_first.mean()), float(change.mean()))


def spreads(bundle: Bundle) -> Floats:
    """Return the interquartile range of each feature in training, 0 where it was never seen."""
    quartiles = [(item.at(0.25) or 0.0, item.at(0.75) or 0.0) for item in bundle.references]
    return np.array([high - low for low, high in quartiles])


def unstable(bundle: Bundle, x: Floats, *, shares: Floats, top: int) -> str:
    """Return why the factors of one row may not be relied on, in words; empty when they hold.

    The errors are the same for every patient, so that one row has one answer.

    Args:
        bundle: the model.
        x: shape (p,), NaN where missing.
        shares: shape (g,), what each of the bundle's groups contributes to this row.
        top: how many factors are named.
    """
    errors = np.random.default_rng(_SEED).standard_normal((_AGAIN, len(x)))
    moved = x + errors * spreads(bundle) * _ERROR
    again = bundle.shares(moved, bundle.groups)
    held = agreed(np.broadcast_to(shares, again.shape), again, top=top)
    if held.jaccard.mean() >= SHAKY and held.sign.mean() >= SHAKY:
        return ""
    return "Unstable: measured again, other factors may lead."
