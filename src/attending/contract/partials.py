"""Count every rule over one shard; counts of shards add up, so no shard needs another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.codes import matching
from attending.times import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.contract.rules import Rule
    from attending.types import Mask

#: `bin` is the latency in whole minutes, rounded up; 0 for other rules.
PARTIAL = pa.schema(
    [
        pa.field("rule", pa.string()),
        pa.field("bin", pa.int64()),
        pa.field("rows", pa.int64()),
        pa.field("hits", pa.int64()),
    ]
)


def partial(events: pa.Table, *, rules: Sequence[Rule]) -> pa.Table:
    """Return the counts of one shard: rows that a rule is about, and how many break it."""
    parts = [PARTIAL.empty_table()]
    for rule in rules:
        if rule.kind == "text":
            continue
        meant = events if not rule.codes else events.filter(matching(events["code"], rule.codes))
        parts.append(_COUNTS[rule.kind](meant, rule))
    return pa.concat_tables(parts)


def merged(partials: pa.Table) -> pa.Table:
    """Return the counts of all shards together, in the order of rule and bin."""
    sums = partials.group_by(["rule", "bin"]).aggregate([("rows", "sum"), ("hits", "sum")])
    table = sums.rename_columns({"rows_sum": "rows", "hits_sum": "hits"}).select(PARTIAL.names)
    return table.sort_by([("rule", "ascending"), ("bin", "ascending")])


def columns_of(rules: Sequence[Rule]) -> list[str]:
    """Return the columns of events that the rules read."""
    found = {"subject_id", "time", "code", "known_at"}
    for rule in rules:
        found |= {rule.column, *rule.properties} - {""}
        if rule.column == "unit":
            found.add("numeric_value")
    return sorted(found)


def _row(rule: Rule, rows: int, hits: int) -> pa.Table:
    return pa.Table.from_pylist(
        [{"rule": rule.name, "bin": 0, "rows": rows, "hits": hits}], schema=PARTIAL
    )


def _nulls(events: pa.Table, rule: Rule) -> pa.Table:
    return _row(rule, events.num_rows, events[rule.column].null_count)


def _invalid(events: pa.Table, rule: Rule) -> pa.Table:
    """Count values outside a list, a pattern or a range; a number without its unit is invalid."""
    column = events[rule.column]
    if rule.column == "unit":
        column = column.filter(events["numeric_value"].is_valid())
    else:
        column = column.drop_null()
    good = np.ones(len(column), dtype=np.bool_)
    if rule.valid:
        good &= _mask(pc.is_in(column, value_set=pa.array(rule.valid, type=column.type)))
    if rule.pattern:
        good &= _mask(pc.match_substring_regex(column, rule.pattern))
    if rule.minimum is not None:
        good &= _mask(pc.greater_equal(column.cast(pa.float64()), rule.minimum))
    if rule.maximum is not None:
        good &= _mask(pc.less_equal(column.cast(pa.float64()), rule.maximum))
    return _row(rule, len(column), int((~good).sum()))


def _duplicates(events: pa.Table, rule: Rule) -> pa.Table:
    names = list(rule.properties)
    distinct = events.select(names).group_by(names).aggregate([]).num_rows
    return _row(rule, events.num_rows, events.num_rows - distinct)


def _count(events: pa.Table, rule: Rule) -> pa.Table:
    return _row(rule, events.num_rows, 0)


def _order(events: pa.Table, rule: Rule) -> pa.Table:
    broken = _mask(pc.less(events["known_at"], events["time"]))
    return _row(rule, events["time"].length() - events["time"].null_count, int(broken.sum()))


def _future(events: pa.Table, rule: Rule) -> pa.Table:
    if rule.after is None:
        return _row(rule, 0, 0)
    late = _mask(pc.greater(events["time"].cast(pa.int64()), rule.after))
    return _row(rule, events.num_rows, int(late.sum()))


def _latency(events: pa.Table, rule: Rule) -> pa.Table:
    """Count rows by how many minutes after happening they were known."""
    lag = pc.subtract(events["known_at"].cast(pa.int64()), events["time"].cast(pa.int64()))
    minutes = -(-np.asarray(lag.drop_null(), dtype=np.int64) // MINUTE)
    bins, rows = np.unique(np.maximum(minutes, 0), return_counts=True)
    return pa.Table.from_arrays(
        [
            pa.repeat(pa.scalar(rule.name), len(bins)),
            pa.array(bins),
            pa.array(rows),
            pa.array(np.zeros(len(bins), dtype=np.int64)),
        ],
        schema=PARTIAL,
    )


def quantile_minutes(bins: pa.Table, share: float) -> int | None:
    """Return the least minute by which at least `share` of the rows were known, None without rows.

    >>> counts = {"rule": ["r", "r"], "bin": [5, 90], "rows": [95, 5], "hits": [0, 0]}
    >>> quantile_minutes(pa.table(counts, schema=PARTIAL), 0.95)
    5
    """
    rows = np.cumsum(np.asarray(bins["rows"], dtype=np.int64))
    if not len(rows) or rows[-1] == 0:
        return None
    place = int(np.searchsorted(rows, math.ceil(share * int(rows[-1]))))
    return int(bins["bin"][place].as_py())


def _mask(condition: pa.ChunkedArray) -> Mask:
    return np.asarray(pc.fill_null(condition, False), dtype=np.bool_)  # noqa: FBT003 - arrow


_COUNTS: dict[str, Callable[[pa.Table, Rule], pa.Table]] = {
    "null": _nulls,
    "invalid": _invalid,
    "duplicate": _duplicates,
    "count": _count,
    "order": _order,
    "future": _future,
    "latency": _latency,
}
