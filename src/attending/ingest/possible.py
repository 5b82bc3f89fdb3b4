"""Times that cannot be: no offset, an epoch, before birth, after the delivery, outside the stay.

A row with such a time is quarantined, never moved: only its source knows what was meant. A whole
site whose rows stand outside their stays has another clock than it says, and is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import Refused
from attending.ingest.cells import NO_TIME, Column, instants, is_true, micros
from attending.times import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.ingest.rows import Rows
    from attending.types import Ints, Mask

#: Days that systems write for "no date": of mainframes, spreadsheets, Unix, and the end of years.
EPOCHS = ("1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01", "9999-12-31")
#: From this share of a site's rows on, another clock is meant; fewer are single slips.
MOST_OUTSIDE = 0.05
_LEAST_ROWS = 20
_OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True)
class Lives:
    """When each patient was born, and until when the source tells.

    Attributes:
        ids: the source's ids of patients.
        born: microseconds, `NO_TIME` where not known.
        until: microseconds; the moment of the extract, None when it does not say.
    """

    ids: pa.Array
    born: Ints
    until: int | None = None

    @classmethod
    def of(cls, people: Rows, *, until: str | None) -> Lives:
        """Return the lives that a table of patients tells."""
        told = micros(instants(pa.chunked_array([[until]])))[0] if until else NO_TIME
        return cls(
            people.text("patient_id").combine_chunks(),
            micros(people.instant("birth_date")),
            None if told == NO_TIME else int(told),
        )

    def born_of(self, ids: Column) -> Ints:
        """Return when each patient was born."""
        place = np.asarray(pc.fill_null(pc.index_in(ids, value_set=self.ids), -1))
        return np.where(place < 0, NO_TIME, self.born[place])


def quarantine_impossible(rows: Rows, clocks: Sequence[str], *, lives: Lives) -> None:
    """Quarantine the rows of which a time cannot be.

    Args:
        rows: of one table, with a `patient_id`.
        clocks: its columns of instants that had come when they were written.
        lives: births, and the moment of the extract.
    """
    for column in clocks:
        given = is_true(rows.instant(column).is_valid())
        plain = ~is_true(pc.match_substring_regex(rows.text(column), _OFFSET))
        rows.quarantine(given & plain, "no_offset")
        rows.quarantine(_epoch(micros(rows.instant(column))), "epoch_date")
        time = micros(rows.instant(column))
        before = (time != NO_TIME) & (time < lives.born_of(rows.text("patient_id")))
        rows.quarantine(before, "before_birth")
        if lives.until is not None:
            rows.quarantine(micros(rows.instant(column)) > lives.until, "future_time")


def _epoch(time: Ints) -> Mask:
    days = np.array(EPOCHS, dtype="datetime64[D]").astype("datetime64[us]").astype(np.int64)
    given = np.where(time == NO_TIME, 1, time)
    return np.asarray(np.isin(given - given % DAY, days) & (time != NO_TIME), dtype=np.bool_)


def require_inside_stays(rows: Rows, stays: Rows, *, clock: str) -> None:
    """Refuse a delivery in which a site's bedside rows stand outside their stays.

    Args:
        rows: what can only be taken while the patient is there, with `encounter_id` and `site`.
        stays: encounters with `admitted_at` and `discharged_at`.
        clock: the column of `rows` that says when.

    Raises:
        Refused: naming each such site with its figures.
    """
    place = pc.index_in(
        rows.text("encounter_id"), value_set=stays.text("encounter_id").combine_chunks()
    )
    known = is_true(place.is_valid())
    at = np.asarray(pc.fill_null(place, 0))
    first, last = (micros(stays.instant(name)) for name in ("admitted_at", "discharged_at"))
    if not len(first):
        return
    time = micros(rows.instant(clock))
    known &= (time != NO_TIME) & (first[at] != NO_TIME)
    gone = (last[at] != NO_TIME) & (time > last[at])
    outside = known & ((time < first[at]) | gone)
    found = dict(_sites(rows.text("site"), known, outside))
    odd = {name: n for name, n in found.items() if n[0] >= max(1, MOST_OUTSIDE * n[1])}
    if odd:
        told = "; ".join(f"{name}: {n[0]} of {n[1]}" for name, n in sorted(odd.items()))
        raise Refused(
            f"rows of {rows.name} stand before their stay began or after it ended ({told})",
            code="ingest.clock_shifted",
            hint="Ask the site which time zone it writes; nothing of the delivery was taken in.",
            where=f"{rows.name}.csv:{clock}",
        )


def _sites(site: Column, known: Mask, outside: Mask) -> list[tuple[str, tuple[int, int]]]:
    names = np.asarray(pc.fill_null(site, ""), dtype=object)
    rows = [(name, known & (names == name)) for name in sorted(set(names.tolist()))]
    return [
        (name, (int((outside & mine).sum()), int(mine.sum())))
        for name, mine in rows
        if mine.sum() >= _LEAST_ROWS
    ]
