"""Scores from the newest vital signs and results: what NEWS2, MEWS, qSOFA, SIRS and CART share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from attending.errors import BadInput
from attending.records.events import BIRTH
from attending.scores.age import ages
from attending.scores.evidence import newer
from attending.scores.protocol import Setting, table
from attending.scores.readings import Reading, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

    from attending.scores.about import About, Bands
    from attending.specs.signals import SignalSpec
    from attending.types import Floats, Mask

#: Readings older than this are missing, unless the parameter `max_age_hours` says otherwise.
MAX_AGE_HOURS = 24
#: What every such score can be told; each signal's name is a parameter too.
DEFAULTS: dict[str, Setting] = {"policy": "normal", "max_age_hours": MAX_AGE_HOURS}
AGE = "age"
Found: TypeAlias = "Mapping[str, Reading]"


@dataclass(frozen=True)
class Part:
    """One component: which signals it reads and how they become points.

    Attributes:
        signals: it is missing where none of them was read; `age` is known from birth.
        points: of the readings, shape (n,), 0 where it is missing.
    """

    signals: tuple[str, ...]
    points: Callable[[Found], Floats]


def banded(signal: str, bands: Bands) -> Part:
    """Return a component that is one signal's bands."""
    return Part((signal,), lambda found: bands.of(found[signal].value))


@dataclass(frozen=True)
class Bedside:
    """One score with its parameters.

    Attributes:
        about: what it says of itself; its `points` name the components in their order.
        parts: component -> how it is computed.
        sources: every signal that is read, with its codes.
        policy: `normal` or `strict`.
        max_age_hours: how old a reading may be.
        more: further columns of the table from the points, such as whether any is 3.
    """

    about: About
    parts: Mapping[str, Part]
    sources: tuple[SignalSpec, ...]
    policy: str
    max_age_hours: float
    more: Callable[[Mapping[str, Floats]], Mapping[str, pa.Array]] | None = None

    @property
    def name(self) -> str:
        """Return its name and version."""
        return self.about.version

    @property
    def by_availability(self) -> bool:
        """Return false: it takes no coded diagnoses."""
        return False

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the event codes that it needs."""
        named = [code for source in self.sources for code in source.codes]
        aged = any(AGE in part.signals for part in self.parts.values())
        return tuple(dict.fromkeys([*named, *([BIRTH] if aged else [])]))

    @property
    def components(self) -> tuple[str, ...]:
        """Return its parts."""
        return tuple(self.parts)

    def score(self, events: pa.Table, rows: pa.Table) -> pa.Table:
        """Return totals and points; what has no visible reading is marked as missing."""
        found = {
            source.name: Source(source).within(events, rows, hours=self.max_age_hours).newest()
            for source in self.sources
        }
        if any(AGE in part.signals for part in self.parts.values()):
            found[AGE] = Reading(*ages(events, rows))
        points = {name: part.points(found) for name, part in self.parts.items()}
        made = table(
            rows,
            points,
            missing={name: _missing(part, found) for name, part in self.parts.items()},
            evidence={
                name: newer([found[one].evidence for one in part.signals])
                for name, part in self.parts.items()
            },
            policy=self.policy,
        )
        more = self.more(points) if self.more else {}
        for name, column in more.items():
            made = made.append_column(name, column)
        return made

    def expected_risk(self, total: Floats) -> None:
        """Return None: no risk was published for its totals."""


def _missing(part: Part, found: Found) -> Mask:
    return np.asarray(np.all([found[name].missing for name in part.signals], axis=0))


def hours_asked(asked: Mapping[str, Setting], *, score: str) -> float:
    """Return how old a reading may be.

    Raises:
        BadInput: not above zero.
    """
    hours = float(asked["max_age_hours"])
    if not 0 < hours <= 24 * 366:
        raise BadInput(
            f"got max_age_hours {hours:g} for the score {score}, expected above 0",
            code="score.parameter",
            hint=f"Write max_age_hours: {MAX_AGE_HOURS}.",
        )
    return hours


def with_signals(defaults: Mapping[str, Setting], *names: str) -> dict[str, Setting]:
    """Return a score's parameters with one for each signal; empty takes the packaged codes.

    >>> with_signals({"policy": "normal"}, "pulse")
    {'policy': 'normal', 'pulse': ''}
    """
    return {**defaults, **dict.fromkeys(names, "")}
