"""Which predictions of a patient are kept, by order or by a hash; row order never matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from attending.cohort.candidates import Candidates
    from attending.specs.index_event import Sampling
    from attending.types import Ints, Mask

_ODD = np.uint64(0x9E3779B97F4A7C15)


def sampled(asked: Sampling, found: Candidates, *, left: Mask) -> Mask:
    """Return which of the candidates that are left are sampled."""
    rows = np.flatnonzero(left)
    subject = found.stays.subject[rows]
    rank = np.arange(len(rows), dtype=np.uint64)
    if asked.take == "random":
        rank = hashed(asked.seed or 0, subject, found.at[rows], found.stays.encounter[rows])
    order = np.lexsort((np.arange(len(rows)), rank, subject))
    owners = subject[order]
    place = np.arange(len(rows)) - np.searchsorted(owners, owners, side="left")
    kept = np.zeros(len(left), np.bool_)
    kept[rows[order[place < asked.most]]] = True
    return kept


def hashed(seed: int, *parts: Ints) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return a hash of each row's whole numbers: SplitMix64, one round a part.

    References:
        Steele, Lea & Flood, OOPSLA 2014.

    >>> one = hashed(7, np.array([1, 2]))
    >>> bool(one[0] != one[1]), bool((one == hashed(7, np.array([1, 2]))).all())
    (True, True)
    """
    state = np.full(len(parts[0]), np.uint64(seed & 0xFFFFFFFFFFFFFFFF))
    for part in parts:
        state = (state ^ part.astype(np.uint64)) + _ODD
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state
