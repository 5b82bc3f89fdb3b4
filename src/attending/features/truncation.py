"""Truncation: features of a patient whose record stops at the prediction must not change.

Every row that became known, or happened, after the prediction is removed, and the features are
computed again. A cell that differs has seen the future, whatever its definition says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.tables import whole_numbers
from attending.features.build import build
from attending.records.gates import GateFinding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.engines.protocol import Engine
    from attending.specs.features import FeaturesSpec
    from attending.types import Ints

#: One prediction of each of this many patients is looked at: with one bad cell in a thousand
#: it would be missed once in e^20 times.
MOST = 20_000


class Truncated:
    """An engine whose shards end, for each patient, at an instant.

    Args:
        engine: whose shards are cut.
        subject: ascending; patients that are not here have no rows left.
        end: microseconds, for each subject.
    """

    def __init__(self, engine: Engine, subject: Ints, end: Ints) -> None:
        self._engine, self._subject, self._end = engine, subject, end

    def map(
        self,
        work: Callable[[pa.Table], pa.Table],
        *,
        codes: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        each: Callable[[], None] | None = None,
        take: Callable[[pa.Table], None] | None = None,
    ) -> pa.Table:
        """Return the results of `work` on rows that were there by each patient's end."""
        return self._engine.map(
            lambda rows: work(self._cut(rows)), codes=codes, columns=columns, each=each, take=take
        )

    def rows(self, subject_id: int, *, codes: Sequence[str] | None = None) -> pa.Table:
        """Return one patient's rows that were there by the end."""
        return self._cut(self._engine.rows(subject_id, codes=codes))

    def _cut(self, rows: pa.Table) -> pa.Table:
        whose = whole_numbers(rows["subject_id"])
        at = np.minimum(np.searchsorted(self._subject, whose), max(len(self._subject) - 1, 0))
        if not len(self._subject):
            return rows.slice(0, 0)
        end = self._end[at]
        known = _micros(rows["known_at"])
        happened = _micros(pc.fill_null(rows["time"].cast(pa.int64()), np.iinfo(np.int64).min))
        keep = (self._subject[at] == whose) & (known <= end) & (happened <= end)
        return rows.filter(pa.array(keep))


def truncation(
    spec: FeaturesSpec, predictions: pa.Table, features: pa.Table, *, engine: Engine
) -> tuple[GateFinding, ...]:
    """Return, for every feature, at how many predictions a truncated record gives another value.

    Args:
        spec: the features.
        predictions: the cohort table.
        features: the feature table of those predictions, in their order.
        engine: maps the work over the shards of the snapshot.

    Returns:
        One finding for every feature.
    """
    asked = _first_of_each(predictions)
    few, was = predictions.take(asked), features.take(asked)
    cut = Truncated(engine, whole_numbers(few["subject_id"]), _micros(few["prediction_time"]))
    _, now = build(spec, few, cut)
    return tuple(_judge(name, was[name], now[name]) for name in spec.names)


def _first_of_each(predictions: pa.Table) -> pa.Array:
    """Return the row of each patient's first prediction, by ascending patient: the most future."""
    subject = whole_numbers(predictions["subject_id"])
    order = np.lexsort((_micros(predictions["prediction_time"]), subject))
    _, first = np.unique(subject[order], return_index=True)
    return pa.array(order[first][:MOST])


def _judge(name: str, was: pa.ChunkedArray, now: pa.ChunkedArray) -> GateFinding:
    a, b = (np.asarray(column.cast(pa.float64()).to_numpy(), np.float64) for column in (was, now))
    changed = int((~((a == b) | (np.isnan(a) & np.isnan(b)))).sum())
    return GateFinding(
        gate="leak.truncation",
        feature=name,
        answer="refused" if changed else "met",
        whose="data_scientist",
        figure=changed / max(len(a), 1),
        limit=0.0,
        rows=len(a),
        reason=f"{changed} of {len(a)} values change when the rows after the prediction are removed"
        if changed
        else "",
        hint="Use `clock: availability`; no feature may read past its prediction."
        if changed
        else "",
    )


def _micros(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.cast(pa.int64()), dtype=np.int64)
