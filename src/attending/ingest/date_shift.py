"""Move each patient's instants by whole weeks of their own, so that no date is the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.engines.tables import instants, micros
from attending.keys import derive, weeks_earlier
from attending.times import DAY

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.types import Ints

#: Columns of events that hold an instant; births are rows like others.
CLOCKS = ("time", "known_at", "superseded_at")
_WEEK = 7 * DAY
_NONE = np.iinfo(np.int64).min


class DateShift:
    """Moves events by the offset of their patient: 1 to 104 whole weeks earlier.

    The offset comes of a key alone and is kept nowhere; a later delivery has the same one.

    Args:
        key: the home's key of pseudonyms; the key of offsets is derived from it.

    >>> shift = DateShift(b"k" * 32)
    >>> one, same = shift.micros(np.array([7, 7])).tolist()
    >>> one == same, one % (7 * DAY), -104 * 7 * DAY <= one < 0
    (True, 0, True)
    """

    def __init__(self, key: bytes) -> None:
        self._key = derive(key, "date-shift")
        self._weeks: dict[int, int] = {}

    def micros(self, subjects: Ints) -> Ints:
        """Return how far each patient's instants move, in microseconds; below nought is earlier."""
        alone, place = np.unique(subjects, return_inverse=True)
        weeks = [self._of(int(subject)) for subject in alone]
        return -np.array(weeks, dtype=np.int64)[place] * _WEEK

    def moved(self, events: pa.Table) -> pa.Table:
        """Return events with all their instants moved; a null stays null."""
        if not events.num_rows:
            return events
        by = self.micros(np.asarray(events["subject_id"], dtype=np.int64))
        for name in CLOCKS:
            at = micros(events[name], null=_NONE)
            there = np.where(at == _NONE, _NONE, at + by)
            field = events.schema.field(name)
            events = events.set_column(
                events.schema.get_field_index(name), field, instants(there, null=_NONE)
            )
        return events

    def _of(self, subject: int) -> int:
        if subject not in self._weeks:
            self._weeks[subject] = weeks_earlier(self._key, subject)
        return self._weeks[subject]
