"""Build the feature table of a cohort: map the kernel over shards, put rows back in order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.engines import kernel
from attending.engines.kernel_states import count_states
from attending.engines.plan import NO_ENCOUNTER, NO_START, Predictions
from attending.engines.tables import digest_table, micros, whole_numbers
from attending.errors import BadInput, IntegrityBroken
from attending.features.clocks import UTC_NAME, last_instants
from attending.features.compiled import Compiled, compiled
from attending.features.shard import compute
from attending.records.events import EVENTS
from attending.records.features import REASONS, STATES, FeatureCount, FeatureSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attending.engines.protocol import Engine
    from attending.specs.features import FeaturesSpec
    from attending.types import Ints

_KEYS = ("subject_id", "encounter_id", "prediction_time")


def build(
    spec: FeaturesSpec | Compiled,
    predictions: pa.Table,
    engine: Engine,
    *,
    each: Callable[[], None] | None = None,
) -> tuple[FeatureSet, pa.Table]:
    """Return the feature set record and the feature table, rows as in `predictions`.

    Beside a column for each feature the table has `STATES`: one byte a feature, its low four bits
    the place in `REASONS`, its high bits what the kernel marks.

    Args:
        spec: the features, compiled or not.
        predictions: subject_id, encounter_id, prediction_time, index_start, and time_zone for
            features as of a clock time (UTC without it); other columns are not read.
        engine: maps the work over the shards of a snapshot.
        each: called after every shard.

    Raises:
        Refused: a feature is retired.
        BadInput: a column of `predictions` is missing, or an instant in it is null.
        IntegrityBroken: a shard is not in canonical order.
    """
    plan = compiled(spec)
    asked = as_predictions(predictions, plan.plan.clocks)
    order = np.lexsort((asked.time, asked.subject))
    sorted_ = Predictions(*(part[order] for part in asked))
    made = _Made(len(plan.spec.features), order)
    engine.map(
        partial(_piece, plan, sorted_),
        codes=plan.plan.codes,
        columns=plan.reads,
        each=each,
        take=made.take,
    )
    rest = made.left()
    chosen = Predictions(*(part[rest] for part in sorted_))
    made.take(_as_table(plan, EVENTS.empty_table(), chosen, rows=rest))
    table = pa.table({**{name: predictions[name] for name in _KEYS}, **made.columns(plan)})
    return _record(plan, made.state, table), table


class _Made:
    """The cells of all predictions, filled piece by piece in the order of the cohort."""

    def __init__(self, width: int, order: Ints) -> None:
        n = len(order)
        self.values = np.empty((width, n))
        self.state = np.empty((n, width), np.uint8)
        self._order, self._missing = order, np.ones(n, np.bool_)

    def take(self, found: pa.Table) -> None:
        """Put a piece in its place.

        Raises:
            IntegrityBroken: a patient's predictions were there already.
        """
        rows = whole_numbers(found["row"])
        if not self._missing[rows].all():
            raise IntegrityBroken(
                "a patient has rows in two shards",
                code="engine.subject_twice",
                hint="Run `attending fsck`, then ingest the snapshot again.",
            )
        self._missing[rows] = False
        places = self._order[rows]
        self.state[places] = _states(found["state"], self.state.shape[1])
        for number, column in enumerate(self.values):
            column[places] = found[str(number)].to_numpy()

    def left(self) -> Ints:
        """Return the predictions of patients without rows, ascending by subject."""
        return np.flatnonzero(self._missing)

    def columns(self, plan: Compiled) -> dict[str, pa.Array]:
        """Return the columns of the table: a feature each, and the states of all."""
        found = {
            name: pa.array(column, mask=np.isnan(column))
            for name, column in zip(plan.spec.names, self.values, strict=True)
        }
        return {**found, STATES: _as_states(self.state)}


def as_predictions(table: pa.Table, clocks: tuple[str, ...] = ()) -> Predictions:
    """Return the arrays that the kernel takes, in the order of the table.

    Args:
        table: the cohort table.
        clocks: the clock times of the plan.

    Raises:
        BadInput: a column is missing, or a prediction time or subject is null.
    """
    for name in (*_KEYS, "index_start"):
        if name not in table.column_names:
            raise BadInput(
                f"the predictions have no column '{name}'",
                code="features.predictions",
                hint="Give the cohort table.",
            )
    if table["subject_id"].null_count or table["prediction_time"].null_count:
        raise BadInput("a prediction has no subject or no time", code="features.predictions")
    at = micros(table["prediction_time"], null=0)
    return Predictions(
        whole_numbers(table["subject_id"]),
        at,
        micros(table["index_start"], null=NO_START),
        last_instants(at, zones_of(table) if clocks else [], clocks),
        whole_numbers(table["encounter_id"], null=NO_ENCOUNTER),
    )


def zones_of(table: pa.Table) -> list[str]:
    """Return the zone of every prediction's site; UTC where the table does not say."""
    if "time_zone" not in table.column_names:
        return [UTC_NAME] * table.num_rows
    return [zone or UTC_NAME for zone in table["time_zone"].to_pylist()]


def _piece(plan: Compiled, predictions: Predictions, events: pa.Table) -> pa.Table:
    """Return the features of the predictions whose subjects have rows in this piece."""
    subjects = whole_numbers(events["subject_id"])
    starts = np.flatnonzero(np.diff(subjects, prepend=-1)) if len(subjects) else subjects
    rows = _rows_of(predictions.subject, subjects[starts])
    chosen = Predictions(*(part[rows] for part in predictions))
    return _as_table(plan, events, chosen, rows=rows)


def _rows_of(ascending: Ints, subjects: Ints) -> Ints:
    """Return where the subjects stand in `ascending`, itself ascending."""
    low = np.searchsorted(ascending, subjects, side="left")
    sizes = np.searchsorted(ascending, subjects, side="right") - low
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(low - (ends - sizes), sizes) + np.arange(total)


def _as_table(
    plan: Compiled, events: pa.Table, predictions: Predictions, *, rows: Ints
) -> pa.Table:
    cells = compute(plan, events, predictions)
    columns = {str(number): pa.array(column) for number, column in enumerate(cells.values)}
    return pa.table({"row": rows, "state": _as_states(cells.state), **columns})


def _as_states(state: NDArray[np.uint8]) -> pa.Array:
    n, width = state.shape
    buffers = [None, pa.py_buffer(state)]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), n, buffers)


def _states(column: pa.ChunkedArray, width: int) -> NDArray[np.uint8]:
    parts = [
        np.frombuffer(chunk.buffers()[1], np.uint8).reshape(-1, width)[
            chunk.offset : chunk.offset + len(chunk)
        ]
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate(parts) if parts else np.empty((0, width), np.uint8)


def _record(plan: Compiled, state: NDArray[np.uint8], table: pa.Table) -> FeatureSet:
    spec = plan.spec
    counts = tuple(_count(spec, number, found) for number, found in enumerate(count_states(state)))
    return FeatureSet(
        name=spec.name,
        version=spec.version,
        definition_digest=spec.digest,
        features=counts,
        rows=table.num_rows,
        table_digest=digest_table(table),
        notes=plan.notes,
    )


def _count(spec: FeaturesSpec, number: int, by_state: NDArray[np.int64]) -> FeatureCount:
    by_reason = by_state.reshape(16, 16).sum(axis=0)
    feature = spec.features[number]
    return FeatureCount(
        name=feature.name,
        digest=spec.feature_digest(feature),
        present=int(by_reason[kernel.PRESENT]),
        missing={
            reason: int(by_reason[at])
            for at, reason in enumerate(REASONS)
            if reason is not None and by_reason[at]
        },
        in_window=_marked(by_state, kernel.IN_WINDOW),
        newest_not_yet_known=_marked(by_state, kernel.NEWEST_UNKNOWN),
        stale=_marked(by_state, kernel.STALE),
    )


def _marked(by_state: NDArray[np.int64], mark: int) -> int:
    return int(by_state[(np.arange(256) & mark) > 0].sum())
