"""What a plan says of the people behind the alerts: shifts, snooze, the capacity of each unit."""

from __future__ import annotations

from typing import Annotated, Self, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Length, Spec

Positive: TypeAlias = Annotated[float, Field(gt=0.0)]
Column: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=64)]
Words: TypeAlias = Annotated[str, Field(min_length=1, max_length=400)]
_DAY = 86_400_000_000


class WorkloadAsked(Spec):
    """Who answers alerts, and how often one patient may raise one.

    Attributes:
        shift: how long a shift is; it must part a day into whole shifts.
        clinicians: how many answer in each shift, over all places of the data.
        snooze: after an alert the same stay (or patient) makes none for this long; each length
            is counted, the first is the one that would be used.

    >>> WorkloadAsked(snooze=["0h", "24h"]).snooze
    (0, 86400000000)
    """

    shift: Length = _DAY // 2
    clinicians: Annotated[int, Field(ge=1)] | None = None
    snooze: Annotated[tuple[Length, ...], Field(min_length=1, max_length=6)] = (0,)

    @model_validator(mode="after")
    def _whole_shifts(self) -> Self:
        if self.shift <= 0 or _DAY % self.shift:
            raise ValueError("expected a shift that parts 24 hours evenly, such as 8h or 12h")
        if any(length < 0 for length in self.snooze):
            raise ValueError("expected a snooze of 0h or more")
        return self

    @property
    def shifts_a_day(self) -> int:
        """Return how many shifts a day has."""
        return _DAY // self.shift


class Place(Spec):
    """What one unit or site can do with alerts.

    Attributes:
        name: as the data call it.
        alerts_per_day: what its people can act on in a day.
        alerts_per_100: or of 100 predictions, where days are not known.
        false_alerts_per_event: how many false alerts they accept for one event found. It gives
            the risk below which acting does more harm than good, 1 / (1 + that number).
        action: what is done for a flagged patient there.
        instead_of: what is done today.
    """

    name: Words
    alerts_per_day: Positive | None = None
    alerts_per_100: Annotated[float, Field(gt=0.0, le=100.0)] | None = None
    false_alerts_per_event: Positive
    action: Words
    instead_of: Words

    @model_validator(mode="after")
    def _one_capacity(self) -> Self:
        if (self.alerts_per_day is None) == (self.alerts_per_100 is None):
            raise ValueError("expected either alerts_per_day or alerts_per_100")
        return self


class PlacesAsked(Spec):
    """Units or sites that get a threshold each.

    Attributes:
        by: the attribute that tells them apart, listed under subgroups, such as `unit` or `site`.
    """

    by: Column
    each: Annotated[tuple[Place, ...], Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [place.name for place in self.each]
        if len(set(names)) < len(names):
            raise ValueError("a place is listed twice")
        return self


class MissingnessAsked(Spec):
    """What is taken away from the model to see what that costs.

    Attributes:
        rates: shares of rows, drawn at random, that lose it; 1 loses it everywhere.
        at_site_rates: also lose each feature as often as the site does that has it least.
        features: names to lose one at a time; none when empty.
        feeds: lose all features of a source of rows (the part of a code before `//`) together.
        seed: of the rows that lose it.
    """

    rates: Annotated[
        tuple[Annotated[float, Field(gt=0.0, le=1.0)], ...], Field(min_length=1, max_length=5)
    ] = (0.2, 1.0)
    at_site_rates: bool = True
    features: tuple[Words, ...] = ()
    feeds: bool = True
    seed: Annotated[int, Field(ge=0, lt=1 << 53)] = 20_260_101
