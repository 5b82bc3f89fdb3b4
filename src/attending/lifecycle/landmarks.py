"""What a join on event time alone would let in from the future, counted at a landmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.local import LocalEngine
from attending.ingest.landmark import not_yet_known
from attending.records.events import ADMISSION, DISCHARGE, plain

if TYPE_CHECKING:
    from attending.lifecycle.ingesting import Held

_CLASSES = ("INPATIENT", "OBSERVATION", "ICU")
_COLUMNS = ("subject_id", "encounter_id", "time", "known_at", "code")


@dataclass(frozen=True)
class Hidden:
    """Rows of stays that have happened at the landmark and are not yet known."""

    stays: int
    rows: int
    stays_with_rows: int


def hidden_at(source: Held, *, after: int, codes: str, stay_at_least: int = 0) -> Hidden:
    """Return how many rows have happened at a landmark in the stay and nobody can see yet.

    Args:
        source: the snapshot.
        after: microseconds from admission to the landmark.
        codes: the prefix of the codes to count, such as `MIMICIV_LAB//`.
        stay_at_least: leave out stays that ended sooner after admission, microseconds.
    """

    def work(events: pa.Table) -> pa.Table:
        rows = plain(events)
        stays = _stays(rows, after=after, stay_at_least=stay_at_least)
        return not_yet_known(rows, stays, code_prefix=codes).select(["encounter_id", "rows"])

    wanted = [f"{codes}*", f"{ADMISSION}*", f"{DISCHARGE}*"]
    found = LocalEngine(source.shards).map(work, codes=wanted, columns=_COLUMNS)
    return Hidden(
        stays=found.num_rows,
        rows=int(pc.sum(found["rows"]).as_py() or 0),
        stays_with_rows=int(pc.sum(pc.greater(found["rows"], 0)).as_py() or 0),
    )


def _stays(events: pa.Table, *, after: int, stay_at_least: int) -> pa.Table:
    """Return one row a stay, with the landmark as its prediction time."""
    begun, ended = _ends(events, ADMISSION), _ends(events, DISCHARGE)
    stays = begun.join(ended, keys="encounter_id", right_suffix="_out")
    length = pc.subtract(stays["time_out"].cast(pa.int64()), stays["time"].cast(pa.int64()))
    long_enough = pc.fill_null(pc.greater_equal(length, stay_at_least), fill_value=True)
    kept = stays.filter(long_enough) if stay_at_least else stays
    at = pc.add(kept["time"].cast(pa.int64()), after).cast(pa.timestamp("us"))
    return pa.table(
        {
            "subject_id": kept["subject_id"],
            "encounter_id": kept["encounter_id"],
            "prediction_time": at,
        }
    )


def _ends(events: pa.Table, prefix: str) -> pa.Table:
    wanted = pa.array([prefix + name for name in _CLASSES])
    return events.filter(pc.is_in(events["code"], value_set=wanted)).select(
        ["subject_id", "encounter_id", "time"]
    )
