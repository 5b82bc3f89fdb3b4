"""Too many wrong passphrases: a short wait, counted in memory, for a name and for an address."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import HTTPException

from attending.web.cells import Cells

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW_MICROS = 300_000_000


class Throttle:
    """Counts failures within the last five minutes.

    Args:
        limit: failures that one name may have; one address, which many people may share, ten
            times as many.
        clock: seconds that only go up.
        cells: held together with the other workers of the service; alone when None.

    >>> throttle = Throttle(limit=1, clock=lambda: 0.0)
    >>> throttle.check(person="ann", address="::1")
    >>> throttle.failed(person="ann", address="::1")
    >>> throttle.check(person="ann", address="::1")
    Traceback (most recent call last):
    ...
    fastapi.exceptions.HTTPException: 429: too many attempts; wait five minutes
    """

    def __init__(
        self,
        limit: int = 5,
        *,
        clock: Callable[[], float] = time.monotonic,
        cells: Cells | None = None,
    ) -> None:
        self._limits = {"person": limit, "address": 10 * limit}
        self._clock = clock
        self._cells = cells or Cells.alone()

    def check(self, *, person: str, address: str) -> None:
        """Refuse when the name or the address has failed too often, in whichever worker.

        Raises:
            HTTPException: 429, the same for both.
        """
        oldest = self._micros() - _WINDOW_MICROS
        for kind, who in (("person", person), ("address", address)):
            found = [
                at
                for name in self._names(kind, who)
                for at, _ in self._cells.everywhere(name)
                if at > oldest
            ]
            if len(found) >= self._limits[kind]:
                raise HTTPException(429, "too many attempts; wait five minutes")

    def failed(self, *, person: str, address: str) -> None:
        """Count one failure, in place of the oldest one that we remember."""
        for kind, who in (("person", person), ("address", address)):
            oldest = min(self._names(kind, who), key=lambda name: self._cells.own(name)[0])
            self._cells.put(oldest, self._micros())

    def _micros(self) -> int:
        return _WINDOW_MICROS + 1 + int(self._clock() * 1e6)

    def _names(self, kind: str, who: str) -> list[str]:
        """Return the cells of the failures that count, each of which holds its instant."""
        return [f"failure {number} of {kind} {who}" for number in range(self._limits[kind])]
