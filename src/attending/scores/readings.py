"""Readings of bedside signals: the newest visible one, or all of the last hours, in one unit.

A value in a unit that the signal does not know, or outside what a living patient can have, is left
out as if it were not there: it is never guessed and never rescaled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.scores.evidence import Evidence, of_events
from attending.scores.packaged import signals
from attending.scores.pairs import Pairs, pair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.scores.protocol import Setting
    from attending.specs.signals import SignalSpec
    from attending.types import Floats, Ints, Mask


@dataclass(frozen=True)
class Reading:
    """One value for each prediction row, NaN for none, and the event that it is."""

    value: Floats
    evidence: Evidence

    @property
    def missing(self) -> Mask:
        """Return where there is none."""
        return np.isnan(self.value)


@dataclass(frozen=True)
class Readings:
    """All usable readings of a window: pairs with prediction rows, and their values."""

    events: pa.Table
    pairs: Pairs
    value: Floats
    usable: Mask

    def newest(self) -> Reading:
        """Return the newest of each prediction row."""
        return self._at(self.pairs.newest(self.usable))

    def extreme(self, *, largest: bool) -> Reading:
        """Return the largest or the smallest of each prediction row; ties go to the newest."""
        sign = 1.0 if largest else -1.0
        return self._at(self.pairs.most(sign * self.value, self.usable))

    def _at(self, event: Ints) -> Reading:
        by_event = np.full(self.events.num_rows + 1, np.nan)
        by_event[self.pairs.event[self.usable]] = self.value[self.usable]
        return Reading(by_event[event], of_events(self.events, event))


@dataclass(frozen=True)
class Source:
    """Where the readings of one signal come from."""

    signal: SignalSpec

    def within(self, events: pa.Table, rows: pa.Table, *, hours: float) -> Readings:
        """Return the visible readings of (prediction - hours, prediction]."""
        own = self._own(events)
        pairs = pair(own, rows, within=round(hours * 3_600_000_000))
        return self._readings(own, pairs, pairs.visible)

    def marks(self, events: pa.Table, rows: pa.Table, *, hours: float) -> Readings:
        """Return the visible marks of the last hours: rows that count whatever their number is."""
        own = self._own(events)
        pairs = pair(own, rows, within=round(hours * 3_600_000_000))
        return Readings(own, pairs, np.ones(len(pairs.row)), pairs.visible)

    def newest(self, events: pa.Table, rows: pa.Table, *, since_start: bool) -> Reading:
        """Return the newest visible reading, of this stay alone where that is asked."""
        own = self._own(events)
        pairs = pair(own, rows)
        usable = pairs.visible & (pairs.time <= pairs.at)
        if since_start:
            of_stay = (pairs.event_stay == pairs.stay) & (pairs.stay >= 0)
            usable &= of_stay | (pairs.time >= pairs.start)
        return self._readings(own, pairs, usable).newest()

    def _own(self, events: pa.Table) -> pa.Table:
        return events.filter(
            pc.is_in(events["code"], value_set=pa.array(self.signal.codes, pa.string()))
        )

    def _readings(self, own: pa.Table, pairs: Pairs, usable: Mask) -> Readings:
        value = self._values(own)[pairs.event]
        return Readings(own, pairs, value, usable & ~np.isnan(value))

    def _values(self, own: pa.Table) -> Floats:
        """Return the number of every event in the signal's unit, NaN where it cannot be used."""
        value = own["numeric_value"].cast(pa.float64()).to_numpy()
        made = np.full(own.num_rows, np.nan)
        unit = np.asarray(pc.fill_null(own["unit"].cast(pa.string()), "").to_pylist(), dtype=object)
        bare = self.signal.unitless
        ours = (unit == self.signal.unit) | ((unit == "") & bare)
        made[ours] = value[ours]
        for other in self.signal.also:
            theirs = unit == other.unit
            made[theirs] = value[theirs] * other.factor + other.offset
        if self.signal.words:
            told = np.isnan(value)
            made[told] = self._told(own)[told]
        low, high = self.signal.plausible.low, self.signal.plausible.high
        with np.errstate(invalid="ignore"):
            return np.where((made >= low) & (made <= high), made, np.nan)

    def _told(self, own: pa.Table) -> Floats:
        words = pc.fill_null(own["text_value"].cast(pa.string()), "").to_pylist()
        known = self.signal.words
        return np.array([known.get(word.strip().lower(), np.nan) for word in words], np.float64)


def codes_asked(text: str) -> tuple[str, ...]:
    """Return event codes that are parted by commas.

    >>> codes_asked("LOCAL//HR, LOCAL//PULSE")
    ('LOCAL//HR', 'LOCAL//PULSE')
    """
    return tuple(code.strip() for code in text.split(",") if code.strip())


def signal_asked(name: str, asked: Mapping[str, Setting]) -> SignalSpec:
    """Return a packaged signal, read from the codes that a score's parameter of its name gives."""
    return signals().signal(name, codes=codes_asked(str(asked.get(name, ""))))
