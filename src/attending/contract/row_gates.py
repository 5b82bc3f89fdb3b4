"""Gates that count event rows: every one finds a mechanism, whatever codes and features are called.

Each counts, for one feature and one shard, `hits` in `rows` by bucket; counts add up over shards.
A leak by these gates hides behind a `known_at` that looks right, so `leak.availability` is blind.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.codes import matching
from attending.records.events import ADMISSION, BIRTH, DEATH, DISCHARGE
from attending.records.gates import GateFinding
from attending.times import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from attending.contract.leakage import FeatureUse
    from attending.types import Ints, Mask

#: Codes of stays; they are dated to the stay's ends by nature.
OF_STAYS = (ADMISSION, DISCHARGE, BIRTH, DEATH, "ADMISSION_TYPE//", "TRANSFER//")
COUNTS = pa.schema(
    [
        pa.field("gate", pa.string()),
        pa.field("feature", pa.string()),
        pa.field("bucket", pa.int64()),
        pa.field("hits", pa.int64()),
        pa.field("rows", pa.int64()),
    ]
)
COLUMNS = ("subject_id", "encounter_id", "time", "known_at", "code", "numeric_value", "unit")
_MONTH = 30 * DAY
#: Instants that systems write for "no date": 1800, 1900 (two ways), 1970, 9999 and their days.
_EPOCHS = ("1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01", "9999-12-31")
_FIRST_POSSIBLE = np.datetime64("1905-01-01", "us").astype(np.int64)
_LAST_POSSIBLE = np.datetime64("2299-01-01", "us").astype(np.int64)


@dataclass(frozen=True)
class Seen:
    """The rows of one feature in one shard, and the stays around them.

    Attributes:
        time, known: microseconds; a fact without a time has the instant 0 and is not `dated`.
        edges: every instant at which the row's patient entered or left a stay, as pairs
            (subject, instant), sorted.
    """

    subject: Ints
    time: Ints
    known: Ints
    dated: Mask
    measured: Mask
    of_stay: Mask
    edges: Ints


@dataclass(frozen=True)
class RowGate:
    """A gate: its name, what it counts, and how it judges the counts."""

    name: str
    count: Callable[[Seen], tuple[Ints, Mask, Mask]]
    figure: Callable[[Ints, Ints], float]
    limit: float
    least: int
    reason: str
    hint: str


def partial_rows(events: pa.Table, *, features: Sequence[FeatureUse]) -> pa.Table:
    """Return the counts of one shard.

    Args:
        events: the rows of the features' codes, and those of stays.
        features: what each feature reads.
    """
    edges = _edges(events)
    parts = [COUNTS.empty_table()]
    # Six summaries of one result follow each other in most specs: its rows are looked at once.
    for codes, alike in groupby(features, key=lambda feature: feature.codes):
        seen = _seen(events.filter(matching(events["code"], codes)), edges)
        counts = pa.concat_tables([_counts(gate, "", seen) for gate in ROW_GATES])
        parts.extend(named(counts, feature.name) for feature in alike)
    return pa.concat_tables(parts).combine_chunks()


def named(counts: pa.Table, feature: str) -> pa.Table:
    """Return counts with a feature's name on every row."""
    at = counts.column_names.index("feature")
    names = pa.array([feature] * counts.num_rows, counts.schema.field(at).type)
    return counts.set_column(at, counts.schema.field(at), names)


def judge_rows(
    partials: pa.Table, *, features: Sequence[FeatureUse], same: Mapping[str, bool]
) -> tuple[GateFinding, ...]:
    """Return the finding of every gate on every feature.

    Args:
        partials: the counts of all shards.
        features: what was looked at.
        same: by feature, whether the contract declares that its rows are known as they happen.
    """
    summed = partials.group_by(["gate", "feature", "bucket"]).aggregate(
        [("hits", "sum"), ("rows", "sum")]
    )
    summed = summed.combine_chunks()
    return tuple(
        _judge(gate, feature.name, summed, same=same.get(feature.name, False))
        for gate in ROW_GATES
        for feature in features
    )


def _judge(gate: RowGate, feature: str, summed: pa.Table, *, same: bool) -> GateFinding:
    own = summed.filter(
        pc.and_(pc.equal(summed["gate"], gate.name), pc.equal(summed["feature"], feature))
    )
    hits, rows = np.asarray(own["hits_sum"]), np.asarray(own["rows_sum"])
    count = int(rows.sum())
    declared = same and gate.name == "leak.lag_absent"
    figure = gate.figure(hits, rows) if count >= gate.least else 0.0
    refused = figure > gate.limit and not declared
    return GateFinding(
        gate=gate.name,
        feature=feature,
        answer="refused" if refused else "met",
        whose="data_engineer",
        figure=round(figure, 6),
        limit=gate.limit,
        rows=count,
        reason=gate.reason.format(figure=figure, hits=int(hits.sum()), rows=count)
        if refused
        else "",
        hint=gate.hint if refused else "",
    )


def _edges(events: pa.Table) -> Ints:
    starts = pc.or_(
        pc.starts_with(events["code"], ADMISSION), pc.starts_with(events["code"], DISCHARGE)
    )
    rows = events.filter(pc.and_(starts, events["time"].is_valid()))
    pairs = np.stack([_ints(rows["subject_id"]), _ints(rows["time"])], axis=1)
    return np.unique(pairs, axis=0)


def _seen(rows: pa.Table, edges: Ints) -> Seen:
    dated = np.asarray(rows["time"].is_valid())
    of_stay = np.zeros(rows.num_rows, np.bool_)
    for prefix in OF_STAYS:
        of_stay |= np.asarray(pc.starts_with(rows["code"], prefix))
    return Seen(
        subject=_ints(rows["subject_id"]),
        time=_ints(pc.fill_null(rows["time"].cast(pa.int64()), 0)),
        known=_ints(rows["known_at"]),
        dated=dated,
        measured=np.asarray(rows["unit"].is_valid()),
        of_stay=of_stay,
        edges=edges,
    )


def _counts(gate: RowGate, feature: str, seen: Seen) -> pa.Table:
    bucket, asked, hit = gate.count(seen)
    bucket, hit = bucket[asked], hit[asked]
    found, where = np.unique(bucket, return_inverse=True)
    rows = np.bincount(where, minlength=len(found))
    hits = np.bincount(where, weights=hit, minlength=len(found)).astype(np.int64)
    n = len(found)
    columns = [pa.repeat(gate.name, n), pa.repeat(feature, n), pa.array(found, pa.int64())]
    return pa.Table.from_arrays(
        [*columns, pa.array(hits, pa.int64()), pa.array(rows, pa.int64())], schema=COUNTS
    )


def _one(seen: Seen) -> Ints:
    return np.zeros(len(seen.time), np.int64)


def _billed(seen: Seen) -> tuple[Ints, Mask, Mask]:
    """Count facts that claim to be known at the very instant a stay began or ended."""
    asked = seen.dated & ~seen.of_stay & ~seen.measured
    at_once = seen.time == seen.known
    keys = np.stack([seen.subject, seen.time], axis=1)
    return _one(seen), asked, at_once & _among(keys, seen.edges)


def _among(keys: Ints, edges: Ints) -> Mask:
    if not len(edges) or not len(keys):
        return np.zeros(len(keys), np.bool_)
    both = np.concatenate([edges, keys])
    _, group = np.unique(both, axis=0, return_inverse=True)
    group = group.reshape(-1)
    return np.isin(group[len(edges) :], group[: len(edges)])


def _disordered(seen: Seen) -> tuple[Ints, Mask, Mask]:
    """Count rows that were known before they happened."""
    return _one(seen), seen.dated, seen.known < seen.time


def _epoch(seen: Seen) -> tuple[Ints, Mask, Mask]:
    """Count rows whose clinical time or availability is a date that stands for none."""
    clinical = ~seen.of_stay | (seen.time < 0)
    days = np.array(_EPOCHS, dtype="datetime64[D]").astype("datetime64[us]").astype(np.int64)
    hit = np.zeros(len(seen.time), np.bool_)
    for clock, used in ((seen.time, seen.dated & clinical), (seen.known, ~seen.of_stay)):
        start = clock - clock % DAY
        odd = np.isin(start, days) | (clock < _FIRST_POSSIBLE) | (clock >= _LAST_POSSIBLE)
        hit |= odd & used
    return _one(seen), ~seen.of_stay, hit


def _backfilled(seen: Seen) -> tuple[Ints, Mask, Mask]:
    """Count by month the measurements that were known in the very instant they happened."""
    return seen.time // _MONTH, seen.dated & seen.measured, seen.known == seen.time


def _lagless(seen: Seen) -> tuple[Ints, Mask, Mask]:
    return _one(seen), seen.dated & seen.measured, seen.known == seen.time


def _share(hits: Ints, rows: Ints) -> float:
    return float(hits.sum() / max(rows.sum(), 1))


def _step_between_months(hits: Ints, rows: Ints) -> float:
    """Return the share without a lag in the worst month, less that in the best.

    One of a source's months written all at once and another as results came: that is a load.
    """
    full = rows >= 20
    if full.sum() < 2:
        return 0.0
    share = hits[full] / rows[full]
    return float(share.max() - share.min())


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.cast(pa.int64()), dtype=np.int64)


ROW_GATES: tuple[RowGate, ...] = (
    RowGate(
        "leak.billing_time",
        _billed,
        _share,
        limit=0.5,
        least=20,
        reason="{figure:.0%} of {rows} rows claim to be known at the very instant a stay began "
        "or ended; they were dated to the stay, not recorded then",
        hint="Give the time of coding as `known_at` in the mapping, or declare `encounter_end+3d` "
        "under `attending.availability` in contract.yaml.",
    ),
    RowGate(
        "leak.temporal_order",
        _disordered,
        _share,
        limit=0.0,
        least=1,
        reason="{hits} of {rows} rows were known before they happened",
        hint="Ask the source which clock is wrong; ingest takes the later of the two.",
    ),
    RowGate(
        "leak.epoch_date",
        _epoch,
        _share,
        limit=0.0,
        least=1,
        reason="{hits} of {rows} rows carry a date that stands for no date, such as 1800-01-01; "
        "they would be known at every prediction",
        hint="Quarantine them at ingest, or give the instant at which they became known.",
    ),
    RowGate(
        "leak.backfill",
        _backfilled,
        _step_between_months,
        limit=0.5,
        least=100,
        reason="in some months nearly all results are known the instant they were taken, in "
        "others they come later (a step of {figure:.2f}): they were loaded afterwards",
        hint="Give rows that were loaded later the instant of the load as `known_at`.",
    ),
    RowGate(
        "leak.lag_absent",
        _lagless,
        _share,
        limit=0.98,
        least=200,
        reason="{figure:.0%} of {rows} results are known the instant they were taken: their "
        "availability was copied from their time, not recorded",
        hint="Map the filing time, or declare `same` or `lag:24h` for this source.",
    ),
)
