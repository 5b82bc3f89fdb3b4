"""Draws by hash: the same patient goes to the same side whenever seed and purpose are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from attending.types import Floats, Ints


def hashed(subject: Ints, *, seed: int, purpose: int) -> Floats:
    """Return a number from 0 to 1 for each patient, the same whenever seed and purpose are.

    References:
        Steele, Lea & Flood 2014 (SplitMix64).

    >>> a = hashed(np.array([1, 2, 1]), seed=7, purpose=0)
    >>> bool(a[0] == a[2]), bool(a[0] == a[1])
    (True, False)
    """
    salt = _mix(np.array([seed * 1_000_003 + purpose], dtype=np.uint64))
    bits = _mix(subject.astype(np.uint64) ^ salt)
    return (bits >> np.uint64(11)).astype(np.float64) / float(1 << 53)


def _mix(
    values: np.ndarray[tuple[int], np.dtype[np.uint64]],
) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
