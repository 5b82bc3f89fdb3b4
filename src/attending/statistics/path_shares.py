"""Exact shares of trees from tables made beforehand (path-dependent TreeSHAP), compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.types import Floats, Ints, Mask

#: As `models.tree_paths` writes them.
_AS_ZERO, _ASIDE_WITH_ZERO = 0, 2
_NEARLY_ZERO = 1e-35


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def path_shares(  # the arrays of `TreePaths`, one by one, as the compiler wants them
    x: Floats,
    splits: Ints,
    leaves: Ints,
    feature: Ints,
    bound: Floats,
    missing: Ints,
    aside_left: Mask,
    met: Ints,
    column: Ints,
    asked: NDArray[np.uint64],
    wanted: NDArray[np.uint64],
    table: Ints,
    numbers: Floats,
    base: float,
) -> Floats:
    """Return each feature's share of the log-odds, shape (n, p + 1); last the base.

    A row that goes through a tree as the first row does takes its shares: rows that are nearly
    alike, as of one patient measured again, cost little more than one.

    Args:
        x: shape (n, p), float64, NaN where missing.
        splits: as in `TreePaths`, and so are the others.
        leaves: of each tree.
        feature: of each split.
        bound: of each split.
        missing: of each split.
        aside_left: of each split.
        met: of each leaf.
        column: of each feature that is met.
        asked: by which splits.
        wanted: which of them must go left.
        table: of each leaf.
        numbers: of each pattern of answers.
        base: of the whole model.

    References:
        Lundberg et al., Nat Mach Intell 2020;2:56; tables as in Yang, arXiv:2109.09847.
    """
    n, p = x.shape
    out = np.zeros((n, p + 1))
    first, own = np.zeros(p), np.zeros(p)
    out[:, p] = base
    for tree in range(len(splits) - 1):
        first_left = np.uint64(0)
        for row in range(n):
            left = np.uint64(0)
            for at in range(splits[tree], splits[tree + 1]):
                value = x[row, feature[at]]
                kind = missing[at]
                if kind == _AS_ZERO and np.isnan(value):
                    value = 0.0
                if np.isnan(value) or (kind == _ASIDE_WITH_ZERO and abs(value) <= _NEARLY_ZERO):
                    goes = aside_left[at]
                else:
                    goes = value <= bound[at]
                if goes:
                    left |= np.uint64(1) << np.uint64(at - splits[tree])
            if row and left == first_left:
                out[row, :p] += first
                continue
            into = own if row else first
            into[:] = 0.0
            for leaf in range(leaves[tree], leaves[tree + 1]):
                start, end = met[leaf], met[leaf + 1]
                pattern = 0
                for k in range(start, end):
                    if left & asked[k] == wanted[k]:
                        pattern |= 1 << (k - start)
                at = table[leaf] + pattern * (end - start)
                for k in range(start, end):
                    into[column[k]] += numbers[at + k - start]
            out[row, :p] += into
            if not row:
                first_left = left
    return out
