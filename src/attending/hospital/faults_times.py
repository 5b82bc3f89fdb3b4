"""Faults of clocks: hours that are twice, hours that never are, zones, epochs and late arrivals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.hospital.columns import instant_text
from attending.hospital.delivery import seconds
from attending.hospital.sites import HOUR_SECONDS, SITES

if TYPE_CHECKING:
    from attending.hospital.delivery import Delivery

_DAY = 86_400
_VITALS = ("taken_at", "charted_at")
_ZONE_HOURS = 5
#: What systems write for no date, or for a date nobody can read, with the name of each.
IMPOSSIBLE = (
    "2099-01-01T08:00:00Z",  # a result of the future
    "1820-05-01T08:00:00Z",  # before anyone was born
    "1970-01-01T00:00:00Z",  # the epoch of Unix
    "1900-01-01T00:00:00Z",  # the epoch of spreadsheets
    "23-05-01 08:00",  # a year of two digits
    "13/05/2023 08:00",  # day and month the other way round
    "1683000000000",  # milliseconds
)


def repeated_hour(made: Delivery) -> Delivery:
    """Write one site's vital signs on its own clock without an offset: one hour stands for two."""
    return _local(made, summer=True)


def missing_hour(made: Delivery) -> Delivery:
    """Write one site's vital signs on a clock that never sprang forward: an hour that never was."""
    return _local(made, summer=False)


def wrong_zone(made: Delivery) -> Delivery:
    """Send UTC as if it were local at one site: every result stands five hours too late."""
    ahead = _ZONE_HOURS * HOUR_SECONDS
    for name, columns in (("labs", ("collected_at", "resulted_at")), ("vitals", _VITALS)):
        here = made.here(name)
        for column in columns:
            made = made.moved(name, column, where=here, by=ahead)
    return made


def impossible(made: Delivery) -> Delivery:
    """Date seven of each hundred vital signs to instants that cannot be, in turn."""
    where = made.some(made.after("vitals", "taken_at"), 0.07)
    return made.words("vitals", "taken_at", where=where, to=IMPOSSIBLE)


def arrived_late(made: Delivery) -> Delivery:
    """Deliver three days late what was resulted in one day out of ten."""
    day = seconds(made.tables["labs"]["collected_at"]) // _DAY
    late = made.after("labs", "collected_at") & (day % 10 == 0)
    return made.moved("labs", "resulted_at", where=late, by=3 * _DAY)


def backfill(made: Delivery) -> Delivery:
    """Load a year of results afterwards, each as if it was known the instant it was taken."""
    before = ~made.after("labs", "collected_at")
    return made.changed(
        "labs",
        "resulted_at",
        where=before,
        to=made.tables["labs"]["collected_at"].combine_chunks(),
    )


def _local(made: Delivery, *, summer: bool) -> Delivery:
    """Return the delivery with one site's times of taking on a wall clock, without an offset."""
    zone = ZoneInfo(next(site.zone for site in SITES if site.name == made.site))
    taken = made.tables["vitals"]["taken_at"]
    where = made.here("vitals") & made.after("vitals", "taken_at")
    moment = seconds(taken)
    ahead = np.zeros(len(moment), np.int64)
    for place in np.flatnonzero(where):
        ahead[place] = _ahead(int(moment[place]), zone, summer=summer)
    text = instant_text(pa.array(moment + ahead).cast(taken.type))
    plain = pc.replace_substring(pc.replace_substring(text, "Z", ""), "T", " ")
    return made.changed("vitals", "taken_at", where=where, to=plain)


def _ahead(moment: int, zone: ZoneInfo, *, summer: bool) -> int:
    """Return how many seconds a clock is ahead of UTC; without summer time when not `summer`."""
    there = datetime.fromtimestamp(moment, tz=UTC).astimezone(zone)
    whole, extra = there.utcoffset(), there.dst()
    if whole is None or extra is None:
        return 0
    return int((whole if summer else whole - extra).total_seconds())
