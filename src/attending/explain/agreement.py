"""How far two sets of contributions agree: top factors, their direction, the order of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from attending.models.protocol import Matrix
    from attending.types import Floats, Mask


class Agreed(NamedTuple):
    """Agreement by row; each array has shape (n,).

    Attributes:
        jaccard: overlap of the top factors.
        sign: share of their weight that pushes the same way, so that a factor near zero, which
            says nothing, counts for nothing.
        rank: rank correlation of the sizes of all contributions.
    """

    jaccard: Floats
    sign: Floats
    rank: Floats


def agreed(one: Matrix, other: Matrix, *, top: int) -> Agreed:
    """Return how far the contributions of each row agree with those of its counterpart.

    Args:
        one: shape (n, p), without the base.
        other: the same for the counterparts.
        top: how many factors are compared.

    >>> same = agreed(np.array([[3.0, 1.0, 0.5]]), np.array([[2.0, -1.5, 0.1]]), top=2)
    >>> same.jaccard.tolist(), same.sign.tolist(), same.rank.round(2).tolist()
    ([1.0], [0.75], [1.0])
    """
    first, second = leaders(one, top=top), leaders(other, top=top)
    sign = same_way(one, other, named=first)
    return Agreed(overlap(first, second), sign, _rank(one, other))


def same_way(one: Matrix, other: Matrix, *, named: Mask) -> Floats:
    """Return by row the share of the named factors' weight that pushes the same way in both.

    Args:
        one: shape (n, p), without the base.
        other: the same for the counterparts.
        named: the factors of `one` that count, of the same shape.
    """
    size = np.where(named, np.abs(one), 0.0)
    kept, whole = (size * (np.sign(one) == np.sign(other))).sum(axis=1), size.sum(axis=1)
    return np.where(whole > 0, kept / np.where(whole > 0, whole, 1.0), 1.0)


def leaders(shares: Matrix, *, top: int) -> Mask:
    """Return a mark for the largest shares of each row; ties go to the earlier feature."""
    order = np.argsort(-np.abs(shares), axis=1, kind="stable")[:, :top]
    marks = np.zeros(shares.shape, dtype=np.bool_)
    np.put_along_axis(marks, order, values=True, axis=1)
    found: Mask = marks & (shares != 0.0)
    return found


def overlap(one: Mask, other: Mask) -> Floats:
    """Return the Jaccard index of the marks of each row, 1 where neither has any."""
    both = (one & other).sum(axis=1)
    either = (one | other).sum(axis=1)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def _rank(one: Matrix, other: Matrix) -> Floats:
    """Return the rank correlation of the sizes of each row's contributions; 1 of one feature."""
    if one.shape[1] == 1:
        return np.ones(len(one))
    a, b = _ranks(one), _ranks(other)
    middle = (one.shape[1] - 1) / 2.0
    spread = ((np.arange(one.shape[1]) - middle) ** 2).sum()
    found: Floats = ((a - middle) * (b - middle)).sum(axis=1) / spread
    return found


def _ranks(shares: Matrix) -> Matrix:
    order = np.argsort(-np.abs(shares), axis=1, kind="stable")
    return np.argsort(order, axis=1, kind="stable").astype(np.float64)
