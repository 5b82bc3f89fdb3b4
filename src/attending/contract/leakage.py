"""The gate `leak.availability`: does a feature rest on rows that nobody could see yet?

Rows that are merely late are invisible and counted. A feature is refused when it asks for event
time, when its source is declared to be known only after the stay and the index lies inside it, or
when too often the newest row of its window was not yet known.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.codes import matching, means
from attending.records.contract import FeatureLeak, LeakReport
from attending.records.events import DISCHARGE
from attending.times import HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from attending.types import Ints

#: At this share of the predictions with a row, or more, the newest row unknown is a leak.
LIMIT = 0.5
#: `gap` is how many whole minutes later the newest row came, -1 when it was known.
LEAKS = pa.schema(
    [
        pa.field("feature", pa.string()),
        pa.field("source", pa.string()),
        pa.field("gap", pa.int64()),
        pa.field("predictions", pa.int64()),
        pa.field("inside_stay", pa.int64()),
        pa.field("with_row", pa.int64()),
    ]
)
_KNOWN = -1
_AFTER_STAY = ("encounter_end", "never")


@dataclass(frozen=True)
class FeatureUse:
    """What a feature reads: codes (a prefix ends in `*`), how far back, and by which clock."""

    name: str
    codes: tuple[str, ...]
    window_us: int | None = None
    clock: Literal["availability", "event"] = "availability"


def codes_needed(features: Sequence[FeatureUse]) -> list[str]:
    """Return the codes that a shard must be read with: the features' own, and discharges.

    >>> codes_needed([FeatureUse("creatinine", ("LOINC//2160-0",))])
    ['ENCOUNTER//DISCHARGE//*', 'LOINC//2160-0']
    """
    return sorted({code for feature in features for code in feature.codes} | {f"{DISCHARGE}*"})


def partial_availability(
    events: pa.Table, predictions: pa.Table, *, features: Sequence[FeatureUse]
) -> pa.Table:
    """Return, for one shard, how often each feature's newest row was not yet known.

    Args:
        events: the events of one shard, of the codes needed.
        predictions: subject_id, encounter_id and prediction_time; subjects of other shards are
            left out here and counted there.
        features: what to look at.

    Returns:
        Counts that add up over shards: feature, source, gap, predictions, inside_stay, with_row.
    """
    own = predictions.filter(
        pc.is_in(predictions["subject_id"], value_set=pc.unique(events["subject_id"]))
    )
    inside = int(_inside_stay(events, own).sum())
    parts = [LEAKS.empty_table()]
    # Summaries of one result over one window follow each other: its newest rows are found once.
    for (codes, window_us), alike in groupby(features, key=lambda one: (one.codes, one.window_us)):
        rows = events.filter(matching(events["code"], codes))
        rows = rows.filter(rows["time"].is_valid())
        found, gap = _newest(rows, own, window_us=window_us)
        sources = rows["source"].take(pa.array(found))
        for feature in alike:
            parts.append(_counts(feature, own.num_rows, inside))
            parts.append(_gaps(feature, sources, gap))
    return pa.concat_tables(parts).combine_chunks()


def finish(
    partials: pa.Table,
    *,
    features: Sequence[FeatureUse],
    declared: Mapping[str, str],
    limit: float = LIMIT,
) -> LeakReport:
    """Return the verdict on every feature.

    Args:
        partials: the counts of all shards.
        features: what was looked at.
        declared: availability rule by table or code prefix: the snapshot's, then the contract's.
        limit: 0 < limit <= 1; the share of predictions from which late is a leak.
    """
    whole = partials.combine_chunks()
    return LeakReport(
        limit=limit,
        features=tuple(
            _judge(feature, whole, declared=declared, limit=limit) for feature in features
        ),
    )


def availability(
    events: Sequence[pa.Table],
    predictions: pa.Table,
    *,
    features: Sequence[FeatureUse],
    declared: Mapping[str, str],
    limit: float = LIMIT,
) -> LeakReport:
    """Return the report for shards that are at hand."""
    partials = [partial_availability(shard, predictions, features=features) for shard in events]
    whole = pa.concat_tables([LEAKS.empty_table(), *partials])
    return finish(whole, features=features, declared=declared, limit=limit)


def _judge(
    feature: FeatureUse, partials: pa.Table, *, declared: Mapping[str, str], limit: float
) -> FeatureLeak:
    own = partials.filter(pc.equal(partials["feature"], feature.name))
    late = own.filter(pc.greater(own["gap"], _KNOWN))
    with_row, unknown = _total(own, "with_row"), _total(late, "with_row")
    sources = tuple(sorted(set(own["source"].drop_null().to_pylist())))
    found = FeatureLeak(
        feature=feature.name,
        codes=feature.codes,
        clock=feature.clock,
        sources=sources,
        declared=_rules(feature, sources, declared),
        predictions=_total(own, "predictions"),
        inside_stay=_total(own, "inside_stay"),
        with_row=with_row,
        newest_unknown=unknown,
        share=unknown / with_row if with_row else None,
        median_gap_hours=_median_hours(late),
        verdict="met" if with_row else "not_shown",
    )
    reasons = tuple(_reasons(found, limit))
    return found.model_copy(update={"reasons": reasons, "verdict": "failed"}) if reasons else found


def _reasons(found: FeatureLeak, limit: float) -> Iterator[str]:
    if found.clock == "event":
        yield "it asks for event time instead of availability"
    after = [rule for rule in found.declared if rule.startswith(_AFTER_STAY)]
    if after and found.inside_stay:
        yield (
            f"its source is known only at '{after[0]}' and {found.inside_stay} of "
            f"{found.predictions} predictions lie inside the stay"
        )
    if found.share is not None and found.share >= limit:
        yield (
            f"at {found.newest_unknown} of {found.with_row} predictions the newest row was not "
            f"yet known; it came {found.median_gap_hours:.1f} hours later (median)"
        )


def _rules(
    feature: FeatureUse, sources: Sequence[str], declared: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the declared rules that cover a feature's tables or codes."""
    tables = {source.rpartition("/")[2] for source in sources}
    found = {
        rule
        for name, rule in declared.items()
        if name in tables or any(_covers(name, code) for code in feature.codes)
    }
    return tuple(sorted(found))


def _covers(name: str, code: str) -> bool:
    return "//" in name and means([f"{name.rstrip('*')}*"], code.rstrip("*"))


def newest_rows(
    rows: pa.Table, predictions: pa.Table, *, window_us: int | None
) -> tuple[Ints, Ints]:
    """Return the newest row in the window of each prediction that has one: row, prediction.

    Rows that happened at one instant count as known when the first of them was: a correction does
    not make the value before it unknown.

    Args:
        rows: subject_id, time and known_at; none without a time.
        predictions: subject_id and prediction_time.
        window_us: how far back, None for ever.
    """
    rows_at = [_ints(rows[name]) for name in ("subject_id", "time", "known_at")]
    asked = [_ints(predictions[name]) for name in ("subject_id", "prediction_time")]
    count = len(rows_at[0])
    # At one instant predictions come last, as the window includes its end, and of the rows the
    # first known one comes last.
    late = np.concatenate([-rows_at[2], np.full(len(asked[0]), np.iinfo(np.int64).max)])
    order = np.lexsort([late, *(np.concatenate([rows_at[key], asked[key]]) for key in (1, 0))])
    is_row = order < count
    last = np.maximum.accumulate(np.where(is_row, np.arange(len(order)), -1))
    at = np.flatnonzero(~is_row & (last >= 0))
    row, prediction = order[last[at]], order[at] - count
    age = asked[1][prediction] - rows_at[1][row]
    inside = rows_at[0][row] == asked[0][prediction]
    if window_us is not None:
        inside &= age < window_us
    return row[inside], prediction[inside]


def _newest(rows: pa.Table, predictions: pa.Table, *, window_us: int | None) -> tuple[Ints, Ints]:
    """Return the newest row of each prediction that has one, and its gap in minutes."""
    row, at = newest_rows(rows, predictions, window_us=window_us)
    gap = _ints(rows["known_at"])[row] - _ints(predictions["prediction_time"])[at]
    return row, np.where(gap > 0, -(-gap // MINUTE), _KNOWN)


def _inside_stay(events: pa.Table, predictions: pa.Table) -> Ints:
    """Return 1 for predictions before their stay's last discharge, or in a stay without one."""
    left = events.filter(pc.starts_with(events["code"], DISCHARGE))
    left = left.select(["encounter_id", "time"])
    ends = left.group_by("encounter_id", use_threads=False).aggregate([("time", "max")])
    place = pc.index_in(
        predictions["encounter_id"], value_set=ends["encounter_id"].combine_chunks()
    )
    before = pc.less(predictions["prediction_time"], ends["time_max"].take(place))
    inside = pc.and_(pc.fill_null(before, True), predictions["encounter_id"].is_valid())  # noqa: FBT003 - arrow
    return np.asarray(inside, dtype=np.int64)


def _counts(feature: FeatureUse, predictions: int, inside: int) -> pa.Table:
    row = {"feature": feature.name, "gap": _KNOWN, "with_row": 0}
    row |= {"predictions": predictions, "inside_stay": inside}
    return pa.Table.from_pylist([row], schema=LEAKS)


def _gaps(feature: FeatureUse, sources: pa.ChunkedArray, gap: Ints) -> pa.Table:
    pairs = pa.table({"source": sources, "gap": gap}).group_by(["source", "gap"], use_threads=False)
    grouped = pairs.aggregate([([], "count_all")])
    count = grouped.num_rows
    none = pa.repeat(pa.scalar(0), count)
    name = pa.repeat(pa.scalar(feature.name), count)
    columns = [name, grouped["source"], grouped["gap"], none, none, grouped["count_all"]]
    return pa.Table.from_arrays(columns, schema=LEAKS)


def _median_hours(late: pa.Table) -> float | None:
    """Return the median gap in hours, exact to the minute."""
    if not late.num_rows:
        return None
    gaps = np.repeat(_ints(late["gap"]), _ints(late["with_row"]))
    return float(np.median(gaps) * MINUTE / HOUR)


def _total(table: pa.Table, column: str) -> int:
    return int(pc.sum(table[column]).as_py() or 0)


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.cast(pa.int64()), dtype=np.int64)
