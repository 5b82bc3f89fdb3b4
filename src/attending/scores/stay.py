"""What a stay says of itself: its length in nights, and whether it was acute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput
from attending.scores.evidence import Evidence, of_pairs
from attending.scores.pairs import pair, starting
from attending.times import DAY

if TYPE_CHECKING:
    from attending.types import Ints, Mask

TYPE = "ADMISSION_TYPE//"
#: Admission types that are not acute, as a score's parameter takes them.
ELECTIVE = "ELECTIVE, SURGICAL SAME DAY ADMISSION"


def words_of(text: str) -> tuple[str, ...]:
    """Return words that are parted by commas, in capitals.

    >>> words_of("Elective, day case")
    ('ELECTIVE', 'DAY CASE')
    """
    return tuple(word.strip().upper() for word in text.split(",") if word.strip())


def checked_zone(zone: str) -> str:
    """Return the name of a time zone that is one.

    Raises:
        BadInput: there is no such zone.
    """
    try:
        _local_day(pa.array([0], pa.timestamp("us")), zone=zone)
    except pa.ArrowInvalid:
        raise BadInput(
            f"got zone '{zone}', which is not a time zone",
            code="score.parameter",
            hint="Write it as zone: America/Chicago.",
        ) from None
    return zone


def _local_day(column: pa.ChunkedArray | pa.Array, *, zone: str) -> Ints:
    aware = pc.assume_timezone(column.cast(pa.timestamp("us")), "UTC")
    local = pc.local_timestamp(aware.cast(pa.timestamp("us", zone)))
    return np.asarray(local.cast(pa.int64()).to_numpy() // DAY)


def nights(rows: pa.Table, *, zone: str) -> Ints:
    """Return the difference of dates: over two midnights 2, the same day or no known start 0."""
    ends = _local_day(rows["prediction_time"], zone=zone)
    began = pc.coalesce(rows["index_start"], rows["prediction_time"])
    return ends - _local_day(began, zone=zone)


def unknown_start(rows: pa.Table) -> Mask:
    """Return where it is not known when the stay began."""
    return np.asarray(pc.is_null(rows["index_start"]).to_numpy(zero_copy_only=False))


def acute(
    events: pa.Table, rows: pa.Table, *, elective: tuple[str, ...]
) -> tuple[Mask, Mask, Evidence]:
    """Return whether the index admission was acute, where its type is missing, and its row."""
    types = starting(events, TYPE)
    pairs = pair(types, rows)
    of_stay = (pairs.event_stay == pairs.stay) & (pairs.stay >= 0)
    of_start = (pairs.stay < 0) & (pairs.time == pairs.start)
    usable = pairs.visible & (of_stay | of_start)
    codes = types["code"].to_pylist()
    planned = np.array([code.removeprefix(TYPE).upper() in elective for code in codes], np.bool_)
    evidence = of_pairs(pairs, usable, types)
    return pairs.any(usable & ~planned[pairs.event]), ~pairs.any(usable), evidence
