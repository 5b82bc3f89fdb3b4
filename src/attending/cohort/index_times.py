"""When predictions are due: each index event gives, for every stay, its instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from attending.cohort.facts import NEVER, NO_STAY, first_after
from attending.registry import Registry
from attending.specs.index_event import FLOATING
from attending.times import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.cohort.facts import Facts
    from attending.cohort.stays import Stays
    from attending.specs.index_event import Index
    from attending.types import Ints

_EPOCH = date(1970, 1, 1)
#: What says that a patient came to another unit, when the spec names no codes.
_TRANSFERS = ("TRANSFER_TO//*",)

#: Which stay each prediction is of, and when it is due; `NEVER` is left out later.
Due: TypeAlias = "tuple[Ints, Ints]"
IndexFunction: TypeAlias = "Callable[[Index, Stays, Facts], Due]"
INDEXES: Registry[IndexFunction] = Registry("index event")


def due(index: Index, stays: Stays, facts: Facts) -> Due:
    """Return the stays and instants that are due by the end of what may be seen, each once."""
    which, at = INDEXES.get(index.event)(index, stays, facts)
    reached = (at <= facts.as_of) & (at != NEVER)
    both = np.unique(np.stack([which[reached], at[reached]]), axis=1)
    return both[0], both[1]


def index_codes(index: Index) -> tuple[str, ...]:
    """Return the codes that the index event reads beside those of the stays."""
    if index.event in {"transfer", "shift"}:
        return index.codes or _TRANSFERS
    return index.codes


@INDEXES.named("discharge")
def _discharge(_index: Index, stays: Stays, _facts: Facts) -> Due:
    return np.arange(len(stays)), stays.discharged


@INDEXES.named("admission")
@INDEXES.named("visit")
@INDEXES.named("landmark")
def _after_admission(index: Index, stays: Stays, _facts: Facts) -> Due:
    return np.arange(len(stays)), stays.admitted + (index.after or 0)


@INDEXES.named("every")
def _every(index: Index, stays: Stays, facts: Facts) -> Due:
    """Return each multiple within the stay: none at its end, when nobody is there to act."""
    step = index.every or DAY
    first = stays.admitted + (step if index.after is None else index.after)
    last = np.minimum(stays.discharged - 1, facts.as_of)
    sizes = np.where(last < first, 0, (last - first) // step + 1)
    which = np.repeat(np.arange(len(stays)), sizes)
    place = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return which, first[which] + place * step


@INDEXES.named("clock")
def _clock(index: Index, stays: Stays, facts: Facts) -> Due:
    """Return each day's instant of a clock time after the admission and before the discharge."""
    zones = np.array([index.zones.get(site, index.time_zone) for site in stays.site], object)
    parts = [
        _of_zone((index.clock or "", name), stays, rows=np.flatnonzero(zones == name), facts=facts)
        for name in sorted({str(zone) for zone in zones})
    ]
    none = np.zeros(0, np.int64)
    which = np.concatenate([none, *(part[0] for part in parts)])
    return which, np.concatenate([none, *(part[1] for part in parts)])


def _of_zone(tick: tuple[str, str], stays: Stays, *, rows: Ints, facts: Facts) -> Due:
    admitted = stays.admitted[rows]
    last = np.minimum(stays.discharged[rows] - 1, facts.as_of)
    ticks = clock_ticks(*tick, first=int(admitted.min()), last=int(last.max()))
    low = np.searchsorted(ticks, admitted, side="right")
    sizes = np.maximum(np.searchsorted(ticks, last, side="right") - low, 0)
    which = np.repeat(rows, sizes)
    place = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return which, ticks[np.repeat(low, sizes) + place]


def clock_ticks(clock: str, zone: str, *, first: int, last: int) -> Ints:
    """Return the instants of a clock time on every local day, in microseconds, ascending.

    A time that a change of the clock leaves out is read by the offset before the change; of one
    that comes twice, the first counts (as RFC 5545, 3.3.5). The days reach a day beyond both ends.

    >>> day = 19_811 * DAY  # 29 March 2024; on the 31st clocks in Berlin go one hour ahead
    >>> ticks = clock_ticks("06:00", "Europe/Berlin", first=day, last=day + 3 * DAY)
    >>> [int(tick // 3_600_000_000 % 24) for tick in ticks]
    [5, 5, 5, 4, 4, 4]
    """
    hours, minutes = (int(part) for part in clock.split(":"))
    days = range(first // DAY - 1, last // DAY + 2)
    if zone == FLOATING:
        return np.array(days, np.int64) * DAY + (hours * 60 + minutes) * 60_000_000
    local, wall = ZoneInfo(zone), time(hours, minutes)
    ticks = [
        datetime.combine(_EPOCH + timedelta(days=day), wall, local).astimezone(UTC) for day in days
    ]
    return np.array([round(tick.timestamp()) * 1_000_000 for tick in ticks], np.int64)


@INDEXES.named("transfer")
@INDEXES.named("result")
def _rows(index: Index, stays: Stays, facts: Facts) -> Due:
    """Return when each row of the codes was known, in the stay in which it happened.

    A row without a stay's id belongs to the last stay that had begun by it.
    """
    rows = np.flatnonzero(facts.now & facts.coded(index_codes(index)))
    which = _stay_of(rows, stays, facts)
    rows, which = rows[which >= 0], which[which >= 0]
    at = np.maximum(facts.known[rows], facts.time[rows])
    time = facts.time[rows]
    inside = (time >= stays.admitted[which]) & (time < stays.discharged[which])
    return which[inside], at[inside]


def _stay_of(rows: Ints, stays: Stays, facts: Facts) -> Ints:
    """Return the stay of every row, or -1."""
    if not len(stays):
        return np.full(len(rows), -1, np.int64)
    keys = (stays.subject, stays.admitted)
    subject = facts.subject[rows]
    later = first_after(subject, facts.time[rows], keys=keys)
    ends = np.searchsorted(stays.subject, subject, side="right")
    by_time = np.where(later >= 0, later, ends) - 1
    mine = (by_time >= 0) & (stays.subject[by_time] == subject)
    named = facts.encounter[rows]
    agrees = (named == NO_STAY) | (named == stays.encounter[by_time])
    return np.asarray(np.where(mine & agrees, by_time, -1), dtype=np.int64)
