"""The compiled loop that sorts within groups: short runs stay in the processor's cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from attending.types import Ints


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def sort_within(order: Ints, group: Ints, key: Ints) -> None:
    """Sort an order by groups also by a key, in place; the order given settles ties."""
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or group[order[end]] != group[order[start]]:
            run = order[start:end].copy()
            order[start:end] = run[np.argsort(key[run], kind="mergesort")]
            start = end
