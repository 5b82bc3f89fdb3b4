"""SOFA's respiration: arterial oxygen over inspired oxygen, and whether a machine breathes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.scores.evidence import Evidence, of_events
from attending.scores.nearest import Marks, last_at_or_before
from attending.scores.news2 import fraction_of
from attending.scores.readings import Readings, Source
from attending.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from attending.specs.signals import SignalSpec
    from attending.types import Floats, Ints, Mask

RESPIRATION = ("arterial_oxygen", "inspired_oxygen", "ventilation", "ventilation_end")
#: A fraction charted earlier than this before the sample is not the sample's, as in MIMIC-Code.
_FRACTION_HOURS = 4
#: A ventilation that is not charted as ended lasts this long, at most.
_VENTILATION_HOURS = 24 * 30
_NOWHEN = np.iinfo(np.int64).min


def respiration(
    events: pa.Table, rows: pa.Table, *, sources: Mapping[str, SignalSpec], hours: int
) -> tuple[Floats, Mask, Evidence]:
    """Return the worst points of the last hours, where they are missing, and the sample's row.

    Without a fraction that was charted in the four hours up to a sample, the sample says nothing.
    """
    oxygen = Source(sources["arterial_oxygen"]).within(events, rows, hours=hours)
    reach = hours + _FRACTION_HOURS
    fractions = Source(sources["inspired_oxygen"]).within(events, rows, hours=reach)
    fraction, charted = _latest(oxygen, fractions)
    recent = oxygen.pairs.time - charted <= _FRACTION_HOURS * HOUR
    with np.errstate(invalid="ignore"):
        ratio = oxygen.value / fraction_of(np.where(recent, fraction, np.nan))
    points = ratio_points(ratio, ventilated=_ventilated(events, rows, oxygen, sources=sources))
    event = oxygen.pairs.most(points, oxygen.usable & ~np.isnan(ratio))
    most = np.zeros(rows.num_rows)
    np.maximum.at(most, oxygen.pairs.row, np.where(oxygen.usable, points, 0.0))
    return most, event < 0, of_events(oxygen.events, event)


def ratio_points(ratio: Floats, *, ventilated: Mask) -> Floats:
    """Return the points of a ratio in mmHg, 0 for none; 3 and 4 need invasive ventilation.

    >>> ratio_points(np.array([99.0, 99.0, 200.0, 400.0]), ventilated=np.arange(4) == 0).tolist()
    [4.0, 2.0, 2.0, 0.0]
    """
    with np.errstate(invalid="ignore"):
        alone = np.where(ratio < 300, 2.0, np.where(ratio < 400, 1.0, 0.0))
        machine = np.where(ratio < 100, 4.0, np.where(ratio < 200, 3.0, alone))
    return np.where(ventilated, machine, alone)


def _latest(samples: Readings, others: Readings) -> tuple[Floats, Ints]:
    """Return the newest other reading at or before each sample, and when it was taken."""
    order = others.pairs.oldest_first[others.usable[others.pairs.oldest_first]]
    marks = Marks(others.pairs.row[order], others.pairs.time[order])
    at = last_at_or_before(marks, Marks(samples.pairs.row, samples.pairs.time))
    value, time = np.append(others.value[order], np.nan), np.append(marks.time, _NOWHEN // 2)
    return value[at], time[at]


def _ventilated(
    events: pa.Table, rows: pa.Table, samples: Readings, *, sources: Mapping[str, SignalSpec]
) -> Mask:
    """Return which samples were taken while a machine breathed: after its start, before its end."""
    began, ended = (
        _latest(samples, Source(sources[name]).marks(events, rows, hours=_VENTILATION_HOURS))[1]
        for name in ("ventilation", "ventilation_end")
    )
    return (began > _NOWHEN // 2) & (began >= ended)
