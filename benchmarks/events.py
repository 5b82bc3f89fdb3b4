"""Write made-up events of any number as shards, for timing: forty codes, four units, five sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attending.ingest.shards import parquet_options
from attending.records.events import EVENTS
from attending.times import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODES = [f"LAB//{number:02}" for number in range(40)]
UNITS = ["mg/dL", "mmol/L", "g/L", "/min"]
SITES = ["CITY", "GENERAL", "NORTH", "SOUTH", "VALLEY"]
#: 2024-01-01.
START = 19_723 * DAY
_ROWS_A_PATIENT = 250
_PIECE = 1_000_000


def write_shards(folder: Path, *, rows: int, shards: int = 2) -> list[Path]:
    """Return the files of `rows` events in canonical order, written into a folder."""
    paths = [folder / f"shard-{number:05d}.parquet" for number in range(shards)]
    for number, path in enumerate(paths):
        with pq.ParquetWriter(path, EVENTS, **parquet_options(EVENTS.names)) as writer:
            for table in _pieces(number, rows // shards):
                writer.write_table(table, row_group_size=131_072)
    return paths


def _pieces(shard: int, rows: int) -> Iterator[pa.Table]:
    for start in range(0, rows, _PIECE):
        size = min(_PIECE, rows - start)
        draw = np.random.default_rng([shard, start])
        subject = 1 + 2 * ((start + np.arange(size)) // _ROWS_A_PATIENT) + shard
        time = START + np.sort(draw.integers(0, 300, size)) * DAY + draw.integers(0, 86_400, size)
        known = time + draw.integers(1, 300, size) * MINUTE
        order = np.lexsort([known, time, subject])
        code = draw.integers(0, len(CODES), size)
        value = draw.normal(100, 25, size).astype(np.float32)
        absent = draw.random(size) < 0.02
        columns = {
            "subject_id": subject,
            "time": _instants(time[order]),
            "code": _words(CODES, code),
            "numeric_value": pa.array(value, mask=absent),
            "text_value": pa.nulls(size, pa.large_string()),
            "unit": _words(UNITS, code % len(UNITS)),
            "known_at": _instants(known[order]),
            "superseded_at": pa.nulls(size, pa.timestamp("us")),
            "encounter_id": subject * 10,
            "source": _words(["bench/labs"], np.zeros(size, np.int64)),
            "source_row": pa.array(np.arange(start, start + size)).cast(pa.string()),
            "site": _words(SITES, draw.integers(0, len(SITES), size)),
        }
        yield pa.table(columns).select(EVENTS.names).cast(EVENTS)


def _words(words: list[str], places: np.ndarray) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), words).cast(pa.string())


def _instants(micros: np.ndarray) -> pa.Array:
    return pa.array(micros, pa.int64()).cast(pa.timestamp("us"))
