"""Each feature's share of a risk for a model that cannot be looked into, by seeded permutations.

Features go from the training median to the patient's value one after another, in many orders; the
mean change at a feature's turn is its share. The shares always sum to the whole exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.models.protocol import Matrix
    from attending.types import Floats, Ints

#: Orders tried, each forwards and backwards.
ORDERS = 16
SEED = 20261128


def sampled_shares(
    margin: Callable[[Matrix], Floats], x: Matrix, *, base: Floats, orders: int = ORDERS
) -> Matrix:
    """Return each feature's share of the log-odds, shape (n, p + 1); last that of the base.

    The orders depend on nothing but the number of features, so that the same patient has the same
    shares in any batch.

    Args:
        margin: gives the log-odds of rows.
        x: shape (n, p).
        base: shape (p,), where every feature starts.
        orders: how many are tried.

    References:
        Castro, Gomez & Tejada, Comput Oper Res 2009;36:1726; Mitchell et al., JMLR 2022;23:43
        (each order with its reverse).

    >>> rows = np.array([[1.0, 2.0]])
    >>> sampled_shares(lambda at: at.sum(axis=1), rows, base=np.zeros(2)).tolist()
    [[1.0, 2.0, 0.0]]
    """
    start = float(margin(base[None, :])[0])
    drawn = np.random.default_rng(SEED)
    tried = [drawn.permutation(x.shape[1]) for _ in range(orders)]
    both = [order for one in tried for order in (one, one[::-1])]
    return np.vstack(
        [np.append(_of_row(margin, row, base=base, orders=both), start) for row in x]
        or [np.empty((0, x.shape[1] + 1))]
    )


def _of_row(
    margin: Callable[[Matrix], Floats], row: Floats, *, base: Floats, orders: list[Ints]
) -> Floats:
    total = np.zeros(len(row))
    # A feature that stands at its base has no share, and is not tried.
    differs = ~((row == base) | (np.isnan(row) & np.isnan(base)))
    for order in orders:
        turns = [int(at) for at in order if differs[at]]
        path = np.repeat(base[None, :], len(turns) + 1, axis=0)
        for step, at in enumerate(turns):
            path[step + 1 :, at] = row[at]
        total[turns] += np.diff(margin(path))
    return total / len(orders)
