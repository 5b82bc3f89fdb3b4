"""Made-up histories for timing features: a year of each patient, late results and corrections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attending.ingest.shards import parquet_options
from attending.records.events import EVENTS
from attending.times import DAY, MINUTE, SECOND
from benchmarks.events import CODES, SITES, START, UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attending.types import Ints

PREDICTIONS = 1_000_000
SHARDS = 8
ROWS_A_PATIENT = 250
_PATIENTS = 4_000
_YEAR_SECONDS = 365 * 86_400


def write_histories(folder: Path, *, rows: int) -> list[Path]:
    """Return the files of `rows` events in canonical order, patients hashed to shards."""
    paths = [folder / f"shard-{number:05d}.parquet" for number in range(SHARDS)]
    patients = rows // ROWS_A_PATIENT
    for number, path in enumerate(paths):
        with pq.ParquetWriter(path, EVENTS, **parquet_options(EVENTS.names)) as writer:
            for table in _pieces(number, patients):
                writer.write_table(table, row_group_size=131_072)
    return paths


def _pieces(shard: int, patients: int) -> Iterator[pa.Table]:
    mine = np.arange(shard or SHARDS, patients + 1, SHARDS)
    for start in range(0, len(mine), _PATIENTS):
        yield _piece(mine[start : start + _PATIENTS], np.random.default_rng([shard, start]))


def _piece(patients: Ints, draw: np.random.Generator) -> pa.Table:
    subject = np.repeat(patients, ROWS_A_PATIENT)
    size = len(subject)
    time = START + draw.integers(0, _YEAR_SECONDS, size) * SECOND
    known = time + draw.integers(1, 300, size) * MINUTE
    order = np.lexsort([known, time, subject])
    code = draw.integers(0, len(CODES), size)
    value = draw.normal(100, 25, size).astype(np.float32)
    columns = {
        "subject_id": subject,
        "time": _instants(time[order]),
        "code": _words(CODES, code),
        "numeric_value": pa.array(value, mask=draw.random(size) < 0.02),
        "text_value": pa.nulls(size, pa.large_string()),
        "unit": _words(UNITS, code % len(UNITS)),
        "known_at": _instants(known[order]),
        "superseded_at": _instants(known[order] + 3 * DAY, absent=draw.random(size) >= 0.02),
        "encounter_id": subject * 10,
        "source": _words(["bench/labs"], np.zeros(size, np.int64)),
        "source_row": pa.nulls(size, pa.string()),
        "site": _words(SITES, subject % len(SITES)),
    }
    return pa.table(columns).select(EVENTS.names).cast(EVENTS)


def predictions(rows: int) -> pa.Table:
    """Return a cohort table of a million predictions, spread over the patients and the year."""
    draw = np.random.default_rng(1)
    subject = draw.integers(1, rows // ROWS_A_PATIENT + 1, PREDICTIONS)
    time = START + draw.integers(30 * 86_400, _YEAR_SECONDS, PREDICTIONS) * SECOND
    return pa.table(
        {
            "subject_id": subject,
            "encounter_id": subject * 10,
            "prediction_time": _instants(time),
            "index_start": _instants(time - 3 * DAY),
        }
    )


def _words(words: list[str], places: Ints) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), words).cast(pa.string())


def _instants(micros: Ints, *, absent: np.ndarray | None = None) -> pa.Array:
    return pa.array(micros, pa.int64(), mask=absent).cast(pa.timestamp("us"))
