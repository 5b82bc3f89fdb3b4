"""Counts and sums over windows: ours, and MEDS-Tab's at a size it can do.

Both sides are timed on rows that are known when they happen and never corrected, and must agree
there. On rows with their availability, what MEDS-Tab gives otherwise is counted and printed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attending.engines.local import LocalEngine
from attending.engines.tables import in_order, numbers
from attending.features.build import build
from attending.records.events import EVENTS
from attending.specs.features import FeaturesSpec
from benchmarks import sides
from benchmarks.events import CODES
from benchmarks.feature_events import write_histories
from benchmarks.table import Line

ASKED = CODES[:20]
WINDOWS = ("7d", "30d", "90d")
#: Not its smallest and largest values: 0.2.0 puts those of all predictions into one row.
AGGREGATES = ("count", "sum")
_PREDICTIONS_A_PATIENT = 4
#: MEDS-Tab adds in single precision.
_CLOSE = 1e-4
_MEDS = ["subject_id", "time", "code", "numeric_value"]


def compare(rows: int) -> Line:
    """Return what both sides took for equal tables; what differs with availability is counted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        real, plain, meds = (folder / part for part in ("real", "plain", "meds"))
        for place in (real, plain, meds):
            place.mkdir()
        paths = write_histories(real, rows=rows)
        for path in paths:
            _without_availability(path, plain / path.name, meds / path.name)
        due = folder / "due.parquet"
        count = _predictions(sorted(plain.iterdir()), due)
        mine = _ours(due, folder / "ours.parquet", plain)
        known = _ours(due, folder / "known.parquet", real)
        released = _theirs("released", due, meds)
        mended = _theirs("mended", due, meds)
        _tell_released(released)
        _refuse_unequal(mine, mended)
        _count_early(known, mended)
    return Line(
        work=f"{len(AGGREGATES) * len(WINDOWS) * len(ASKED)} features at {count:,} predictions",
        rows=rows,
        seconds=mine.said["seconds"],
        peak_mib=mine.peak_mib,
        peer="MEDS-Tab 0.2.0, mended",
        peer_seconds=mended.said["seconds"],
        peer_peak_mib=mended.peak_mib,
        bar=30.0,
    )


def _without_availability(path: Path, plain: Path, meds: Path) -> None:
    """Write rows known when they happen and never corrected, for us and as MEDS has them."""
    table = pq.read_table(path)
    wanted = np.isin(table["code"].to_numpy(zero_copy_only=False), ASKED)
    table = table.filter(pa.array(wanted))
    never = pa.nulls(table.num_rows, EVENTS.field("superseded_at").type)
    for name, column in (("known_at", table["time"]), ("superseded_at", never)):
        table = table.set_column(table.schema.get_field_index(name), name, column)
    table = in_order(table.cast(EVENTS))
    pq.write_table(table, plain)
    pq.write_table(table.select(_MEDS), meds)


def _predictions(shards: list[Path], to: Path) -> int:
    """Write predictions at instants of events, for MEDS-Tab's windows end at one."""
    draw, found = np.random.default_rng(2), []
    for shard in shards:
        events = pq.read_table(shard, columns=["subject_id", "time", "encounter_id"])
        size = events.num_rows
        patients = len(set(events["subject_id"].to_pylist()))
        some = draw.choice(size, min(size, _PREDICTIONS_A_PATIENT * patients), replace=False)
        found.append(events.take(pa.array(np.sort(some))))
    due = pa.concat_tables(found).rename_columns(["subject_id", "prediction_time", "encounter_id"])
    due = due.append_column("index_start", due["prediction_time"])
    pq.write_table(due.append_column("place", pa.array(np.arange(due.num_rows))), to)
    return due.num_rows


def _ours(due: Path, out: Path, folder: Path) -> sides.Side:
    return sides.ours("benchmarks.medstab", str(due), str(out), *_shards(folder))


def _theirs(how: str, due: Path, folder: Path) -> sides.Side:
    os.environ["POLARS_MAX_THREADS"] = "1"  # two processes share the work
    out = due.with_name(f"{how}.parquet")
    asked = (json.dumps(AGGREGATES), json.dumps(WINDOWS), str(due), str(out))
    return sides.medstab(how, *asked, *_shards(folder))


def _shards(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.iterdir())]


def _column(name: str, window: str, code: str) -> str:
    return f"{name}_{window}_{ASKED.index(code):02}"


def _cells(
    ours: sides.Side, theirs: sides.Side, aggregate: str
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the columns of both sides for one aggregate; missing is zero, as MEDS-Tab has it."""
    left, right = pq.read_table(ours.said["out"]), pq.read_table(theirs.said["out"])
    return [
        (
            np.nan_to_num(numbers(left[_column(aggregate, window, code)])),
            numbers(right[f"{aggregate} {window} {code}"]),
        )
        for window in WINDOWS
        for code in ASKED
    ]


def _same(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.isclose(left, right, rtol=_CLOSE, atol=_CLOSE)


def _tell_released(side: sides.Side) -> None:
    table = pq.read_table(side.said["out"])
    there = sum(int((numbers(table[name]) != 0).sum()) for name in table.column_names)
    cells = table.num_rows * table.num_columns
    print(f"MEDS-Tab 0.2.0 as released: {there:,} of {cells:,} cells are not zero")


def _refuse_unequal(ours: sides.Side, theirs: sides.Side) -> None:
    """Check that both sides say the same where rows have no availability.

    Raises:
        SystemExit: a cell differs.
    """
    for aggregate in AGGREGATES:
        pairs = _cells(ours, theirs, aggregate)
        other = sum(int((~_same(a, b)).sum()) for a, b in pairs)
        print(f"{aggregate}: {other:,} of {sum(len(a) for a, _ in pairs):,} cells differ")
        if other:
            raise SystemExit(f"MEDS-Tab gives another {aggregate}")


def _count_early(known: sides.Side, theirs: sides.Side) -> None:
    """Print how many counts hold rows that nobody could know then, or that had been corrected."""
    pairs = _cells(known, theirs, "count")
    other = sum(int((~_same(a, b)).sum()) for a, b in pairs)
    print(
        f"MEDS-Tab: {other:,} of {sum(len(a) for a, _ in pairs):,} counts hold rows that were not "
        "known then or had been corrected"
    )


def main() -> None:
    """Write the table of the predictions that are named first, and print seconds."""
    due, out, *paths = sys.argv[1:]
    said = {"label": "bench", "owner": "bench", "purpose": "timing"}
    features = [
        {
            **said,
            "name": _column(aggregate, window, code),
            "codes": [code],
            "window": window,
            "aggregate": aggregate,
        }
        for aggregate in AGGREGATES
        for window in WINDOWS
        for code in ASKED
    ]
    spec = FeaturesSpec.model_validate({"name": "bench", "version": "1", "features": features})
    asked = pq.read_table(due)
    start = time.perf_counter()
    _, table = build(spec, asked, LocalEngine([Path(path) for path in paths]))
    seconds = time.perf_counter() - start
    pq.write_table(table, out)
    print(json.dumps({"seconds": seconds, "out": out}))


if __name__ == "__main__":
    main()
