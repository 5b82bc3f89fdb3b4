"""What could make patients known again in an export: counted by kind, never a value.

References:
    45 CFR 164.514(b)(2), Safe Harbor; the smallest group that is told, 11, is that of CMS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.identifiers import finish, look_through
from attending.records.events import BIRTH

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Fewer patients than this may not be told apart.
FEWEST = 11
_OLDEST_YEARS = 89
_YEAR_DAYS = 365.2425
_CODES = pa.schema([pa.field("code", pa.string()), pa.field("patients", pa.int64())])


class Quasi(NamedTuple):
    """One kind of quasi-identifier: in which column, and in how many rows or codes."""

    kind: str
    column: str
    n: int


def patients_by_code(events: pa.Table) -> pa.Table:
    """Return how many patients of a piece of whole patients have each code.

    >>> rows = pa.table({"subject_id": [1, 1, 2], "code": ["A", "A", "A"]})
    >>> patients_by_code(rows).to_pylist()
    [{'code': 'A', 'patients': 2}]
    """
    plain = events.select(["code", "subject_id"])
    plain = plain.set_column(0, "code", plain["code"].cast(pa.string()))
    counted = plain.group_by("code").aggregate([("subject_id", "count_distinct")])
    counts = [counted["code"], counted["subject_id_count_distinct"]]
    return pa.table(counts, schema=_CODES)


def rare_codes(counted: pa.Table) -> frozenset[str]:
    """Return the codes that fewer than eleven patients have, from the counts of all pieces."""
    summed = counted.group_by("code").aggregate([("patients", "sum")])
    few = summed.filter(pc.less(summed["patients_sum"], FEWEST))
    return frozenset(few["code"].to_pylist())


def found_in(events: pa.Table, *, rare: frozenset[str], dates_real: bool) -> tuple[Quasi, ...]:
    """Return what stands in events that could make a patient known again.

    Args:
        events: all that would be exported, or a piece of whole patients.
        rare: the codes that few patients have.
        dates_real: whether its instants are those of the calendar.
    """
    text = pc.sum(pc.is_valid(events["text_value"])).as_py() or 0
    rows = pc.sum(pc.is_valid(events["source_row"])).as_py() or 0
    codes = events["code"].cast(pa.string())
    hit = pc.is_in(codes, value_set=pa.array(sorted(rare), pa.string()))
    found = [
        Quasi("dates of the calendar", "time", events.num_rows if dates_real else 0),
        Quasi("free text", "text_value", text),
        Quasi("row numbers of the source", "source_row", rows),
        Quasi(f"codes of fewer than {FEWEST} patients", "code", pc.sum(hit).as_py() or 0),
        Quasi(f"births of patients older than {_OLDEST_YEARS}", "code", _old(events, codes)),
    ]
    scan = finish(look_through(events), snapshot="0" * 64, rows=events.num_rows)
    found += [Quasi(one.kind_of_identifier, one.column, one.rows) for one in scan.found]
    return tuple(one for one in found if one.n)


def _old(events: pa.Table, codes: pa.ChunkedArray) -> int:
    """Return how many births lie more than 89 years before the newest instant of all."""
    return pc.sum(_old_births(events, codes)).as_py() or 0


def suppressed(events: pa.Table, *, rare: frozenset[str]) -> pa.Table:
    """Return events without free text, source rows, rare codes and births of the very old."""
    codes = events["code"].cast(pa.string())
    hit = pc.is_in(codes, value_set=pa.array(sorted(rare), pa.string()))
    kept = events.filter(pc.invert(pc.or_(hit, _old_births(events, codes))))
    for name in ("text_value", "source_row"):
        place = kept.column_names.index(name)
        field = kept.schema.field(name)
        kept = kept.set_column(place, field, pa.nulls(kept.num_rows, field.type))
    return kept


def _old_births(events: pa.Table, codes: pa.ChunkedArray) -> pa.ChunkedArray:
    time = events["time"].cast(pa.int64())
    newest = pc.max(time).as_py() or 0
    earliest = newest - round((_OLDEST_YEARS + 1) * _YEAR_DAYS * 86_400_000_000)
    old = pc.and_(pc.equal(codes, BIRTH), pc.less(time, earliest))
    return pc.fill_null(old, fill_value=False)


def summed(parts: Sequence[tuple[Quasi, ...]]) -> tuple[Quasi, ...]:
    """Return what was found in all pieces, in order."""
    found: dict[tuple[str, str], int] = {}
    for one in (each for part in parts for each in part):
        found[one.kind, one.column] = found.get((one.kind, one.column), 0) + one.n
    return tuple(Quasi(kind, column, n) for (kind, column), n in sorted(found.items()))
