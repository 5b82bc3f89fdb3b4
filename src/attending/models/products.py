"""Products of a table and weights whose bits do not depend on how many threads there are.

A linear algebra library splits a large product over its threads, and sums in another order when
there are more of them. Here rows are taken in blocks so small that no library splits them, and the
blocks are summed in their order. A table that is one block gives what the library gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from attending.models.protocol import Matrix
    from attending.types import Floats

#: Multiplications in one block of a table with a table, and of a table with a vector; OpenBLAS
#: takes a second thread from 262,144 and from 9,216 on.
_BLOCK = 200_000
_VECTOR_BLOCK = 9_000
#: Columns from which on squares are made tile by tile, a tile's columns, and the rows of its block.
_WIDE, _TILE, _TILE_ROWS = 100, 44, 100


def is_one_block(table: Matrix) -> bool:
    """Return whether a table is so small that no product of it is split.

    >>> is_one_block(np.ones((90, 11))), is_one_block(np.ones((9000, 11)))
    (True, False)
    """
    return table.size <= _VECTOR_BLOCK


def row_sums(table: Matrix, weights: Floats) -> Floats:
    """Return for each row its sum of values times weights, shape (n,).

    >>> row_sums(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0])).tolist()
    [21.0, 43.0]
    """
    rows = max(1, _VECTOR_BLOCK // max(table.shape[1], 1))
    found = np.empty(len(table))
    for start in range(0, len(table), rows):
        found[start : start + rows] = table[start : start + rows] @ weights
    return found


def column_sums(table: Matrix, values: Floats) -> Floats:
    """Return for each column its sum of values, one a row, shape (k,).

    >>> column_sums(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0])).tolist()
    [31.0, 42.0]
    """
    rows = max(1, _VECTOR_BLOCK // max(table.shape[1], 1))
    total = np.zeros(table.shape[1])
    for start in range(0, len(table), rows):
        total += table[start : start + rows].T @ values[start : start + rows]
    return total


def weighted_squares(table: Matrix, values: Floats) -> Matrix:
    """Return the sums over rows of the products of two columns and a value, shape (k, k).

    >>> weighted_squares(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0])).tolist()
    [[91.0, 122.0], [122.0, 164.0]]
    """
    n, k = table.shape
    if k > _WIDE:
        return _tiled_squares(table, values)
    rows = max(1, _BLOCK // max(k * k, 1))
    total = np.zeros((k, k))
    for start in range(0, n, rows):
        part = table[start : start + rows]
        total += (part * values[start : start + rows, None]).T @ part
    return total


def _tiled_squares(table: Matrix, values: Floats) -> Matrix:
    """Return the same of a wide table, of which a block of all columns would hold few rows or one.

    A tile of the result takes more rows at once within the same bound, and stays near the
    processor; those below the diagonal are those above it.
    """
    n, k = table.shape
    total = np.zeros((k, k))
    tiles = [slice(at, at + _TILE) for at in range(0, k, _TILE)]
    for start in range(0, n, _TILE_ROWS):
        part = table[start : start + _TILE_ROWS]
        weighted = part * values[start : start + _TILE_ROWS, None]
        for nth, left in enumerate(tiles):
            for right in tiles[nth:]:
                total[left, right] += weighted[:, left].T @ part[:, right]
    upper = np.triu(total)
    return np.asarray(upper + np.triu(total, 1).T)
