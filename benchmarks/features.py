"""Sixty features at a million predictions through the command line, beside DuckDB and Polars."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attending.engines.tables import numbers
from attending.lifecycle.tables import table_from
from benchmarks import sides
from benchmarks.feature_definitions import definitions
from benchmarks.feature_events import predictions, write_histories
from benchmarks.feature_home import AT, make
from benchmarks.table import Line

PEER_SIDES = ("duckdb", "polars")
#: Sums over windows differ between engines by their order of adding.
_CLOSE = 1e-6
#: Ties of rows on time are broken by us and by chance in SQL.
_MOST_OTHER = 1e-5


def compare(rows: int) -> Line:
    """Return what we took and what the faster peer took, for equal tables of the same files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "events").mkdir()
        paths = write_histories(folder / "events", rows=rows)
        due = predictions(rows)
        home, project = make(folder, paths, due)
        mine = _ours(home, project)
        place = pa.array(np.arange(due.num_rows))
        pq.write_table(due.append_column("place", place), folder / "due.parquet")
        told = json.dumps(definitions())
        peers = {
            side: sides.peer(
                "peer_features.py", side, told, str(folder / "due.parquet"), str(folder),
                *map(str, paths),
            )
            for side in PEER_SIDES
        }  # fmt: skip
        table = _table(home)
        for found in peers.values():
            _refuse_unequal(table, Path(found.said["out"]))
    print("one patient, milliseconds:", sides.ours("benchmarks.online").said)
    best = min(peers, key=lambda side: peers[side].said["seconds"])
    for side, found in peers.items():
        print(f"{side}: {found.said['seconds']:.1f} s, {found.peak_mib:,.0f} MiB")
    return Line(
        work=f"{len(definitions())} features at {due.num_rows:,} predictions, command line",
        rows=rows,
        seconds=mine.seconds,
        peak_mib=mine.peak_mib,
        peer=best,
        peer_seconds=peers[best].said["seconds"],
        peer_peak_mib=peers[best].peak_mib,
        bar=3.5,
    )


def _ours(home: Path, project: Path) -> sides.Side:
    """Run the verb; the first run of a machine compiles, so the kernel is warmed before."""
    sides.run([sys.executable, "-m", "attending", "features", "warm", "--json"])
    where = ["--project", str(project), "--home", str(home), "--at", AT]
    return sides.run([sys.executable, "-m", "attending", "features", "build", *where])


def _table(home: Path) -> pa.Table:
    """Return the newest artifact of the home: the feature table."""
    files = [path for path in (home / "artifacts").glob("??/*") if path.is_file()]
    return table_from(max(files, key=lambda path: path.stat().st_mtime_ns).read_bytes())


def _refuse_unequal(table: pa.Table, path: Path) -> None:
    """Check that a peer's table says the same.

    Raises:
        SystemExit: more cells differ than ties of rows explain.
    """
    theirs = pq.read_table(path).sort_by("place")
    other = cells = 0
    for one in definitions():
        name = one["name"]
        a, b = numbers(table[name]), numbers(theirs[name].cast(pa.float64()))
        if one["aggregate"] == "count":
            b = np.nan_to_num(b)
        if one["aggregate"] == "sum":
            a, b = np.nan_to_num(a), np.nan_to_num(b)
        same = np.isclose(a, b, rtol=_CLOSE, atol=_CLOSE, equal_nan=True)
        other += int((~same).sum())
        cells += len(a)
    print(f"{path.stem}: {other} of {cells:,} cells differ")
    if other > _MOST_OTHER * cells:
        raise SystemExit(f"{path.stem} gives another table: {other} of {cells} cells")
