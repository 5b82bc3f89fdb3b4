"""Time DuckDB on reading, sorting and writing a CSV, with two threads and 2 GB."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb

path, room = sys.argv[1:]
connection = duckdb.connect()
for setting in ("threads=2", "memory_limit='2GB'", "preserve_insertion_order=false"):
    connection.execute(f"SET {setting}")
connection.execute(f"SET temp_directory='{room}/spill'")
start = time.perf_counter()
connection.execute(
    f"COPY (SELECT * FROM read_csv('{path}') ORDER BY patient, taken, stored) "
    f"TO '{room}/sorted.parquet' (FORMAT parquet, COMPRESSION zstd)"
)
print(json.dumps({"seconds": time.perf_counter() - start}))
Path(room, "sorted.parquet").unlink()
