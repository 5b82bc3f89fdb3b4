"""The review calendar: which task is due when, from the entry into a stage and the last review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from attending.specs.change_control import Review
    from attending.specs.release import Stage
    from attending.types import Instant

_ORDER: tuple[Stage, ...] = ("silent", "limited", "live")
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Task:
    """One review that is owed: of which model, whose it is, and by when.

    Attributes:
        due: when it must have been done.
        last: when it was last found in order; None before the first time.
        person: who owns it by the signed plan; empty when a role does.
    """

    model: str
    version: str
    name: str
    owner: str
    covers: tuple[str, ...]
    due: Instant
    last: Instant | None
    minutes: int
    every: timedelta
    person: str = ""

    def overdue(self, at: Instant) -> bool:
        """Return whether it should have been done by now."""
        return self.due < at

    @property
    def minutes_a_week(self) -> float:
        """Return what the task takes of its owner's week."""
        return self.minutes * (_WEEK / self.every)

    def told(self, at: Instant) -> dict[str, str | int]:
        """Return it as it is printed."""
        return {
            "model": f"{self.model}@{self.version}",
            "task": self.name,
            "owner": self.owner,
            "person": self.person,
            "due": format_instant(self.due),
            "state": "OVERDUE" if self.overdue(at) else "owed",
            "last": format_instant(self.last) if self.last else "never",
            "minutes": self.minutes,
        }


def begins(entered: Mapping[Stage, Instant], stage: Stage) -> Instant | None:
    """Return when the clock of a task began: at the first entry into its stage or a later one."""
    later = _ORDER[_ORDER.index(stage) :]
    found = [entered[name] for name in later if name in entered]
    return min(found) if found else None


def due(review: Review, *, began: Instant, last: Instant | None) -> Instant:
    """Return by when a review must be done: one interval after the last, or after its beginning.

    >>> from attending.specs.change_control import Review
    >>> from attending.times import parse_instant
    >>> asked = Review(name="drift", every="7d", owner="technical owner")
    >>> began = parse_instant("2025-01-01T06:00:00Z")
    >>> format_instant(due(asked, began=began, last=None))
    '2025-01-08T06:00:00Z'
    """
    return (last or began) + timedelta(microseconds=review.every)


def load(tasks: Iterable[Task]) -> dict[str, float]:
    """Return the minutes a week that each owner's tasks take."""
    found: dict[str, float] = {}
    for task in tasks:
        found[task.owner] = found.get(task.owner, 0.0) + task.minutes_a_week
    return found
