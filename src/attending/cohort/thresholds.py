"""Values that hold against a threshold, once, for a length, or k times of n."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.facts import STATIC

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.cohort.facts import Facts
    from attending.specs.outcome import Threshold
    from attending.types import Floats, Ints, Mask

#: Subjects, times, and when each was known; ascending by subject and time.
Instants = tuple["Ints", "Ints", "Ints"]
_HOLDS: dict[str, Callable[[Floats, float], Mask]] = {
    "above": np.greater,
    "at_least": np.greater_equal,
    "below": np.less,
    "at_most": np.less_equal,
}


def crossings(asked: Threshold, facts: Facts) -> Instants:
    """Return each instant at which the threshold is met."""
    rows = np.flatnonzero(facts.now & facts.coded(asked.codes) & (facts.time != STATIC))
    rows = rows[~np.isnan(facts.value[rows])]
    rows = rows[facts.texts("unit", rows) == asked.unit]
    # Values are float32, as MEDS has them, so the number they are held against is one too.
    holds = _HOLDS[asked.comparison](facts.value[rows], float(np.float32(asked.value)))
    subject, time, known = facts.subject[rows], facts.time[rows], facts.known[rows]
    how = asked.sustained
    if how is None:
        return subject[holds], time[holds], known[holds]
    if how.lasting is not None:
        return _lasting((subject, time, known), holds, length=how.lasting)
    return _k_of_n((subject, time, known), holds, k=how.k or 1, n=how.n or 1)


def _lasting(values: Instants, holds: Mask, *, length: int) -> Instants:
    """Return, for each run that lasts so long, when it has; known with the value that shows it."""
    subject, time, known = values
    if not len(subject):
        return values
    fresh = np.ones(len(subject), np.bool_)
    fresh[1:] = (subject[1:] != subject[:-1]) | (holds[1:] != holds[:-1])
    run = np.cumsum(fresh) - 1
    met = time[np.flatnonzero(fresh)] + length
    shows = holds & (time >= met[run])
    _, first = np.unique(run[shows], return_index=True)
    place = np.flatnonzero(shows)[first]
    return subject[place], met[run[place]], _known_by(known, run, place)


def _known_by(known: Ints, run: Ints, place: Ints) -> Ints:
    """Return when all values of a run up to a place were known."""
    starts = np.searchsorted(run, run[place], side="left")
    return np.array(
        [known[low : high + 1].max() for low, high in zip(starts, place, strict=True)], np.int64
    )


def _k_of_n(values: Instants, holds: Mask, *, k: int, n: int) -> Instants:
    """Return each value that holds and is the k-th or later to do so in the last n of its own."""
    subject, time, known = values
    count, seen = holds.astype(np.int64), known.copy()
    for back in range(1, min(n, len(subject))):
        same = subject[back:] == subject[:-back]
        count[back:] += same & holds[:-back]
        seen[back:] = np.where(same, np.maximum(seen[back:], known[:-back]), seen[back:])
    met = holds & (count >= k)
    return subject[met], time[met], seen[met]
