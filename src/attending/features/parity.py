"""Parity: compute predictions again one patient at a time, and compare to the bit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from attending.engines.plan import NO_ENCOUNTER, NO_START, Predictions
from attending.engines.tables import digest_table, numbers, whole_numbers
from attending.errors import BadInput
from attending.features.build import as_predictions, zones_of
from attending.features.compiled import Compiled, compiled
from attending.features.online import for_patient
from attending.records.events import EVENTS
from attending.records.features import Mismatch, ParityReport
from attending.times import from_micros

if TYPE_CHECKING:
    from attending.engines.protocol import Engine
    from attending.specs.features import FeaturesSpec
    from attending.types import Floats, Ints


class _Asked(NamedTuple):
    """Predictions to compute again, and the zone of each."""

    at: Predictions
    zones: list[str]


def parity(
    spec: FeaturesSpec | Compiled,
    predictions: pa.Table,
    table: pa.Table,
    *,
    engine: Engine,
    most: int = 1000,
) -> ParityReport:
    """Return how many cells of a feature table the online path gives with other bits.

    Args:
        spec: the features.
        predictions: as given to `build`.
        table: the feature table to check, row for row with `predictions`.
        engine: reads the patients' rows.
        most: how many predictions are computed again, spread evenly over the table.

    Raises:
        BadInput: the table has another number of rows, or lacks a feature.
    """
    plan = compiled(spec)
    _refuse_unlike(plan, predictions, table)
    rows = np.unique(np.linspace(0, max(table.num_rows - 1, 0), most).astype(np.int64))
    rows = rows[: table.num_rows]
    found = _again(plan, _asked(predictions.take(pa.array(rows))), engine)
    stored = np.array([numbers(table[name].take(pa.array(rows))) for name in plan.spec.names])
    wrong = (found.view(np.int64) != stored.view(np.int64)).sum(axis=1)
    return ParityReport(
        definition_digest=plan.spec.digest,
        table_digest=digest_table(table),
        predictions=len(rows),
        cells=int(found.size),
        mismatches=tuple(
            Mismatch(name=name, cells=int(count))
            for name, count in zip(plan.spec.names, wrong, strict=True)
            if count
        ),
    )


def _refuse_unlike(plan: Compiled, predictions: pa.Table, table: pa.Table) -> None:
    absent = [name for name in plan.spec.names if name not in table.column_names]
    if absent or predictions.num_rows != table.num_rows:
        raise BadInput(
            f"the table has {table.num_rows} rows and lacks {len(absent)} features, expected "
            f"{predictions.num_rows} rows and every feature",
            code="features.parity",
            hint="Build the features again from the same definitions and cohort.",
        )


def _asked(table: pa.Table) -> _Asked:
    return _Asked(as_predictions(table), zones_of(table))


def _again(plan: Compiled, asked: _Asked, engine: Engine) -> Floats:
    """Return the features one patient at a time, shape (features, predictions), NaN normalised."""
    found = engine.map(partial(_piece, plan, asked), codes=plan.plan.codes, columns=plan.reads)
    rows = whole_numbers(found["row"])
    values = np.full((len(plan.spec.features), len(asked.zones)), np.nan)
    for number in range(len(values)):
        values[number, rows] = numbers(found[str(number)])
    left = np.setdiff1d(np.arange(len(asked.zones)), rows)
    for row in left.tolist():
        values[:, row] = _one(plan, asked, EVENTS.empty_table(), row=row)
    return values


def _piece(plan: Compiled, asked: _Asked, events: pa.Table) -> pa.Table:
    subjects = whole_numbers(events["subject_id"])
    rows = np.flatnonzero(np.isin(asked.at.subject, subjects))
    columns: list[Floats] = []
    for row in rows.tolist():
        mine = _slice(events, subjects, int(asked.at.subject[row]))
        columns.append(_one(plan, asked, mine, row=row))
    width = len(plan.spec.features)
    values = np.array(columns).reshape(len(rows), width)
    named = {str(number): pa.array(values[:, number]) for number in range(width)}
    return pa.table({"row": pa.array(rows, pa.int64()), **named})


def _slice(events: pa.Table, subjects: Ints, subject: int) -> pa.Table:
    low, high = np.searchsorted(subjects, [subject, subject + 1])
    return events.slice(int(low), int(high - low))


def _one(plan: Compiled, asked: _Asked, events: pa.Table, *, row: int) -> Floats:
    start, stay = int(asked.at.start[row]), int(asked.at.encounter[row])
    vector = for_patient(
        plan,
        events,
        subject_id=int(asked.at.subject[row]),
        encounter_id=None if stay == NO_ENCOUNTER else stay,
        prediction_time=from_micros(int(asked.at.time[row])),
        index_start=None if start == NO_START else from_micros(start),
        zone=asked.zones[row],
    )
    return vector.row()
