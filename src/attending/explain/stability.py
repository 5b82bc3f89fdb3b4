"""Would the same patient, measured again, get the same explanation?

Every value is moved by a measurement error and the top factors are compared. An explanation that
changes then says more about noise than about the patient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.records.explanation import StabilityReport

if TYPE_CHECKING:
    from attending.models.bundle import Bundle
    from attending.models.protocol import Matrix
    from attending.types import Floats, Mask

#: Mean overlap of the top factors from which explanations are called steady.
STEADY = 0.8


def stability(
    bundle: Bundle,
    x: Matrix,
    *,
    seed: int,
    top: int = 5,
    draws: int = 20,
    relative_error: float = 0.05,
) -> StabilityReport:
    """Return how steady explanations are when inputs move by their measurement error.

    Args:
        bundle: the model.
        x: shape (n, p), rows of patients.
        seed: of the errors.
        top: how many factors are compared.
        draws: how often each patient is measured again.
        relative_error: standard deviation of the error, as a share of the feature's
            interquartile range in training.

    Raises:
        BadInput: no rows, no draws, or an error below 0.
    """
    _check(len(x), draws=draws, top=top, relative_error=relative_error)
    rng = np.random.default_rng(seed)
    size = _spreads(bundle) * relative_error
    shares = np.abs(bundle.contributions(x)[:, :-1])
    first, leaders = shares.argmax(axis=1), _leaders(shares, top=top)
    risk = bundle.risk(x)
    overlap, same_first, change = np.empty((draws, len(x))), np.empty(draws), np.empty(draws)
    for draw in range(draws):
        moved = x + rng.standard_normal(x.shape) * size
        again = np.abs(bundle.contributions(moved)[:, :-1])
        overlap[draw] = _jaccard(leaders, _leaders(again, top=top))
        same_first[draw] = np.mean(again.argmax(axis=1) == first)
        change[draw] = np.abs(bundle.risk(moved) - risk).mean()
    by_patient = overlap.mean(axis=0)
    return StabilityReport(
        patients=len(x),
        draws=draws,
        top=top,
        seed=seed,
        relative_error=relative_error,
        mean_jaccard=float(by_patient.mean()),
        low_jaccard=float(np.quantile(by_patient, 0.1)),
        same_first=float(same_first.mean()),
        mean_risk_change=float(change.mean()),
        threshold=STEADY,
        steady=bool(by_patient.mean() >= STEADY),
    )


def _check(rows: int, *, draws: int, top: int, relative_error: float) -> None:
    if not rows or draws < 1 or top < 1 or relative_error < 0:
        raise BadInput(
            f"got {rows} rows, {draws} draws, top {top} and error {relative_error:g}",
            code="explain.stability",
            hint="Give at least one row, one draw and one factor, and an error of 0 or more.",
        )


def _spreads(bundle: Bundle) -> Floats:
    """Return the interquartile range of each feature in training, 0 where it was never seen."""
    quartiles = [(item.at(0.25) or 0.0, item.at(0.75) or 0.0) for item in bundle.references]
    return np.array([high - low for low, high in quartiles])


def _leaders(shares: Matrix, *, top: int) -> Mask:
    """Return a mark for the largest shares of each row; ties go to the earlier feature."""
    order = np.argsort(-shares, axis=1, kind="stable")[:, :top]
    marks = np.zeros(shares.shape, dtype=np.bool_)
    np.put_along_axis(marks, order, values=True, axis=1)
    return marks & (shares > 0)


def _jaccard(one: Mask, other: Mask) -> Floats:
    both = (one & other).sum(axis=1)
    either = (one | other).sum(axis=1)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)
