"""Small event tables for tests: instants in hours, written as people think of them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from attending.engines.local import LocalEngine
from attending.engines.tables import in_order
from attending.records.events import EVENTS
from attending.times import HOUR


def event(subject, hour, code, value=None, **more):
    """Return a row; it is known when it happened unless `known` says another hour."""
    known = more.pop("known", hour)
    superseded = more.pop("superseded", None)
    return {
        "subject_id": subject,
        "time": None if hour is None else round(hour * HOUR),
        "code": code,
        "numeric_value": value,
        "unit": more.pop("unit", None),
        "known_at": round((known or 0) * HOUR),
        "superseded_at": None if superseded is None else round(superseded * HOUR),
        "source": "test/rows",
        **more,
    }


def events(rows):
    """Return the rows as an event table in canonical order."""
    columns = {field.name: [row.get(field.name) for row in rows] for field in EVENTS}
    return in_order(pa.table(columns, schema=EVENTS))


def engine(folder, table, *, shards=2, row_group_size=64, threads=2, **more):
    """Return an engine over the table, written as shards."""
    paths = []
    subjects = table["subject_id"].to_numpy()
    for number in range(shards):
        path = folder / f"shard-{number:05d}.parquet"
        mine = table.filter(pa.array(subjects % shards == number))
        pq.write_table(mine, path, row_group_size=row_group_size)
        paths.append(path)
    return LocalEngine(paths, threads=threads, **more)


def predictions(rows):
    """Return a cohort table of (subject, hour, hour of the start of the stay or None)."""
    instant = pa.timestamp("us")
    return pa.table(
        {
            "subject_id": pa.array([row[0] for row in rows], pa.int64()),
            "encounter_id": pa.array([None for _ in rows], pa.int64()),
            "prediction_time": pa.array([round(row[1] * HOUR) for row in rows], pa.int64()).cast(
                instant
            ),
            "index_start": pa.array(
                [None if row[2] is None else round(row[2] * HOUR) for row in rows], pa.int64()
            ).cast(instant),
        }
    )
