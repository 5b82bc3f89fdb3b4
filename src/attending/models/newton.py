"""Penalised logistic regression by Newton's method: few steps, the same answer on every machine.

Newton's method ends at the optimum to machine precision, so that coefficients rounded to nine
digits are the same bytes wherever they are fitted; a gradient method stops where its tolerance
lets it, and that differs between machines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.models.products import column_sums, is_one_block, row_sums, weighted_squares
from attending.models.protocol import Matrix, expit

if TYPE_CHECKING:
    from attending.types import Floats

MAX_STEPS = 100
_DIGITS = 9


@dataclass(frozen=True)
class _Asked:
    """What is fitted to what, under which penalty, and what each row counts."""

    design: Matrix
    target: Floats
    penalty: Floats
    counts: Floats


def fit_logistic(
    design: Matrix, target: Floats, *, penalty: Floats, counts: Floats | None = None
) -> Floats:
    """Return the coefficients that maximise the penalised log-likelihood.

    Args:
        design: shape (n, k), no missing value; a column of ones is the intercept.
        target: shape (n,), each from 0 to 1.
        penalty: shape (k,), the weight of half the squared coefficient; 0 leaves it free.
        counts: shape (n,), what each row counts; 1 when absent.

    Raises:
        BadInput: no optimum was found, as when an unpenalised column separates the outcome.

    >>> ones = np.ones((4, 1))
    >>> fit_logistic(ones, np.array([1.0, 0.0, 0.0, 0.0]), penalty=np.zeros(1)).tolist()
    [-1.09861229]
    """
    asked = _Asked(design, target, penalty, np.ones(len(target)) if counts is None else counts)
    weights = np.zeros(design.shape[1])
    loss = _loss(asked, weights)
    for _ in range(MAX_STEPS):
        step = _newton_step(asked, weights)
        weights, new_loss, size = _shorten(asked, weights, step=step)
        settled = size < 1e-11 or abs(loss - new_loss) < 1e-13 * (1.0 + abs(loss))
        loss = new_loss
        if settled:
            return rounded(_to_the_end(asked, weights))
    raise BadInput(
        f"logistic regression found no optimum in {MAX_STEPS} steps",
        code="model.no_optimum",
        hint="Give l2 a value above 0, or remove features that separate the outcome.",
    )


def _to_the_end(asked: _Asked, weights: Floats) -> Floats:
    """Return the weights at the optimum itself: the loss is flat before the ninth digit stands.

    Only the last step's bits may depend on a solver's threads or on the processor, and they are
    beyond what is rounded. A table of one block keeps the bits of release 0.1.0.
    """
    if is_one_block(asked.design):
        return weights
    return weights - _newton_step(asked, weights)


def rounded(values: Floats) -> Floats:
    """Return numbers to nine significant digits, as they are stored.

    >>> rounded(np.array([1 / 3])).tolist()
    [0.333333333]
    """
    return np.array([float(f"{value:.{_DIGITS}g}") + 0.0 for value in values.tolist()])


def _loss(asked: _Asked, weights: Floats) -> float:
    margin = row_sums(asked.design, weights)
    likelihood = asked.counts * (np.logaddexp(0.0, margin) - asked.target * margin)
    return float(likelihood.sum() + 0.5 * (asked.penalty * weights**2).sum())


def _newton_step(asked: _Asked, weights: Floats) -> Floats:
    design, penalty = asked.design, asked.penalty
    risk = expit(row_sums(design, weights))
    gradient = column_sums(design, asked.counts * (risk - asked.target)) + penalty * weights
    spread = asked.counts * risk * (1.0 - risk)
    # The small ridge keeps constant columns, which carry nothing, from making this singular.
    hessian = weighted_squares(design, spread) + np.diag(penalty + 1e-10)
    return np.asarray(np.linalg.solve(hessian, gradient))


def _shorten(asked: _Asked, weights: Floats, *, step: Floats) -> tuple[Floats, float, float]:
    """Return the weights after the longest halving of the step that does not raise the loss."""
    before = _loss(asked, weights)
    scale = 1.0
    while scale > 1e-8:
        moved = weights - scale * step
        loss = _loss(asked, moved)
        if loss <= before:
            return moved, loss, float(np.abs(scale * step).max())
        scale /= 2.0
    return weights, before, 0.0
