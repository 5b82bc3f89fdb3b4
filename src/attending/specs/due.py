"""When the work of each day is due (`policy/due.yaml` of a home); all of it has a default."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from attending.specs.base import Length, Spec
from attending.times import DAY, HOUR, MINUTE

#: What may be due, in the order in which it is done.
JobName: TypeAlias = Literal[
    "seal", "files", "score", "outcomes", "canaries", "monitor", "witness", "digest"
]
ClockTime: TypeAlias = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"got '{name}', expected a zone such as Europe/Oslo or UTC") from None
    return name


class Seal(Spec):
    """What becomes of the events that feeds pushed: each day a snapshot of this source.

    Attributes:
        source: as the contract of a project names it.
        time_zone: in which the source's clocks stand.
        site_zones: by site, where one has another.
    """

    source: Annotated[str, Field(min_length=1, max_length=100)]
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    site_zones: dict[str, Annotated[str, AfterValidator(_zone)]] = Field(default_factory=dict)


class DueSpec(Spec):
    """`policy/due.yaml`.

    Attributes:
        time_zone: of the clock times, and of the days that work is counted by.
        night: the clock time from which a day's work is due.
        at: by job, another clock time.
        off: jobs that this home does not do.
        lease: so long one process may work on a job before another takes it for dead.
        retry: a job that failed is tried again after this long.
        tries: a job that failed so often on one day is left until the next.
        look_back: a day that was missed is told for so long.
        backup_every: the owner is reminded when the newest backup is older; never when absent.
        seal: pushed events become a snapshot each day; they do not when absent.
        expiring: signatures and exceptions are told so long before they end.
    """

    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    night: ClockTime = "01:00"
    at: dict[JobName, ClockTime] = Field(default_factory=dict)
    off: tuple[JobName, ...] = ()
    lease: Length = HOUR
    retry: Length = 15 * MINUTE
    tries: Annotated[int, Field(ge=1, le=100)] = 12
    look_back: Length = 7 * DAY
    backup_every: Length | None = None
    seal: Seal | None = None
    expiring: Length = 14 * DAY

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if min(self.lease, self.retry) < MINUTE or self.lease > DAY:
            raise ValueError("a lease and the wait after a failure last a minute to a day")
        if self.look_back < DAY:
            raise ValueError("look_back is a day at least")
        return self

    def clock_time(self, job: JobName) -> str:
        """Return the clock time from which a job is due.

        >>> DueSpec(at={"score": "05:30"}).clock_time("score"), DueSpec().clock_time("score")
        ('05:30', '01:00')
        """
        return self.at.get(job, self.night)
