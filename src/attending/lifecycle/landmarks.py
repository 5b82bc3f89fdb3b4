"""What a join on event time alone would let in from the future, counted at a landmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.landmark import not_yet_known
from attending.lifecycle.engines import engine_over
from attending.records.events import ADMISSION, DISCHARGE, plain
from attending.times import parse_length

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held

_CLASSES = ("INPATIENT", "OBSERVATION")
_COLUMNS = ("subject_id", "encounter_id", "time", "known_at", "code")


@dataclass(frozen=True)
class Hidden:
    """Rows of stays that have happened at the landmark and are not yet known.

    Attributes:
        rows: those whose availability the source recorded.
        assumed_rows: further rows whose availability is a declared lag, as the source has none.
    """

    stays: int
    rows: int
    stays_with_rows: int
    assumed_rows: int


def hidden_at(
    desk: Desk, source: Held, *, after: int, codes: str, stay_at_least: int = 0
) -> Hidden:
    """Return how many rows have happened at a landmark in the stay and nobody can see yet.

    Args:
        desk: where it is read.
        source: the snapshot.
        after: microseconds from admission to the landmark.
        codes: the prefix of the codes to count, such as `MIMICIV_LAB//`.
        stay_at_least: leave out stays that ended sooner after admission, microseconds.
    """
    assumed = pa.array(_assumed_lags(source), type=pa.int64())

    def work(events: pa.Table) -> pa.Table:
        rows = plain(events)
        stays = _stays(rows, after=after, stay_at_least=stay_at_least)
        every = not_yet_known(rows, stays, code_prefix=codes)
        lag = pc.subtract(rows["known_at"].cast(pa.int64()), rows["time"].cast(pa.int64()))
        recorded = rows.filter(pc.invert(pc.is_in(lag, value_set=assumed)))
        told = not_yet_known(recorded, stays, code_prefix=codes)
        return pa.table({"rows": told["rows"], "every": every["rows"]})

    wanted = [f"{codes}*", f"{ADMISSION}*", f"{DISCHARGE}*"]
    found = engine_over(desk, source).map(work, codes=wanted, columns=_COLUMNS)
    return Hidden(
        stays=found.num_rows,
        rows=int(pc.sum(found["rows"]).as_py() or 0),
        stays_with_rows=int(pc.sum(pc.greater(found["rows"], 0)).as_py() or 0),
        assumed_rows=int(pc.sum(pc.subtract(found["every"], found["rows"])).as_py() or 0),
    )


def _assumed_lags(source: Held) -> list[int]:
    """Return the lags, in microseconds, that stand in where the source stored no time."""
    rules = {item.rule for item in source.snapshot.availability if item.assumed}
    return [
        parse_length(rule[4:])
        for rule in sorted(rules)
        if rule.startswith("lag:") and rule[4:5].isdigit()
    ]


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
