"""Small cells: counts of 1 to 10 are not shown, nor what would let them be computed.

Each row of a table is a group with events and non-events; totals are shown elsewhere. A hidden
cell that is alone in its column could be had by subtraction, so another is hidden with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Counts from 1 to this are not shown (the cell policy of CMS: fewer than 11).
SMALLEST = 10


class Hidden(NamedTuple):
    """What of a group may not be shown: its rows, and its events with all that tells them."""

    n: bool
    events: bool


def is_small(count: int, *, smallest: int = SMALLEST) -> bool:
    """Return whether a count may not be shown; 0 may.

    >>> [is_small(count) for count in (0, 1, 10, 11)]
    [False, True, True, False]
    """
    return 1 <= count <= smallest


def tells_small(part: int, whole: int, *, smallest: int = SMALLEST) -> bool:
    """Return whether a share would tell a small count: of its part or of the rest.

    >>> tells_small(4, 100), tells_small(95, 100), tells_small(50, 100)
    (True, True, False)
    """
    return is_small(part, smallest=smallest) or is_small(whole - part, smallest=smallest)


def suppress(
    counts: Sequence[int], *, smallest: int = SMALLEST, total_shown: bool = True
) -> list[bool]:
    """Return which counts of one total to hide: the small ones, and enough beside them.

    When the total is shown, hidden counts must be two or more and sum to more than `smallest`;
    the smallest of the others (zeros last) join until they do.

    >>> suppress([4, 50, 30, 0])
    [True, False, True, False]
    >>> suppress([20, 50, 30])
    [False, False, False]
    """
    hidden = [is_small(count, smallest=smallest) for count in counts]
    if not any(hidden) or not total_shown:
        return hidden
    spare = sorted(
        (at for at, found in enumerate(hidden) if not found),
        key=lambda at: (counts[at] == 0, counts[at], at),
    )
    while spare and not _enough(counts, hidden, smallest):
        hidden[spare.pop(0)] = True
    return hidden


def suppress_groups(groups: Sequence[tuple[int, int]], *, smallest: int = SMALLEST) -> list[Hidden]:
    """Return what to hide of groups of (rows, events) whose totals are shown.

    >>> suppress_groups([(500, 40), (300, 5), (200, 30)])
    [Hidden(n=False, events=False), Hidden(n=False, events=True), Hidden(n=False, events=True)]
    """
    rows = suppress([n for n, _ in groups], smallest=smallest)
    events = [
        rows[at] or tells_small(found, n, smallest=smallest) for at, (n, found) in enumerate(groups)
    ]
    spare = sorted(
        (at for at, hidden in enumerate(events) if not hidden),
        key=lambda at: (groups[at][1] == 0, groups[at][1], at),
    )
    counts = [found for _, found in groups]
    others = [n - found for n, found in groups]
    while any(events) and spare:
        if _enough(counts, events, smallest) and _enough(others, events, smallest):
            break
        events[spare.pop(0)] = True
    return [Hidden(n, found) for n, found in zip(rows, events, strict=True)]


def _enough(counts: Sequence[int], hidden: Sequence[bool], smallest: int) -> bool:
    chosen = [count for count, found in zip(counts, hidden, strict=True) if found]
    return len(chosen) >= 2 and sum(chosen) > smallest
