"""Count many rules over rows in one compiled pass: each row meets only the rules of its code.

A row is looked at once. Texts are places in a list of words, so a list or a pattern of words is
judged once a word and not once a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attending.engines import kernel_tally
from attending.engines.kernel_tally import (
    AFTER,
    BEFORE,
    BROKEN,
    COUNT,
    KEPT,
    LISTED,
    NULL,
    RANGE,
    SKIPPED,
    WORD,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attending.types import Floats, Ints

__all__ = [
    "AFTER", "BEFORE", "BROKEN", "COUNT", "KEPT", "LISTED", "NULL", "RANGE", "SKIPPED", "WORD",
    "Cells", "Tally", "distinct", "tally",
]  # fmt: skip


class Tally(NamedTuple):
    """One rule as the pass counts it.

    Attributes:
        kind: `NULL` counts nulls of a column, `RANGE` numbers outside `low` and `high`, `WORD`
            words that `words` calls broken, `COUNT` rows, `BEFORE` rows whose `slot` instant is
            earlier than the one in `other`, `AFTER` rows whose instant is later than `instant`,
            `LISTED` numbers that are one of `values`.
        slot: which mask, number, text or instant is meant.
        other: the second instant of `BEFORE`; the number that a row must have for `WORD`, or -1;
            1 for `LISTED` when having no number breaks it too.
        low: the least number that keeps the rule.
        high: the greatest.
        instant: microseconds since 1970.
        words: one of `KEPT`, `BROKEN` and `SKIPPED` for every word of the text.
        values: numbers that break the rule.
        where: the text whose words say which rows are meant by `meant`, or -1.
        meant: 1 for every word of that text whose rows are meant.
    """

    kind: int
    slot: int = 0
    other: int = -1
    low: float = -np.inf
    high: float = np.inf
    instant: int = 0
    words: NDArray[np.uint8] = np.empty(0, np.uint8)
    values: Floats = np.empty(0, np.float64)
    where: int = -1
    meant: NDArray[np.uint8] = np.empty(0, np.uint8)


class Cells(NamedTuple):
    """The cells of a piece of rows, one line a column.

    Attributes:
        groups: (rows,) which group of tests a row meets.
        texts: (texts, rows) places of words.
        numbers: (numbers, rows) numbers.
        absent: (numbers, rows) 1 where there is none.
        instants: (instants, rows) microseconds since 1970; the least int64 where there is none.
        nulls: (masks, rows) 1 where a cell is null.
    """

    groups: NDArray[np.int32]
    texts: NDArray[np.int32]
    numbers: Floats
    absent: NDArray[np.uint8]
    instants: Ints
    nulls: NDArray[np.uint8]


def tally(
    cells: Cells, tests: Sequence[Tally], groups: Sequence[Sequence[int]]
) -> tuple[Ints, Ints]:
    """Return how many rows each test looked at, and how many of them break it.

    Args:
        cells: the rows.
        tests: what is counted.
        groups: for every group of rows, the places of the tests that they meet.

    >>> nothing = np.empty((0, 3))
    >>> cells = Cells(np.zeros(3, np.int32), nothing.astype(np.int32), np.array([[1.0, 9.0, 0.0]]),
    ...               np.array([[0, 0, 1]], np.uint8), nothing.astype(np.int64),
    ...               nothing.astype(np.uint8))
    >>> rows, broken = tally(cells, [Tally(RANGE, high=5.0), Tally(COUNT)], [[0, 1]])
    >>> rows.tolist(), broken.tolist()
    ([2, 3], [1, 0])
    """
    rows = np.zeros(len(tests), np.int64)
    broken = np.zeros(len(tests), np.int64)
    sizes = [0, *(len(group) for group in groups)]
    starts = np.cumsum(sizes, dtype=np.int64)
    places = np.array([place for group in groups for place in group], np.int64)
    whole = np.array(
        [(t.kind, t.slot, t.other, t.instant, t.where) for t in tests], np.int64
    ).reshape(-1, 5)
    bounds = np.array([(t.low, t.high) for t in tests], np.float64).reshape(-1, 2)
    words, word_starts = _joined([t.words for t in tests], np.uint8)
    meant, meant_starts = _joined([t.meant for t in tests], np.uint8)
    values, value_starts = _joined([t.values for t in tests], np.float64)
    kernel_tally.count_rules(
        *cells, starts, places, whole, bounds, words, word_starts, meant, meant_starts, values,
        value_starts, rows, broken,
    )  # fmt: skip
    return rows, broken


def _joined(parts: Sequence[Any], kind: Any) -> tuple[Any, Ints]:  # noqa: ANN401 - arrays
    starts = np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)
    return np.concatenate([np.empty(0, kind), *parts]).astype(kind), starts


def distinct(hashes: NDArray[np.uint64]) -> int:
    """Return how many different numbers there are.

    >>> distinct(np.array([3, 3, 7], np.uint64))
    2
    """
    size = 1 << max(4, int(2 * len(hashes)).bit_length())
    return int(
        kernel_tally.count_distinct(hashes, np.empty(size, np.uint64), np.zeros(size, np.uint8))
    )
