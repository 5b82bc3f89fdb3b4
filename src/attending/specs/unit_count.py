"""What a team counts per unit and shift: patients who are there, who come, who leave, or events."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from attending.specs.base import Spec

#: What is counted of a unit in a shift.
Counted: TypeAlias = Literal["present", "arrivals", "departures", "outcomes"]
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def _starts(clocks: tuple[str, ...]) -> tuple[str, ...]:
    for clock in clocks:
        if not _CLOCK.fullmatch(clock):
            raise ValueError(f"got shift '{clock}', expected HH:MM such as 07:00")
    if list(clocks) != sorted(set(clocks)):
        raise ValueError("expected shifts in the order of the day, each once")
    return clocks


#: When shifts begin, on the clock of each site: 07:00, 15:00, 23:00. One lasts until the next.
Shifts: TypeAlias = Annotated[tuple[str, ...], AfterValidator(_starts), Field(max_length=24)]


class UnitCount(Spec):
    """How many of each unit and shift.

    `present` are patients who had come to the unit before the shift and are there as it begins;
    `arrivals` and `departures` are those
    who come to it and leave it during the shift; `outcomes` are rows of `codes` of patients who
    are in the unit then. `ahead` is how many shifts later the counted one is than the one at whose
    beginning the prediction is made.
    """

    count: Counted
    codes: tuple[str, ...] = ()
    ahead: Annotated[int, Field(ge=0, le=100)] = 0

    @model_validator(mode="after")
    def _whole(self) -> UnitCount:
        if (self.count == "outcomes") != bool(self.codes):
            raise ValueError("'codes' are for the count 'outcomes', and needed by it")
        if self.count == "present" and self.ahead == 0:
            raise ValueError(
                "who is present at the beginning of this shift is known by then; "
                "write ahead: 1 or more"
            )
        return self
