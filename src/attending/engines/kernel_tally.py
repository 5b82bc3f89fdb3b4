"""The compiled loops of counted rules."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

NULL, RANGE, WORD, COUNT, BEFORE, AFTER, LISTED = range(7)
#: What a cell is worth to a rule: kept, broken, or not looked at.
KEPT, BROKEN, SKIPPED = range(3)
_NONE = np.iinfo(np.int64).min


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def count_rules(
    groups: Any, texts: Any, numbers: Any, absent: Any, instants: Any, nulls: Any,  # noqa: ANN401
    starts: Any, places: Any, whole: Any, bounds: Any, words: Any, word_starts: Any,  # noqa: ANN401
    meant: Any, meant_starts: Any, values: Any, value_starts: Any, rows: Any, broken: Any,  # noqa: ANN401
) -> None:  # fmt: skip
    """Add every row to the rules of its group; lists of lists are joined, with their starts."""
    for i in range(len(groups)):
        group = groups[i]
        for j in range(starts[group], starts[group + 1]):
            t = places[j]
            where = whole[t, 4]
            if where >= 0 and meant[meant_starts[t] + texts[where, i]] == 0:
                continue
            kind, slot, other = whole[t, 0], whole[t, 1], whole[t, 2]
            answer: Any = KEPT
            if kind == NULL:
                answer = np.int64(nulls[slot, i])
            elif kind == RANGE:
                answer = _ranged(numbers[slot, i], absent[slot, i], bounds[t, 0], bounds[t, 1])
            elif kind == WORD:
                answer = np.int64(words[word_starts[t] + texts[slot, i]])
                if other >= 0 and absent[other, i]:
                    answer = SKIPPED
            elif kind == BEFORE:
                answer = _before(instants[slot, i], instants[other, i])
            elif kind == AFTER:
                answer = np.int64(instants[slot, i] > whole[t, 3])
            elif kind == LISTED:
                listed = values[value_starts[t] : value_starts[t + 1]]
                answer = _listed(numbers[slot, i], absent[slot, i], other, listed)
            if answer != SKIPPED:
                rows[t] += 1
                broken[t] += answer


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]  # numba has no types
def _ranged(value: Any, absent: Any, low: Any, high: Any) -> int:  # noqa: ANN401 - numba numbers
    if absent:
        return SKIPPED
    return KEPT if low <= value <= high else BROKEN


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]  # numba has no types
def _before(one: Any, other: Any) -> int:  # noqa: ANN401 - numba numbers
    if other == _NONE:
        return SKIPPED
    return BROKEN if one != _NONE and one < other else KEPT


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]  # numba has no types
def _listed(value: Any, absent: Any, absent_breaks: Any, listed: Any) -> int:  # noqa: ANN401
    if absent:
        return BROKEN if absent_breaks == 1 else KEPT
    for one in listed:
        if value == one:
            return BROKEN
    return KEPT


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def count_distinct(hashes: Any, table: Any, taken: Any) -> int:  # noqa: ANN401 - numba arrays
    """Return how many different numbers there are; `table` has room for twice as many."""
    most = np.uint64(len(table) - 1)
    found = 0
    for i in range(len(hashes)):
        place = (hashes[i] ^ (hashes[i] >> np.uint64(29))) & most
        while taken[place] and table[place] != hashes[i]:
            place = (place + np.uint64(1)) & most
        if not taken[place]:
            taken[place] = 1
            table[place] = hashes[i]
            found += 1
    return found
