"""Fit an additive logistic model: one curve a feature, its smoothness learnt from the same rows.

A straight line costs a curve nothing but the small ridge; what bends is held back by a weight of
its own, which is moved until the evidence for bending and the weight agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.models.bounded import Bounded, minimise, one_step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.models.bspline import Knots
    from attending.models.protocol import Matrix
    from attending.types import Floats, Mask

#: How often the smoothing weights are moved; curves then change by less than a hundredth.
ROUNDS = 20
#: At the first a curve is a line.
_SMOOTHEST, _ROUGHEST = 1e4, 1e-6
_MOST_AT_ONCE = 20.0
#: A line over a uniform feature has a variance of a twelfth of its rise, squared.
_UNIFORM = 12.0


@dataclass(frozen=True)
class Block:
    """The columns of one curve: where they stand, what bends them, what shrinks them.

    Attributes:
        at: their place in the design.
        bend: shape (steps, steps), 0 for a straight line.
        ridge: shape (steps, steps), the same pull on a line as on a standardised column.
    """

    at: slice
    bend: Matrix
    ridge: Matrix


def block_of(knots: Knots, *, begin: int, l2: float) -> Block:
    """Return what holds the curve on these knots back.

    >>> from attending.models.bspline import Knots
    >>> found = block_of(Knots((0.0, 1.0, 4.0), 1), begin=1, l2=12.0)
    >>> found.bend.tolist(), found.ridge.diagonal().round(9).tolist()
    ([[16.0, -5.333333333333333], [-5.333333333333333, 1.7777777777777777]], [8.0, 0.888888889])
    """
    gaps = knots.gaps
    slopes = np.diag(1.0 / gaps)
    bends = np.diff(slopes, axis=0)
    ridge = l2 / _UNIFORM * slopes @ slopes / len(gaps)
    return Block(slice(begin, begin + len(gaps)), bends.T @ bends, ridge)


@dataclass(frozen=True)
class Fit:
    """Coefficients of all columns, and the smoothing weight of each block."""

    coefficients: Floats
    weights: tuple[float, ...]


def fit_smooth(
    asked: Bounded, blocks: Sequence[Block], *, weights: Sequence[float] | None = None
) -> Fit:
    """Return coefficients under the smoothing weights that the rows themselves ask for.

    Args:
        asked: design, outcomes and bounds; its penalty is that of the columns outside the blocks.
        blocks: the curves.
        weights: one a block, which are then kept as they are.

    References:
        Wood & Fasiolo, Biometrics 2017;73:1071 (the generalised Fellner-Schall update).
    """
    if weights is not None:
        return Fit(minimise(_under(asked, blocks, weights)), tuple(weights))
    moving = [1.0] * len(blocks)
    found = minimise(_under(asked, blocks, moving))
    for _ in range(ROUNDS):
        # Weights and coefficients move together: one step of each is enough a round.
        under = _under(asked, blocks, moving)
        found = one_step(under, found)
        moving = _moved(under, found, blocks=blocks, weights=moving)
    # Two digits are kept and fitted with, so that the last bits of the search leave no trace.
    kept = [float(f"{weight:.2g}") for weight in moving]
    return Fit(minimise(_under(asked, blocks, kept), start=found), tuple(kept))


def _under(asked: Bounded, blocks: Sequence[Block], weights: Sequence[float]) -> Bounded:
    penalty = asked.penalty.copy()
    for block, weight in zip(blocks, weights, strict=True):
        penalty[block.at, block.at] += weight * block.bend + block.ridge
    return Bounded(asked.design, asked.target, asked.weights, penalty, asked.linear, asked.held)


def _moved(
    asked: Bounded, found: Floats, *, blocks: Sequence[Block], weights: Sequence[float]
) -> list[float]:
    """Return each weight times what its curve is free to do, over what it does."""
    free = asked.free(found, asked.gradient(found))
    covariance = np.zeros((len(found), len(found)))
    covariance[np.ix_(free, free)] = np.linalg.inv(asked.hessian(found, free))
    moved = []
    for block, weight in zip(blocks, weights, strict=True):
        room = _room(block, weight, free=free[block.at])
        used = float((covariance[block.at, block.at] * block.bend).sum())
        bent = float(found[block.at] @ block.bend @ found[block.at])
        factor = max(room - used, 1e-10) / max(bent, 1e-10)
        factor = min(max(factor, 1.0 / _MOST_AT_ONCE), _MOST_AT_ONCE)
        moved.append(min(max(weight * factor, _ROUGHEST), _SMOOTHEST))
    return moved


def _room(block: Block, weight: float, *, free: Mask) -> float:
    """Return the trace of the inverse penalty with the bend, over the free coefficients."""
    bend = block.bend[np.ix_(free, free)]
    penalty = weight * bend + block.ridge[np.ix_(free, free)]
    return float(np.trace(np.linalg.solve(penalty, bend))) if free.any() else 0.0
