"""Write made-up stays with many rows each, as shards for us and as MEDS for ACES."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attending.ingest.shards import parquet_options
from attending.records.events import EVENTS
from attending.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Rows of one stay, its ends included; 100 million rows are 250,000 stays.
ROWS_A_STAY = 400
_STAYS_A_PATIENT = 4
_STAYS_A_PIECE = 2_500
#: 2024-01-01.
_START = 19_723 * DAY
_BORN = _START - 20_000 * DAY
_LABS = [f"LAB//{number:02}" for number in range(40)]
_ADMISSION, _DISCHARGE, _DEATH, _BIRTH = (
    "ENCOUNTER//ADMISSION//INPATIENT",
    "ENCOUNTER//DISCHARGE//INPATIENT",
    "MEDS_DEATH",
    "MEDS_BIRTH",
)
_CODES = [*_LABS, _ADMISSION, _DISCHARGE, _DEATH, _BIRTH]
_MEDS = ["subject_id", "time", "code", "numeric_value"]


def write_stays(folder: Path, *, rows: int, shards: int = 8, meds: bool = False) -> list[Path]:
    """Return the files of about `rows` events in canonical order, written into a folder."""
    stays = rows // ROWS_A_STAY // shards
    paths = [folder / f"shard-{number:05d}.parquet" for number in range(shards)]
    schema = pa.schema([EVENTS.field(name) for name in _MEDS]) if meds else EVENTS
    for number, path in enumerate(paths):
        with pq.ParquetWriter(path, schema, **parquet_options(schema.names)) as writer:
            for table in _pieces(number, stays, shards):
                writer.write_table(table.select(schema.names), row_group_size=131_072)
    return paths


def _pieces(shard: int, stays: int, shards: int) -> Iterator[pa.Table]:
    for start in range(0, stays, _STAYS_A_PIECE):
        size = min(_STAYS_A_PIECE, stays - start)
        yield _piece(np.random.default_rng([shard, start]), start, size, place=(shard, shards))


def _piece(draw: np.random.Generator, start: int, size: int, *, place: tuple[int, int]) -> pa.Table:
    """Return the rows of some stays in canonical order; every fourth stay is a new patient's."""
    number = start + np.arange(size)
    subject = 1 + place[0] + place[1] * (number // _STAYS_A_PATIENT)
    first = number % _STAYS_A_PATIENT == 0
    admitted, discharged = _spans(draw, first)
    died = np.append(first[1:], True) & (draw.random(size) < 0.2)
    owner, time, code = _rows(draw, admitted, discharged, died=died, first=first)
    return _table(subject[owner], time, code, stay=number[owner] + 1, draw=draw)


def _spans(draw: np.random.Generator, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return admissions and discharges, one after the other within a patient."""
    size = len(first)
    gap = draw.integers(2, 120, size) * DAY
    length = draw.integers(30, 300, size) * HOUR + draw.integers(0, 60, size) * 60_000_000
    ends = np.cumsum(gap + length)
    offset = np.where(first, ends - gap - length, 0)
    base = np.maximum.accumulate(offset)
    admitted = _START + ends - length - base
    return admitted, admitted + length


def _rows(
    draw: np.random.Generator,
    admitted: np.ndarray,
    discharged: np.ndarray,
    *,
    died: np.ndarray,
    first: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the stay, time and code of every row."""
    size, length = len(admitted), discharged - admitted
    owner = np.repeat(np.arange(size), ROWS_A_STAY - 2)
    time = admitted[owner] + 1 + (draw.random(len(owner)) * (length[owner] - 2)).astype(np.int64)
    code = draw.integers(0, len(_LABS), len(owner))
    ends_at = len(_LABS)
    stays = np.arange(size)
    parts = [
        (owner, time, code),
        (stays, admitted, np.full(size, ends_at)),
        (stays, discharged, np.full(size, ends_at + 1)),
        (stays[died], discharged[died], np.full(died.sum(), ends_at + 2)),
        (stays[first], np.full(first.sum(), _BORN), np.full(first.sum(), ends_at + 3)),
    ]
    owner, time, code = (np.concatenate([part[n] for part in parts]) for n in range(3))
    return owner, time, code


def _table(
    subject: np.ndarray, time: np.ndarray, code: np.ndarray, *, stay: np.ndarray, draw: object
) -> pa.Table:
    order = np.lexsort([code, time, subject])
    subject, time, code, stay = subject[order], time[order], code[order], stay[order]
    n = len(order)
    instants = pa.array(time).cast(pa.timestamp("us"))
    assert isinstance(draw, np.random.Generator)
    value = draw.normal(100, 25, n).astype(np.float32)
    words = pa.DictionaryArray.from_arrays(pa.array(code, pa.int32()), _CODES)
    columns = {
        "subject_id": subject,
        "time": instants,
        "code": words.cast(pa.string()),
        "numeric_value": pa.array(value, mask=code >= len(_LABS)),
        "text_value": pa.nulls(n, pa.large_string()),
        "unit": pa.nulls(n, pa.string()),
        "known_at": instants,
        "superseded_at": pa.nulls(n, pa.timestamp("us")),
        "encounter_id": stay * 64 + subject % 64,
        "source": pa.array(["bench/stays"] * n),
        "source_row": pa.nulls(n, pa.string()),
        "site": pa.array(["CITY"] * n),
    }
    return pa.table(columns).select(EVENTS.names).cast(EVENTS)
