"""Our side: all univariate measures of both files, reading apart; prints one line of JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from attending.statistics.column_drift import column_drift, table_drift


def main() -> None:
    """Time the measures on the folder that is named."""
    folder = Path(sys.argv[1])
    column_drift([1.0, 2.0], [1.0, 3.0])  # the compiled kernel is loaded from its cache
    then, now = (pq.read_table(folder / f"{name}.parquet") for name in ("reference", "current"))
    start, worked = time.perf_counter(), time.process_time()
    sides = [
        [column.to_numpy(zero_copy_only=False) for column in table.columns] for table in (then, now)
    ]
    found = table_drift(*sides)
    seconds, cpu = time.perf_counter() - start, time.process_time() - worked
    spread = [float(np.nanstd(column)) for column in sides[0]]
    figures = {
        name: {**one._asdict(), "sd": sd}
        for name, one, sd in zip(then.column_names, found, spread, strict=True)
    }
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "figures": figures}))


if __name__ == "__main__":
    main()
