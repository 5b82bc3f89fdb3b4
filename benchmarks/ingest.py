"""A CSV of laboratory results becomes a snapshot; DuckDB reads, sorts and writes the same file."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from attending.ingest.build import build_snapshot
from attending.ingest.mapped import mapped_source
from attending.lifecycle.ingesting import shards_for
from attending.specs.mapping import MappingSpec
from attending.specs.read_yaml import parse_spec
from benchmarks import sides
from benchmarks.extract import MAPPING, write_extract
from benchmarks.table import Line


def compare(rows: int) -> Line:
    """Return what both sides took for the same file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        path = write_extract(folder / "in", rows=rows)
        mine = sides.ours("benchmarks.ingest", str(folder / "in"), str(folder))
        theirs = sides.peer("peer_duckdb.py", str(path), str(folder))
    if mine.said["rows"] != rows or not mine.said["balanced"]:
        raise SystemExit(f"expected {rows} rows and a balanced account, got {mine.said}")
    return Line(
        work="ingest a CSV",
        rows=rows,
        seconds=mine.said["seconds"],
        peak_mib=mine.peak_mib,
        peer="DuckDB: read, sort, write",
        peer_seconds=theirs.said["seconds"],
        peer_peak_mib=theirs.peak_mib,
        bar=0.5,
    )


def main() -> None:
    """Ingest the folder that is named first, and write into the one that is named second."""
    folder, room = Path(sys.argv[1]), Path(sys.argv[2])
    spec = parse_spec(MAPPING.encode(), MappingSpec, name="mapping.yaml")
    with tempfile.TemporaryDirectory(dir=room) as out:
        start = time.perf_counter()
        snapshot = build_snapshot(
            "mapped",
            folder,
            key=b"k" * 32,
            out=Path(out),
            shards=shards_for(folder),
            source=mapped_source(spec),
        )
        seconds = time.perf_counter() - start
    said = {"seconds": seconds, "rows": snapshot.rows, "balanced": snapshot.account.balanced}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
