"""Penalised logistic regression whose coefficients may be held at or above zero.

Monotone curves and the absolute-value penalty are both a matter of signs: a rising curve has steps
of zero or more, and |b| is the sum of the two halves of b, neither below zero. Newton's method on
the coefficients that are free ends at the optimum to machine precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.models.newton import rounded
from attending.models.protocol import Matrix, expit

if TYPE_CHECKING:
    from attending.types import Floats, Mask

MAX_STEPS = 300
_TINY_RIDGE = 1e-10
_ARMIJO = 1e-4


@dataclass(frozen=True)
class Bounded:
    """What is minimised: -log-likelihood + w'Sw / 2 + c'w, some of w at or above zero.

    Attributes:
        design: shape (n, k), no missing value.
        target: shape (n,), each from 0 to 1.
        weights: shape (n,), what each row counts.
        penalty: shape (k, k), S.
        linear: shape (k,), c.
        held: shape (k,), which coefficients may not fall below zero.
    """

    design: Matrix
    target: Floats
    weights: Floats
    penalty: Matrix
    linear: Floats
    held: Mask

    def loss(self, w: Floats) -> float:
        """Return what is minimised."""
        margin = self.design @ w
        likelihood = self.weights * (np.logaddexp(0.0, margin) - self.target * margin)
        return float(likelihood.sum() + 0.5 * w @ self.penalty @ w + self.linear @ w)

    def gradient(self, w: Floats) -> Floats:
        """Return its slope, shape (k,)."""
        risk = expit(self.design @ w)
        pull = self.design.T @ (self.weights * (risk - self.target))
        return np.asarray(pull + self.penalty @ w + self.linear)

    def hessian(self, w: Floats, free: Mask) -> Matrix:
        """Return its curvature over the free coefficients."""
        risk = expit(self.design @ w)
        spread = self.weights * risk * (1.0 - risk)
        # One matrix with itself: half the work of two different ones.
        columns = self.design[:, free] * np.sqrt(spread)[:, None]
        ridge = np.diag(np.full(int(free.sum()), _TINY_RIDGE))
        return np.asarray(columns.T @ columns + self.penalty[np.ix_(free, free)] + ridge)

    def free(self, w: Floats, gradient: Floats) -> Mask:
        """Return which coefficients may move: all but those at zero that would go below."""
        return ~(self.held & (w <= 0.0) & (gradient > 0.0))


def minimise(asked: Bounded, *, start: Floats | None = None) -> Floats:
    """Return the coefficients at the optimum, not rounded.

    Raises:
        BadInput: no optimum was found, as when an unpenalised column separates the outcome.

    References:
        Bertsekas, SIAM J Control Optim 1982;20:221 (projected Newton).

    >>> x = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    >>> falls = np.array([1.0, 1.0, 0.0, 1.0])
    >>> held = np.array([False, True])
    >>> asked = Bounded(x, falls, np.ones(4), np.zeros((2, 2)), np.zeros(2), held)
    >>> rounded(minimise(asked)).tolist()
    [1.09861229, 0.0]
    """
    w = np.zeros(asked.design.shape[1]) if start is None else start
    loss = asked.loss(w)
    for _ in range(MAX_STEPS):
        moved, new_loss = _step(asked, w, loss=loss)
        size = float(np.abs(moved - w).max())
        settled = size < 1e-10 or abs(loss - new_loss) < 1e-13 * (1.0 + abs(loss))
        w, loss = moved, new_loss
        if settled:
            return w
    raise BadInput(
        f"logistic regression found no optimum in {MAX_STEPS} steps",
        code="model.no_optimum",
        hint="Give l2 a value above 0, or remove features that separate the outcome.",
    )


def one_step(asked: Bounded, start: Floats) -> Floats:
    """Return the coefficients one step of Newton nearer to the optimum."""
    return _step(asked, start, loss=asked.loss(start))[0]


def _step(asked: Bounded, w: Floats, *, loss: float) -> tuple[Floats, float]:
    gradient = asked.gradient(w)
    free = asked.free(w, gradient)
    step = np.zeros(len(w))
    step[free] = np.linalg.solve(asked.hessian(w, free), gradient[free])
    return _search(asked, w, step=step, gradient=gradient, loss=loss)


def _search(
    asked: Bounded, w: Floats, *, step: Floats, gradient: Floats, loss: float
) -> tuple[Floats, float]:
    """Return the coefficients after the longest halving of the step that lowers the loss enough."""
    scale = 1.0
    while scale > 1e-10:
        moved = w - scale * step
        moved = np.where(asked.held, np.maximum(moved, 0.0), moved)
        new_loss = asked.loss(moved)
        if new_loss <= loss - _ARMIJO * float(gradient @ (w - moved)):
            return moved, new_loss
        scale /= 2.0
    return w, loss


def elastic_net(
    design: Matrix, target: Floats, *, l1: Floats, l2: Floats, weights: Floats
) -> Floats:
    """Return coefficients under l1 |b| + l2 b^2 / 2, column by column, rounded as they are stored.

    Args:
        design: shape (n, k), no missing value.
        target: shape (n,), each from 0 to 1.
        l1: shape (k,); a column with 0 is not drawn to zero.
        l2: shape (k,).
        weights: shape (n,), what each row counts.

    References:
        Zou & Hastie, J R Stat Soc B 2005;67:301.

    >>> x = np.column_stack([np.ones(6), [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]])
    >>> y = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 0.0])
    >>> strong = np.array([0.0, 9.0])
    >>> elastic_net(x, y, l1=strong, l2=np.zeros(2), weights=np.ones(6)).tolist()
    [-0.693147181, 0.0]
    """
    drawn = l1 > 0.0
    both = np.hstack([design, -design[:, drawn]])
    # Both halves carry the ridge of their difference, so that the sum is that of b.
    halves = np.hstack([np.eye(len(l1)), -np.eye(len(l1))[:, drawn]])
    penalty = halves.T @ np.diag(l2) @ halves
    linear = np.concatenate([l1, l1[drawn]])
    held = np.concatenate([drawn, np.ones(int(drawn.sum()), dtype=bool)])
    found = minimise(Bounded(both, target, weights, penalty, linear, held))
    return rounded(np.asarray(halves @ found))
