"""Build the feature table of a cohort: map the kernel over shards, put rows back in order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.engines import kernel
from attending.engines.plan import COLUMNS, Predictions
from attending.engines.tables import digest_table, micros, whole_numbers
from attending.errors import BadInput
from attending.features.compiled import Compiled, compiled
from attending.features.shard import NO_START, compute
from attending.records.events import EVENTS
from attending.records.features import REASONS, FeatureCount, FeatureSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attending.engines.protocol import Engine
    from attending.specs.features import FeaturesSpec
    from attending.types import Floats, Ints

_KEYS = ("subject_id", "encounter_id", "prediction_time")


def build(
    spec: FeaturesSpec | Compiled,
    predictions: pa.Table,
    engine: Engine,
    *,
    each: Callable[[], None] | None = None,
) -> tuple[FeatureSet, pa.Table]:
    """Return the feature set record and the feature table, rows as in `predictions`.

    Args:
        spec: the features, compiled or not.
        predictions: subject_id, encounter_id, prediction_time, index_start; other columns are
            not read.
        engine: maps the work over the shards of a snapshot.
        each: called after every shard.

    Raises:
        Refused: a feature is retired.
        BadInput: a column of `predictions` is missing, or an instant in it is null.
        IntegrityBroken: a shard is not in canonical order.
    """
    plan = compiled(spec)
    asked = as_predictions(predictions)
    order = np.lexsort((asked.time, asked.subject))
    sorted_ = Predictions(*(part[order] for part in asked))
    found = engine.map(
        partial(_piece, plan, sorted_), codes=plan.plan.codes, columns=COLUMNS, each=each
    )
    values, state = _collect(plan, sorted_, found)
    columns = {name: predictions[name] for name in _KEYS}
    for name in plan.spec.names:
        columns[name] = _put_back(values.pop(0), order)
    table = pa.table(columns)
    return _record(plan, state, table), table


def as_predictions(table: pa.Table) -> Predictions:
    """Return the arrays that the kernel takes, in the order of the table.

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
    return Predictions(
        whole_numbers(table["subject_id"]),
        micros(table["prediction_time"], null=0),
        micros(table["index_start"], null=NO_START),
    )


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
    width = len(cells.values)
    # Copies, so that each column can be let go by itself when it has been put in place.
    columns = {str(number): pa.array(v.copy()) for number, v in enumerate(cells.values)}
    state = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(rows), [None, pa.py_buffer(cells.state)]
    )
    return pa.table({"row": rows, "state": state, **columns})


def _collect(
    plan: Compiled, predictions: Predictions, found: pa.Table
) -> tuple[list[Floats], NDArray[np.uint8]]:
    """Return the columns and states in the order of `predictions`."""
    rows = whole_numbers(found["row"])
    left = np.ones(len(predictions.subject), np.bool_)
    left[rows] = False
    if left.any():
        rest = np.flatnonzero(left)
        chosen = Predictions(*(part[rest] for part in predictions))
        nothing = EVENTS.empty_table()
        found = pa.concat_tables([found, _as_table(plan, nothing, chosen, rows=rest)])
        rows = np.concatenate([rows, rest])
    width = len(plan.spec.features)
    state = np.empty((len(rows), width), np.uint8)
    state[rows] = _states(found["state"], width)
    found = found.drop_columns(["row", "state"])
    values = []
    for _ in range(width):
        column = np.empty(len(rows))
        column[rows] = found.column(0).to_numpy()
        found = found.remove_column(0)
        values.append(column)
    return values, state


def _states(column: pa.ChunkedArray, width: int) -> NDArray[np.uint8]:
    parts = [
        np.frombuffer(chunk.buffers()[1], np.uint8).reshape(-1, width)[
            chunk.offset : chunk.offset + len(chunk)
        ]
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate(parts) if parts else np.empty((0, width), np.uint8)


def _put_back(values: Floats, order: Ints) -> pa.Array:
    original = np.empty_like(values)
    original[order] = values
    return pa.array(original, mask=np.isnan(original))


def _record(plan: Compiled, state: NDArray[np.uint8], table: pa.Table) -> FeatureSet:
    spec = plan.spec
    counts = tuple(_count(spec, number, state[:, number]) for number in range(len(spec.features)))
    return FeatureSet(
        name=spec.name,
        version=spec.version,
        definition_digest=spec.digest,
        features=counts,
        rows=table.num_rows,
        table_digest=digest_table(table),
        notes=plan.notes,
    )


def _count(spec: FeaturesSpec, number: int, state: NDArray[np.uint8]) -> FeatureCount:
    by_state = np.bincount(state, minlength=256)
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
