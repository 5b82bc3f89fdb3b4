"""The event that makes a prediction due, and which of a patient's predictions are kept."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from attending.specs.base import Length, Spec
from attending.specs.unit_count import Shifts  # noqa: TC001 - pydantic reads it

EncounterClass: TypeAlias = Literal["INPATIENT", "OBSERVATION", "ED", "OUTPATIENT", "ICU"]
IndexEvent: TypeAlias = Literal[
    "discharge",
    "admission",
    "landmark",
    "transfer",
    "every",
    "clock",
    "result",
    "visit",
    "shift",
]

#: The zone of a source whose days were shifted: its clock is read as it stands.
FLOATING = "floating"
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
#: Which field belongs to which event; each is needed by its event and refused by the others.
_NEEDS = {
    "every": {"every"},
    "clock": {"clock", "time_zone"},
    "result": {"codes"},
    "shift": {"shifts"},
}
_MAY = {
    "landmark": {"after"},
    "every": {"after"},
    "clock": {"zones"},
    "transfer": {"codes"},
    "shift": {"codes"},
}
_OWNED = ("after", "every", "clock", "time_zone", "zones", "codes", "shifts")


class Index(Spec):
    """The event that makes a prediction due.

    `discharge` and `admission` are the ends of a stay; `landmark` is `after` its admission;
    `every` is each such length of the stay, the first one at `after`; `clock` is a time of day,
    such as 06:00, on each day of the stay, in the zone of its site; `transfer` and `result` are
    rows of `codes` within the stay, when they were known; `visit` is the start of an outpatient
    visit. `shift` is the beginning of each of `shifts` in each unit, on the clock of its site as
    the snapshot's manifest says it; `codes` tell the unit. `require_stay` keeps only stays that
    are still open at the prediction.
    """

    event: IndexEvent
    classes: tuple[EncounterClass, ...] = ("INPATIENT",)
    after: Length | None = None
    require_stay: bool = True
    every: Length | None = None
    clock: str | None = None
    time_zone: str | None = None
    zones: dict[str, str] = Field(default_factory=dict)
    codes: tuple[str, ...] = ()
    shifts: Shifts | None = None

    @model_validator(mode="before")
    @classmethod
    def _visits_are_outpatient(cls, said: object) -> object:
        if isinstance(said, dict) and said.get("event") == "visit":
            return {"classes": ("OUTPATIENT",), **said}
        return said

    @model_validator(mode="after")
    def _whole(self) -> Index:
        if (self.event == "landmark") and self.after is None:
            raise ValueError("'after' is the length after admission of a landmark, and only of it")
        needs = _NEEDS.get(self.event, set())
        may = needs | _MAY.get(self.event, set())
        for name in _OWNED:
            given = getattr(self, name) not in (None, (), {})
            if given and name not in may:
                raise ValueError(f"'{name}' is not of index '{self.event}'; remove it")
            if not given and name in needs:
                raise ValueError(f"index '{self.event}' needs the field '{name}'")
        if not self.classes:
            raise ValueError("expected at least one class of stay")
        if self.every is not None and self.every < _LEAST:
            raise ValueError("got 'every' below one minute, expected a length such as 6h")
        return self

    @model_validator(mode="after")
    def _clock_is_a_time(self) -> Index:
        if self.clock is not None and not _CLOCK.fullmatch(self.clock):
            raise ValueError(f"got clock '{self.clock}', expected HH:MM such as 06:00")
        for zone in {self.time_zone, *self.zones.values()} - {None, FLOATING}:
            _known(str(zone))
        return self


#: A minute, in microseconds: predictions are not made more often.
_LEAST = 60_000_000


def _known(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"got time zone '{zone}', expected an IANA name such as Europe/Berlin, or 'floating'"
        ) from None


class Sampling(Spec):
    """How many predictions of one patient are kept, and which.

    `first`: the earliest `most`. `random`: the `most` with the smallest hash of seed, patient,
    instant and stay, so that neither the order of rows nor the shards matter.
    """

    take: Literal["all", "first", "random"] = "all"
    most: int = Field(default=1, ge=1)
    seed: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _word(cls, said: object) -> object:
        return {"take": said} if isinstance(said, str) else said

    @model_validator(mode="after")
    def _seeded(self) -> Sampling:
        if (self.take == "random") != (self.seed is not None):
            raise ValueError("'seed' is for random sampling, and needed by it")
        return self
