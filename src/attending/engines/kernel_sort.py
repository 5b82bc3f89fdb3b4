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


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def unsorted_at(subject: Ints, time: Ints, known: Ints) -> int:
    """Return the first row that is not in canonical order, or -1."""
    for i in range(1, len(subject)):
        if subject[i] != subject[i - 1]:
            if subject[i] < subject[i - 1]:
                return i
        elif time[i] < time[i - 1] or (time[i] == time[i - 1] and known[i] < known[i - 1]):
            return i
    return -1
