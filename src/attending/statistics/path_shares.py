"""Exact shares of trees from tables made beforehand (path-dependent TreeSHAP), compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Floats, Mask

#: As `models.tree_paths` writes them.
_AS_ZERO, _ASIDE_WITH_ZERO = 0, 2
_NEARLY_ZERO = 1e-35
#: Ways through one tree whose shares are remembered.
_WAYS = 16


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def _goes_left(value: float, bound: float, kind: int, aside_left: bool) -> bool:  # noqa: FBT001 - a cell
    """Return which way a value goes at one split."""
    if kind == _AS_ZERO and np.isnan(value):
        value = 0.0
    if np.isnan(value) or (kind == _ASIDE_WITH_ZERO and abs(value) <= _NEARLY_ZERO):
        return aside_left
    return value <= bound


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def _at_least(bound: Floats, low: int, high: int, value: float) -> int:
    """Return the first place from low to high whose bound is the value or more."""
    while low < high:
        middle = (low + high) >> 1
        if bound[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def _went(
    x: Floats,
    splits: NDArray[np.int32],
    asks: NDArray[np.int32],
    feature: NDArray[np.int32],
    bound: Floats,
    missing: NDArray[np.int8],
    aside_left: Mask,
    tree_of: NDArray[np.int32],
    bit: NDArray[np.uint64],
    whole: Mask,
) -> NDArray[np.uint64]:
    """Return for each row and tree the splits that go left, as bits; shape (n, trees).

    The first row meets every split, the others those whose bound lies between them and it.
    """
    went = np.zeros((len(x), len(splits) - 1), np.uint64)
    for at in range(len(bound)):
        if _goes_left(x[0, feature[at]], bound[at], missing[at], aside_left[at]):
            went[0, tree_of[at]] |= bit[at]
    for row in range(1, len(x)):
        went[row] = went[0]
        for column in range(len(asks) - 1):
            start, end = asks[column], asks[column + 1]
            one, other = x[0, column], x[row, column]
            if start == end or one == other or (np.isnan(one) and np.isnan(other)):
                continue
            if whole[column] or np.isnan(one) or np.isnan(other):
                for at in range(start, end):
                    kind, aside = missing[at], aside_left[at]
                    before = _goes_left(one, bound[at], kind, aside)
                    if before != _goes_left(other, bound[at], kind, aside):
                        went[row, tree_of[at]] ^= bit[at]
                continue
            low, high = min(one, other), max(one, other)
            at = _at_least(bound, start, end, low)
            while at < end and bound[at] < high:
                went[row, tree_of[at]] ^= bit[at]
                at += 1
    return went


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def path_shares(  # the arrays of `TreePaths`, one by one, as the compiler wants them
    x: Floats,
    splits: NDArray[np.int32],
    asks: NDArray[np.int32],
    feature: NDArray[np.int32],
    bound: Floats,
    missing: NDArray[np.int8],
    aside_left: Mask,
    tree_of: NDArray[np.int32],
    bit: NDArray[np.uint64],
    whole: Mask,
    leaves: NDArray[np.int32],
    columns: NDArray[np.int32],
    column: NDArray[np.int32],
    questions: NDArray[np.int32],
    asked: NDArray[np.uint64],
    wanted: NDArray[np.uint64],
    met: NDArray[np.int32],
    question: NDArray[np.int16],
    slot: NDArray[np.int16],
    table: NDArray[np.int32],
    numbers: Floats,
    base: float,
) -> Floats:
    """Return each feature's share of the log-odds, shape (n, p + 1); last the base.

    A row that goes through a tree as one before it did takes its shares: rows that are nearly
    alike, as of one patient measured again, cost little more than one.

    Args:
        x: shape (n, p), float64, NaN where missing.
        splits: as in `TreePaths`, and so are the others.
        asks: of each feature.
        feature: of each split.
        bound: of each split.
        missing: of each split.
        aside_left: of each split.
        tree_of: of each split.
        bit: of each split.
        whole: of each feature.
        leaves: of each tree.
        columns: of each tree.
        column: that a tree asks.
        questions: of each tree.
        asked: by which splits.
        wanted: which of them must go left.
        met: of each leaf.
        question: of each feature that is met.
        slot: of each feature that is met.
        table: of each leaf.
        numbers: of each pattern of answers.
        base: of the whole model.

    References:
        Lundberg et al., Nat Mach Intell 2020;2:56; tables as in Yang, arXiv:2109.09847.
    """
    n, p = x.shape
    out = np.zeros((n, p + 1))
    out[:, p] = base
    if not n:
        return out
    went = _went(x, splits, asks, feature, bound, missing, aside_left, tree_of, bit, whole)
    yes = np.zeros(len(asked), np.int64)
    place = np.zeros(len(table), np.int64)
    ways = np.zeros(_WAYS, np.uint64)
    kept = np.zeros((_WAYS, np.diff(columns).max() if len(columns) > 1 else 0))
    for tree in range(len(splits) - 1):
        start, end = columns[tree], columns[tree + 1]
        known = 0
        for row in range(n):
            left = went[row, tree]
            way = 0
            while way < known and ways[way] != left:
                way += 1
            if way == known:  # a way through this tree that no row before it went
                if known == _WAYS:
                    way -= 1
                else:
                    known += 1
                ways[way] = left
                kept[way, : end - start] = 0.0
                for k in range(questions[tree], questions[tree + 1]):
                    yes[k] = left & asked[k] == wanted[k]
                # All places first: memory is asked for many at once.
                for leaf in range(leaves[tree], leaves[tree + 1]):
                    pattern = 0
                    for k in range(met[leaf], met[leaf + 1]):
                        pattern |= yes[question[k] + questions[tree]] << (k - met[leaf])
                    place[leaf] = table[leaf] + pattern * (met[leaf + 1] - met[leaf])
                for leaf in range(leaves[tree], leaves[tree + 1]):
                    at = place[leaf] - met[leaf]
                    for k in range(met[leaf], met[leaf + 1]):
                        kept[way, slot[k]] += numbers[at + k]
            for k in range(start, end):
                out[row, column[k]] += kept[way, k - start]
    return out
