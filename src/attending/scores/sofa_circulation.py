"""SOFA's circulation: mean pressure, and drugs that hold it up for an hour or more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.scores.evidence import Evidence, newer, of_events
from attending.scores.nearest import Marks, first_after
from attending.scores.pairs import pair
from attending.scores.readings import Readings, Source
from attending.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.specs.signals import SignalSpec
    from attending.types import Floats, Ints, Mask

DRUGS = ("dopamine", "dobutamine", "epinephrine", "norepinephrine")
#: An infusion that is not charted as ended lasts this long, at most.
_LONGEST_HOURS = 24 * 30
START, END = "INFUSION_START//", "INFUSION_END//"
_NEVER = np.iinfo(np.int64).max


def circulation(
    events: pa.Table, rows: pa.Table, *, sources: Mapping[str, SignalSpec], hours: int
) -> tuple[Floats, Mask, Evidence]:
    """Return the worst points of the last hours, where they are missing, and what they rest on.

    Drugs alone answer too: whoever is given one is not without an input.
    """
    pressure = Source(sources["mean_pressure"]).within(events, rows, hours=hours)
    lowest = pressure.extreme(largest=False)
    points = np.where(np.nan_to_num(lowest.value, nan=99.0) < 70, 1.0, 0.0)
    missing, rests_on = lowest.missing, lowest.evidence
    for drug in DRUGS:
        rate, evidence = _highest_rate(events, rows, source=sources[drug], hours=hours)
        more = drug_points(drug, rate)
        better = more > points
        points = np.maximum(points, more)
        missing = missing & np.isnan(rate)
        # What decides is what is shown; without a drug, the pressure is.
        rests_on = newer([rests_on.only(~better), evidence.only(better)])
    return points, missing, rests_on


def drug_points(drug: str, rate: Floats) -> Floats:
    """Return the points of a rate in µg/kg/min, 0 for none.

    >>> drug_points("dopamine", np.array([0.0, 5.0, 5.1, 15.1])).tolist()
    [0.0, 2.0, 3.0, 4.0]
    """
    # Rates arrive with seven digits: 0.1 stands as 0.1000000015.
    rate = np.asarray(np.round(np.nan_to_num(rate), 6), dtype=np.float64)
    if drug == "dobutamine":
        worse = np.full(len(rate), 2.0)
    elif drug == "dopamine":
        worse = np.where(rate > 15, 4.0, np.where(rate > 5, 3.0, 2.0))
    else:
        worse = np.where(rate > 0.1, 4.0, 3.0)
    return np.where(rate > 0, worse, 0.0)


def _highest_rate(
    events: pa.Table, rows: pa.Table, *, source: SignalSpec, hours: int
) -> tuple[Floats, Evidence]:
    """Return the highest rate that ran for an hour or more in the window, NaN for none."""
    found = Source(source).within(events, rows, hours=_LONGEST_HOURS)
    pairs = found.pairs
    until = np.minimum(_ends(events, rows, found), pairs.at)
    # What ran before the window opened counts from when it opened.
    since = np.maximum(pairs.time, pairs.at - hours * HOUR)
    long_enough = until - since >= HOUR
    event = pairs.most(found.value, found.usable & long_enough)
    rate = np.full(found.events.num_rows + 1, np.nan)
    rate[pairs.event[found.usable]] = found.value[found.usable]
    return np.where(event >= 0, rate[event], np.nan), of_events(found.events, event)


def _ends(events: pa.Table, rows: pa.Table, started: Readings) -> Ints:
    """Return when each infusion ended as far as was visible: at its item's next end, or never.

    A new rate of the same item begins after the end of the one before, as MIMIC charts it.
    """
    codes = [code.replace(START, END) for code in started.events["code"].to_pylist()]
    names = pa.array(sorted(set(codes)), pa.string())
    ended = events.filter(pc.is_in(events["code"], value_set=names))
    ends = pair(ended, rows, within=_LONGEST_HOURS * HOUR)
    theirs = _numbered(ended["code"].to_pylist(), names)[ends.event[ends.visible]]
    marks = Marks(ends.row[ends.visible] * len(names) + theirs, ends.time[ends.visible])
    marks = Marks(*(part[marks.ordered()] for part in marks))
    ours = _numbered(codes, names)[started.pairs.event]
    asked = Marks(started.pairs.row * len(names) + ours, started.pairs.time)
    return np.append(marks.time, _NEVER)[first_after(marks, asked)]


def _numbered(codes: list[str], names: pa.Array) -> Ints:
    found = pc.index_in(pa.array(codes, pa.string()), value_set=names)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)
