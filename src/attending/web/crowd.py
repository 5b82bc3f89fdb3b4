"""How many may wait for a score, so that whoever is let in is answered in time.

Every request for a score counts from its first byte until its answer has left. What one takes is
measured from answer to answer while others wait, so it holds all that is done meanwhile: reading
bodies, refusing others, waiting for the disk. While more come than can be answered, only as many
are let in as are answered within a bound; a moment's crowd, as after a slow disk, may wait longer.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import DependencyDown

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds in which the last one that is let in is answered, while more come than can be.
PATIENCE = 0.05
#: So many are let in however slow the machine is: one is worked on while another is read.
FEWEST = 2
#: So many are let in at a moment's crowd.
MOMENT = 6
#: Seconds over which it is seen whether more come than can be answered.
WINDOW = 0.25
#: Seconds after which a body that has not come does not count: its client is slow, not we.
READING = 0.1
#: What a score is thought to take before one was made; how fast that thought changes, and the most
#: that one slow score counts for, as a multiple.
_FIRST, _SHARE, _MOST = 0.005, 0.1, 4.0


class Full(DependencyDown):
    """As many as this process can do are being answered (HTTP 503)."""

    default_code = "service.full"


class Crowd:
    """Counts who asks for a score, and turns away whose answer would come too late.

    Args:
        patience: seconds; see `PATIENCE`.
        moment: see `MOMENT`.
        clock: seconds that only go up.
    """

    def __init__(
        self,
        *,
        patience: float = PATIENCE,
        moment: int = MOMENT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.moment = moment
        self._patience = patience
        self._clock = clock
        self._each = _FIRST
        self._since = 0.0
        self._came: deque[float] = deque()
        self._reading: set[Place] = set()
        self._waiting: set[Place] = set()

    def come(self) -> Place:
        """Return the place of one more, before its body is read.

        Raises:
            Full: its answer would come too late; nothing was done.
        """
        now = self._clock()
        self._came.append(now)
        self._check(now)
        place = Place(self, now)
        self._reading.add(place)
        return place

    def read(self, place: Place) -> None:
        """Count one whose body is whole; see `Place.read`."""
        if place not in self._reading:
            return
        now = self._clock()
        self._reading.discard(place)
        if now - place.came > READING:
            self._check(now)
        if not self._waiting:
            self._since = now
        self._waiting.add(place)

    def leave(self, place: Place) -> None:
        """Count one no longer; see `Place.leave`."""
        self._reading.discard(place)
        if place in self._waiting:
            now = self._clock()
            self._waiting.discard(place)
            self._learn(now - self._since)
            self._since = now

    def expected(self) -> float:
        """Return the seconds from answer to answer while others wait.

        >>> Crowd().expected()
        0.005
        """
        return self._each

    def most(self) -> int:
        """Return how many may wait now.

        >>> Crowd().most()
        10
        """
        in_time = max(FEWEST, int(self._patience / self._each))
        many = len(self._came) * self._each > WINDOW
        return in_time if many else max(in_time, self.moment)

    def _check(self, now: float) -> None:
        while self._came and now - self._came[0] > WINDOW:
            self._came.popleft()
        fresh = sum(now - one.came <= READING for one in self._reading)
        if len(self._waiting) + fresh >= self.most():
            raise Full(
                "this service is full", hint="Ask again after Retry-After; nothing was done."
            )

    def _learn(self, seconds: float) -> None:
        """Move the thought of what one takes toward what this one took of the process."""
        self._each += _SHARE * (min(seconds, _MOST * self._each) - self._each)


@dataclass(eq=False)
class Place:
    """One who was let in.

    Attributes:
        came: when, in seconds.
    """

    crowd: Crowd
    came: float

    def read(self) -> None:
        """Say that its body is whole; one that took long is let in anew.

        Raises:
            Full: its answer would come too late; nothing was done.
        """
        self.crowd.read(self)

    def leave(self) -> None:
        """Say that it was answered, or was not and nothing is done for it any longer."""
        self.crowd.leave(self)
