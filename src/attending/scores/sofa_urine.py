"""SOFA's urine: what was charted in the last 24 hours, where nearly all of them were charted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.scores.columns import micros
from attending.scores.evidence import Evidence, of_events
from attending.scores.readings import Readings, Source
from attending.times import HOUR

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.specs.signals import SignalSpec
    from attending.types import Floats, Ints, Mask

#: Charted hours below which nothing is said, as MIMIC-Code has it.
_LEAST_HOURS = 22.0
#: How far back one looks for the charting before the window, which its first amount covers.
_LOOK_BACK_HOURS = 30.0
_NOWHEN = np.iinfo(np.int64).min


def urine_points(
    events: pa.Table, rows: pa.Table, *, source: SignalSpec
) -> tuple[Floats, Mask, Evidence]:
    """Return 4 points below 200 mL in 24 hours and 3 below 500, where they are missing, and rows.

    An amount covers the time since the one before it, at most since the stay began: the charted
    hours run from there to the last charting.
    """
    found = Source(source).within(events, rows, hours=_LOOK_BACK_HOURS)
    pairs = found.pairs
    inside = found.usable & (pairs.time > pairs.at - 24 * HOUR)
    amount = np.bincount(pairs.row[inside], weights=found.value[inside], minlength=pairs.n_rows)
    hours = _charted_hours(found, rows, inside)
    enough = hours >= _LEAST_HOURS
    daily = amount * 24.0 / np.where(enough, hours, 24.0)
    points = np.where(daily < 200, 4.0, np.where(daily < 500, 3.0, 0.0))
    return np.where(enough, points, 0.0), ~enough, of_events(found.events, pairs.newest(inside))


def _charted_hours(found: Readings, rows: pa.Table, inside: Mask) -> Floats:
    pairs = found.pairs
    opens = micros(rows["prediction_time"], null=0) - 24 * HOUR
    start = micros(rows["index_start"], null=_NOWHEN)
    newest, oldest = pairs.newest(inside), pairs.oldest(inside)
    times = np.append(micros(found.events["time"], null=0), 0)
    covered: Ints = np.where(
        pairs.any(found.usable & ~inside) | (start > opens), np.maximum(start, opens), times[oldest]
    )
    return np.where(newest >= 0, (times[newest] - covered) / HOUR, 0.0)
