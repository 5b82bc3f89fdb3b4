"""The counts of a piece of events, which add up: no shard needs another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.contract.rules import Rule
    from attending.types import Ints

#: `bin` is the latency in whole minutes, rounded up, the day, the minute of the newest row, or a
#: number that stands for a distinct row; 0 for other rules.
PARTIAL = pa.schema(
    [
        pa.field("rule", pa.string()),
        pa.field("bin", pa.int64()),
        pa.field("rows", pa.int64()),
        pa.field("hits", pa.int64()),
    ]
)


def partial_rows(
    names: Sequence[str],
    bins: Sequence[int] | Ints,
    rows: Sequence[int] | Ints,
    *,
    hits: Sequence[int] | Ints,
) -> pa.Table:
    """Return counts as a table: one row a rule and bin."""
    columns = [pa.array(names, pa.string()), *(pa.array(one, pa.int64()) for one in (bins, rows))]
    return pa.Table.from_arrays([*columns, pa.array(hits, pa.int64())], schema=PARTIAL)


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
        if rule.sites:
            found.add("site")
    return sorted(found)


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


def by_day(bins: pa.Table, days: pa.Table) -> Ints:
    """Return the rows of every whole day: the first and the last day of all rows are not whole.

    Args:
        bins: one row a day of the rule's rows.
        days: one row a day of all rows, whatever their code.

    >>> all_days = pa.table({"rule": [""] * 2, "bin": [1, 5], "rows": [9, 9], "hits": [0, 0]})
    >>> own = pa.table({"rule": ["r"], "bin": [3], "rows": [4], "hits": [0]})
    >>> by_day(own, all_days).tolist()
    [0, 4, 0]
    """
    if not days.num_rows:
        return np.empty(0, np.int64)
    first, last = int(days["bin"][0].as_py()) + 1, int(days["bin"][-1].as_py())
    counts = np.zeros(max(last - first, 0), np.int64)
    places = np.asarray(bins["bin"], dtype=np.int64) - first
    inside = (places >= 0) & (places < len(counts))
    counts[places[inside]] = np.asarray(bins["rows"], dtype=np.int64)[inside]
    return counts
