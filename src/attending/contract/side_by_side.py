"""Old and new data side by side: rows, patients and means by source table, code and unit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.records.contract import InputComparison, InputSide
from attending.records.events import plain

if TYPE_CHECKING:
    from attending.records.snapshot import Snapshot

#: The columns of events that are read.
SIDE_COLUMNS = ("subject_id", "code", "numeric_value", "unit", "source")
_KEY = ("table", "code", "unit")
#: One row a table, code and unit of a shard; all counts and sums of shards add up.
PARTIAL_SIDE = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in _KEY),
        pa.field("rows", pa.int64()),
        pa.field("patients", pa.int64()),
        pa.field("numbers", pa.int64()),
        pa.field("total", pa.float64()),
    ]
)


def partial_side(events: pa.Table) -> pa.Table:
    """Return rows, patients, and count and sum of numbers of one shard."""
    rows = plain(events)
    columns = {
        "table": pc.replace_substring_regex(rows["source"], "^[^/]*/", ""),
        "code": rows["code"],
        "unit": rows["unit"],
        "subject": rows["subject_id"],
        "number": rows["numeric_value"].cast(pa.float64()),
    }
    asked = [
        ([], "count_all"),
        ("subject", "count_distinct"),
        ("number", "count"),
        ("number", "sum"),
    ]
    # One thread, so that sums are added in one order.
    found = pa.table(columns).group_by(list(_KEY), use_threads=False).aggregate(asked)
    names = ("count_all", "subject_count_distinct", "number_count", "number_sum")
    values = [found[name] for name in (*_KEY, *names)]
    return pa.table(values, names=PARTIAL_SIDE.names).cast(PARTIAL_SIDE)


def side_by_side(
    before: tuple[Snapshot, pa.Table], after: tuple[Snapshot, pa.Table]
) -> InputComparison:
    """Return two snapshots side by side.

    Args:
        before: what was accepted, and the partial counts of all its shards.
        after: what is asked for, and its partial counts.
    """
    (old, _), (new, _) = before, after
    there, here = _added(before[1]), _added(after[1])
    sides = [
        _side(key, there.get(key, _NOTHING), here.get(key, _NOTHING)) for key in {**there, **here}
    ]
    return InputComparison(
        before=old.digest,
        after=new.digest,
        source_before=f"{old.source_system} {old.source_version}",
        source_after=f"{new.source_system} {new.source_version}",
        patients_before=old.subjects,
        patients_after=new.subjects,
        sides=tuple(sorted(sides, key=lambda side: _rank(side, old.subjects, new.subjects))),
    )


_NOTHING = (0, 0, 0, 0.0)


def _added(partials: pa.Table) -> dict[tuple[str, str, str | None], tuple[int, int, int, float]]:
    found: dict[tuple[str, str, str | None], tuple[int, int, int, float]] = {}
    for row in partials.to_pylist():
        key = (row["table"], row["code"], row["unit"])
        rows, patients, numbers, total = found.get(key, _NOTHING)
        found[key] = (
            rows + row["rows"],
            patients + row["patients"],
            numbers + row["numbers"],
            total + (row["total"] or 0.0),
        )
    return found


def _side(
    key: tuple[str, str, str | None],
    there: tuple[int, int, int, float],
    here: tuple[int, int, int, float],
) -> InputSide:
    return InputSide(
        table=key[0],
        code=key[1],
        unit=key[2],
        rows_before=there[0],
        rows_after=here[0],
        patients_before=there[1],
        patients_after=here[1],
        mean_before=there[3] / there[2] if there[2] else None,
        mean_after=here[3] / here[2] if here[2] else None,
    )


def _rank(side: InputSide, before: int, after: int) -> tuple[int, float, int, str, str, str]:
    """Return what is gone first, then what is new; then by how much rows a patient changed."""
    place = ("gone", "new", "both").index(side.status)
    rows = side.rows_before + side.rows_after
    weight = float(rows)
    if side.status == "both":
        weight = abs(math.log(side.rows_after / after) - math.log(side.rows_before / before))
    return place, -weight, -rows, side.table, side.code, side.unit or ""
