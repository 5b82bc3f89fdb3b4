"""Exact shares of a risk over the features of decision trees (path-dependent TreeSHAP)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attending.models.protocol import Matrix
    from attending.types import Floats, Ints, Mask


@dataclass(frozen=True)
class Leaf:
    """A leaf and the way to it, each feature of the way once.

    Attributes:
        value: what the leaf adds to the log-odds.
        features: shape (d,), the columns that are asked on the way.
        shares: shape (d,), for each the share of training weight that goes on where it is asked.
        steps: for each feature, the places in the list of splits, and whether the way is left.
    """

    value: float
    features: Ints
    shares: Floats
    steps: tuple[tuple[tuple[int, bool], ...], ...]

    @classmethod
    def at_end(
        cls, value: float, way: Sequence[tuple[int, bool]], *, feature: Ints, weight: Matrix
    ) -> Leaf:
        """Return the leaf at the end of a way.

        Args:
            value: what it adds to the log-odds.
            way: the splits from the root, and whether the way is left.
            feature: shape (s,), which column each split asks.
            weight: shape (2, s), the share of training weight that goes left and right.
        """
        asked: dict[int, list[tuple[int, bool]]] = {}
        for split, left in way:
            asked.setdefault(int(feature[split]), []).append((split, left))
        shares = [np.prod([weight[0 if left else 1, k] for k, left in of]) for of in asked.values()]
        return cls(
            value,
            features=np.array(list(asked), dtype=np.int64),
            shares=np.array(shares, dtype=np.float64),
            steps=tuple(tuple(of) for of in asked.values()),
        )


def ways(left: Ints, right: Ints) -> Iterator[tuple[int, tuple[tuple[int, bool], ...]]]:
    """Yield each leaf and the way to it; a child below 0 is the leaf of that number, inverted.

    >>> list(ways(np.array([-1]), np.array([-2])))
    [(0, ((0, True),)), (1, ((0, False),))]
    """
    waiting: list[tuple[int, tuple[tuple[int, bool], ...]]] = [(0, ())]
    while waiting:
        node, way = waiting.pop()
        if node < 0:
            yield ~node, way
        else:
            waiting.append((int(right[node]), (*way, (node, False))))
            waiting.append((int(left[node]), (*way, (node, True))))


def by_answers(leaf: Leaf) -> Matrix:
    """Return what a leaf gives to each feature, shape (2**d, d), by the pattern of the answers.

    Bit k of the pattern is set where the patient goes on where feature k is asked.
    """
    depth = len(leaf.features)
    if not depth:
        return np.zeros((1, 0))
    answers = ((np.arange(1 << depth)[:, None] >> np.arange(depth)) & 1).astype(np.float64)
    return _given(leaf, answers)


def _given(leaf: Leaf, answers: Matrix) -> Matrix:
    found: Matrix = leaf.value * (answers - leaf.shares) * _others(answers, leaf.shares)
    return found


def add_shares(leaf: Leaf, went_left: Sequence[Mask], into: Matrix) -> None:
    """Add what a leaf gives to each feature, and to the base in the last column.

    With o and z the answer of the patient and the share of training weight, the Shapley value of
    feature i is v (o_i - z_i) times the integral over t from 0 to 1 of the product of
    z_j (1 - t) + o_j t over all j but i; Gauss's rule is exact for it.

    Args:
        leaf: the leaf.
        went_left: for each split of the tree, shape (n,), whether a row goes left.
        into: shape (n, p + 1); changed in place.

    References:
        Lundberg et al., Nat Mach Intell 2020;2:56.
    """
    into[:, -1] += leaf.value * float(np.prod(leaf.shares))
    depth = len(leaf.features)
    if not depth:
        return
    code = np.zeros(len(into), np.int64)
    for place, steps in enumerate(leaf.steps):
        goes = np.ones(len(into), np.bool_)
        for split, left in steps:
            goes &= went_left[split] if left else ~went_left[split]
        code |= goes.astype(np.int64) << place
    met, of_row = np.unique(code, return_inverse=True)
    answers = ((met[:, None] >> np.arange(depth)) & 1).astype(np.float64)
    into[:, leaf.features] += _given(leaf, answers)[of_row]


def _others(answers: Matrix, shares: Floats) -> Matrix:
    """Return for each feature the integral of the product over all the others."""
    points, weights = np.polynomial.legendre.leggauss((answers.shape[1] + 1) // 2)
    t = (points + 1.0) / 2.0
    terms = shares[None, :, None] * (1.0 - t) + answers[:, :, None] * t
    one = np.ones_like(terms[:, :1])
    before = np.concatenate([one, np.cumprod(terms, axis=1)[:, :-1]], axis=1)
    after = np.concatenate([one, np.cumprod(terms[:, ::-1], axis=1)[:, :-1]], axis=1)[:, ::-1]
    found: Matrix = (before * after) @ (weights / 2.0)
    return found
