"""Too many wrong passphrases: a short wait, counted in memory, for a name and for an address."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW_SECONDS = 300.0
_KEYS = 10_000


class Throttle:
    """Counts failures by key within the last five minutes.

    >>> throttle = Throttle(limit=2, clock=lambda: 0.0)
    >>> throttle.failed("a")
    >>> throttle.check("a")
    >>> throttle.failed("a")
    >>> throttle.check("a")
    Traceback (most recent call last):
    ...
    starlette.exceptions.HTTPException: 429: too many attempts; wait five minutes
    """

    def __init__(self, limit: int = 5, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._failures: defaultdict[str, deque[float]] = defaultdict(deque)

    def check(self, *keys: str) -> None:
        """Refuse when one of the keys has failed too often.

        Raises:
            HTTPException: 429, the same for every key.
        """
        oldest = self._clock() - _WINDOW_SECONDS
        for key in keys:
            failures = self._failures.get(key, deque())
            while failures and failures[0] <= oldest:
                failures.popleft()
            if len(failures) >= self._limit:
                raise HTTPException(429, "too many attempts; wait five minutes")

    def failed(self, *keys: str) -> None:
        """Count one failure for each key; the memory is bounded."""
        if len(self._failures) > _KEYS:
            self._failures.clear()
        for key in keys:
            self._failures[key].append(self._clock())
