"""Too many wrong passphrases: a short wait, counted in memory, for a name and for an address."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from fastapi import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW_SECONDS = 300.0
_MOST_KEYS = 10_000


class Throttle:
    """Counts failures within the last five minutes.

    Args:
        limit: failures that one name may have; one address, which many people may share, ten
            times as many.
        clock: seconds that only go up.

    >>> throttle = Throttle(limit=1, clock=lambda: 0.0)
    >>> throttle.check(person="ann", address="::1")
    >>> throttle.failed(person="ann", address="::1")
    >>> throttle.check(person="ann", address="::1")
    Traceback (most recent call last):
    ...
    fastapi.exceptions.HTTPException: 429: too many attempts; wait five minutes
    """

    def __init__(self, limit: int = 5, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = {"person": limit, "address": 10 * limit}
        self._clock = clock
        self._failures: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def check(self, *, person: str, address: str) -> None:
        """Refuse when the name or the address has failed too often.

        Raises:
            HTTPException: 429, the same for both.
        """
        oldest = self._clock() - _WINDOW_SECONDS
        for key in (("person", person), ("address", address)):
            failures = self._failures.get(key, deque())
            while failures and failures[0] <= oldest:
                failures.popleft()
            if len(failures) >= self._limits[key[0]]:
                raise HTTPException(429, "too many attempts; wait five minutes")

    def failed(self, *, person: str, address: str) -> None:
        """Count one failure; the memory is bounded by forgetting all when it is full."""
        if len(self._failures) > _MOST_KEYS:
            self._failures.clear()
        for key in (("person", person), ("address", address)):
            self._failures[key].append(self._clock())
