"""The compiled count of cell states: how often each column has each of the 256."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def count_states(state: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return counts, shape (columns, 256), of states, shape (n, columns)."""
    found = np.zeros((state.shape[1], 256), np.int64)
    for row in range(state.shape[0]):
        for column in range(state.shape[1]):
            found[column, state[row, column]] += 1
    return found
