"""Which update matured outcomes ask for: none, the intercept, the slope as well, or a refit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.models.protocol import logit
from attending.statistics.closed_testing import closed_test
from attending.statistics.logistic import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.specs.change_control import Retraining
    from attending.statistics.closed_testing import Update
    from attending.types import Floats, Outcomes, Risks

#: The refit of the closed test has at most one term for so many events.
EVENTS_A_TERM = 10


class Weighed(NamedTuple):
    """What was chosen, the line that goes with it, and the evidence."""

    update: Update
    intercept: float
    slope: float
    observed_expected: float
    p_values: tuple[float, ...]
    terms: tuple[str, ...]


def weigh(
    policy: Retraining,
    outcome: Outcomes,
    risk: Risks,
    *,
    x: Floats,
    names: Sequence[str],
    weights: Sequence[float],
) -> Weighed:
    """Return the smallest update that is not significantly worse than a refit.

    The refit of the test has the heaviest features that vary, one for ten events and two at least,
    standardised, gaps at their median. Where O:E lies within the policy's bounds and the test asks
    for no more than an intercept, nothing is proposed: the policy fixed that in advance.

    Args:
        policy: with the bounds of O:E.
        outcome: shape (n,), 0 or 1, matured.
        risk: shape (n,), as it was given then.
        x: shape (n, k), the features of the same rows, NaN where missing.
        names: of the features.
        weights: of the features in the model's contributions.

    Raises:
        BadInput: fewer than two features vary.
    """
    events = int(outcome.sum())
    terms, columns = _columns(x, names, weights, most=max(2, events // EVENTS_A_TERM))
    tested = closed_test(outcome, risk, columns)
    oe = events / float(risk.sum())
    low, high = policy.oe_outside
    update = tested.update
    if low <= oe <= high and update == "intercept":
        update = "none"
    intercept, slope = _line(update, outcome.astype(np.float64), logit(risk, floor=1e-6))
    return Weighed(update, intercept, slope, oe, tested.p_values, terms)


def _columns(
    x: Floats, names: Sequence[str], weights: Sequence[float], *, most: int
) -> tuple[tuple[str, ...], Floats]:
    """Return the heaviest features that vary and add something, as columns of the refit."""
    order = sorted(range(len(names)), key=lambda at: (-weights[at], names[at]))
    kept: list[int] = []
    columns: list[Floats] = []
    for at in order:
        column = _standardised(x[:, at])
        if column is not None and _adds(columns, column):
            kept.append(at)
            columns.append(column)
        if len(kept) == most:
            break
    if len(kept) < 2:
        raise BadInput(
            "fewer than two features vary among the matured rows",
            code="change.columns",
            hint="Wait for more outcomes.",
        )
    return tuple(names[at] for at in kept), np.column_stack(columns)


def _standardised(column: Floats) -> Floats | None:
    """Return a column with its gaps filled, mean 0 and deviation 1; None when it is constant."""
    known = column[~np.isnan(column)]
    if not len(known):
        return None
    filled = np.where(np.isnan(column), np.median(known), column)
    deviation = float(filled.std())
    return None if deviation < 1e-9 else (filled - filled.mean()) / deviation


def _adds(columns: list[Floats], column: Floats) -> bool:
    """Return whether a column is more than a mixture of those before it and a constant."""
    before = np.column_stack([np.ones(len(column)), *columns])
    left = column - before @ np.linalg.lstsq(before, column, rcond=None)[0]
    return bool(float(left @ left) > 1e-6 * len(column))


def _line(update: Update, outcome: Floats, linear: Floats) -> tuple[float, float]:
    """Return intercept and slope of an update on the log-odds; 0 and 1 where there is no line."""
    ones = np.ones((len(outcome), 1))
    if update == "intercept":
        return float(fit(ones, outcome, offset=linear).coefficients[0]), 1.0
    if update == "slope_and_intercept":
        found = fit(np.column_stack([ones, linear]), outcome).coefficients
        return float(found[0]), float(found[1])
    return 0.0, 1.0
