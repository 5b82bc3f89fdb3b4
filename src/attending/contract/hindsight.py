"""The gate `leak.hindsight`: a column that holds what only the end of the record could tell.

A count of all admissions, a flag that the patient died, the length of a stay that still goes on:
extracts carry such columns without a date. Each feature is held against figures of the whole
record and of the record so far; it is refused where it follows the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.row_gates import COUNTS
from attending.records.events import ADMISSION, DEATH, DISCHARGE
from attending.records.gates import GateFinding
from attending.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attending.types import Floats, Ints

#: The codes that a shard must be read with.
CODES = (f"{ADMISSION}*", f"{DISCHARGE}*", DEATH, f"{DEATH}//*")
_GATE = "leak.hindsight"
_LIMIT = 0.9
_LEAST = 20
_TOLERANCE = 0.01
_BEDS = ("INPATIENT", "OBSERVATION")
_WHOLE = (
    "all stays of the record",
    "all stays in a bed",
    "whether the patient died",
    "hours of the whole stay",
    "days of the whole stay",
)


class _Told(NamedTuple):
    """One figure at every prediction: of the whole record, and of the record so far."""

    whole: Floats
    so_far: Floats


def partial_hindsight(
    events: pa.Table, predictions: pa.Table, *, features: Sequence[str]
) -> pa.Table:
    """Return, for one shard, where features follow the whole record and not the record so far.

    Args:
        events: the rows of `CODES`.
        predictions: subject_id, encounter_id, prediction_time and one column for each feature.
        features: their names.

    Returns:
        Counts that add up; bucket 2 k is where the two figures differ, 2 k + 1 where they agree.
    """
    own = predictions.filter(
        pc.is_in(predictions["subject_id"], value_set=pc.unique(events["subject_id"]))
    )
    rows = []
    for number, told in enumerate(_figures(events, own)):
        with np.errstate(invalid="ignore"):
            differ = ~np.isclose(told.whole, told.so_far, rtol=_TOLERANCE, equal_nan=True)
        for name in features:
            value = np.asarray(own[name].cast(pa.float64()).to_numpy(), np.float64)
            follows = np.isclose(value, told.whole, rtol=_TOLERANCE)
            for bucket, part in ((2 * number, differ), (2 * number + 1, ~differ)):
                hits = int((follows & part & ~np.isnan(value)).sum())
                seen = int((part & ~np.isnan(told.whole)).sum())
                rows.append(
                    {"gate": _GATE, "feature": name, "bucket": bucket, "hits": hits, "rows": seen}
                )
    return pa.Table.from_pylist(rows, schema=COUNTS)


def judge_hindsight(partials: pa.Table, *, features: Sequence[str]) -> tuple[GateFinding, ...]:
    """Return one finding for every feature: the figure that it follows best."""
    summed = partials.group_by(["feature", "bucket"]).aggregate([("hits", "sum"), ("rows", "sum")])
    found: dict[tuple[str, int], tuple[int, int]] = {
        (row["feature"], row["bucket"]): (row["hits_sum"], row["rows_sum"])
        for row in summed.to_pylist()
    }
    return tuple(_judge(name, found) for name in features)


def _judge(name: str, found: dict[tuple[str, int], tuple[int, int]]) -> GateFinding:
    best, which, rows = 0.0, 0, 0
    for number in range(len(_WHOLE)):
        hits, differing = found.get((name, 2 * number), (0, 0))
        agree, agreeing = found.get((name, 2 * number + 1), (0, 0))
        if differing < _LEAST:
            continue
        share = min(hits / differing, agree / agreeing if agreeing >= _LEAST else 1.0)
        rows = max(rows, differing)
        if share > best:
            best, which = share, number
    refused = best >= _LIMIT
    return GateFinding(
        gate=_GATE,
        feature=name,
        answer="refused" if refused else "met",
        whose="data_engineer",
        figure=round(best, 6),
        limit=_LIMIT,
        rows=rows,
        reason=f"at {best:.0%} of the predictions it equals {_WHOLE[which]}, which nobody could "
        "know by then"
        if refused
        else "",
        hint="Ask when the column is filled in; compute it from rows with both clocks."
        if refused
        else "",
    )


def _figures(events: pa.Table, own: pa.Table) -> Iterator[_Told]:
    subject, at = _ints(own["subject_id"]), _ints(own["prediction_time"])
    admissions = events.filter(pc.starts_with(events["code"], ADMISSION))
    yield _counted(admissions, subject, at)
    beds = pc.is_in(
        admissions["code"], value_set=pa.array([f"{ADMISSION}{name}" for name in _BEDS])
    )
    yield _counted(admissions.filter(beds), subject, at)
    deaths = _counted(events.filter(pc.starts_with(events["code"], DEATH)), subject, at)
    yield _Told(np.minimum(deaths.whole, 1.0), np.minimum(deaths.so_far, 1.0))
    yield _stay_length(events, own, length=HOUR)
    yield _stay_length(events, own, length=DAY)


def _counted(rows: pa.Table, subject: Ints, at: Ints) -> _Told:
    """Return how many rows a subject has in all, and how many by the prediction."""
    whose, when = _ints(rows["subject_id"]), _ints(rows["time"])
    order = np.lexsort((when, whose))
    whose, when = whose[order], when[order]
    first = np.searchsorted(whose, subject, side="left")
    last = np.searchsorted(whose, subject, side="right")
    so_far = np.zeros(len(subject))
    for number, (low, high) in enumerate(zip(first, last, strict=True)):
        so_far[number] = np.searchsorted(when[low:high], at[number], side="right")
    return _Told((last - first).astype(np.float64), so_far)


def _stay_length(events: pa.Table, own: pa.Table, *, length: int) -> _Told:
    """Return the length of the stay in which a prediction lies, whole and so far."""
    told = []
    for prefix in (ADMISSION, DISCHARGE):
        rows = events.filter(pc.starts_with(events["code"], prefix))
        ends = rows.select(["encounter_id", "time"]).group_by("encounter_id")
        table = ends.aggregate([("time", "min" if prefix == ADMISSION else "max")])
        place = pc.index_in(own["encounter_id"], value_set=table["encounter_id"].combine_chunks())
        time = table.column(table.num_columns - 1).cast(pa.int64()).take(place)
        told.append(np.asarray(time.cast(pa.float64()).to_numpy(), np.float64))
    start, end = told
    at = _ints(own["prediction_time"]).astype(np.float64)
    return _Told((end - start) / length, (np.minimum(end, at) - start) / length)


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.cast(pa.int64()), dtype=np.int64)
