"""The latest value of six codes: ours as known then, and Feast's; what differs is counted."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attending.engines.local import LocalEngine
from attending.engines.tables import numbers, whole_numbers
from attending.features.build import build
from attending.specs.features import FeaturesSpec
from benchmarks import sides
from benchmarks.events import CODES
from benchmarks.feature_events import predictions, write_histories
from benchmarks.table import Line

ASKED = CODES[:6]
_PREDICTIONS = 50_000


def compare(rows: int) -> Line:
    """Return what both sides took; what Feast gives otherwise is counted and printed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "events").mkdir()
        paths = [str(path) for path in write_histories(folder / "events", rows=rows)]
        due = predictions(rows).slice(0, _PREDICTIONS)
        place = pa.array(np.arange(due.num_rows))
        pq.write_table(due.append_column("place", place), folder / "due.parquet")
        where = [str(folder / "due.parquet"), str(folder)]
        mine = sides.ours("benchmarks.latest", *where, *paths)
        theirs = sides.peer("peer_feast.py", json.dumps(ASKED), *where, *paths)
        _count(pq.read_table(mine.said["out"]), pq.read_table(theirs.said["out"]))
    return Line(
        work=f"latest value of {len(ASKED)} codes at {_PREDICTIONS:,} predictions",
        rows=rows,
        seconds=mine.said["seconds"],
        peak_mib=mine.peak_mib,
        peer="Feast get_historical_features",
        peer_seconds=theirs.said["seconds"],
        peer_peak_mib=theirs.peak_mib,
        bar=1.0,
    )


def _count(ours: pa.Table, theirs: pa.Table) -> None:
    place = whole_numbers(theirs["place"])
    other = np.zeros(len(place), np.bool_)
    for number in range(len(ASKED)):
        mine = numbers(ours[f"v{number}"])[place]
        other |= ~np.isclose(mine, numbers(theirs[f"v{number}"]), equal_nan=True)
    print(
        f"Feast: {ours.num_rows - len(place)} of {ours.num_rows} predictions not returned, "
        f"{int(other.sum())} with a value that was not known then or had been corrected since"
    )


def main() -> None:
    """Write the table of the predictions that are named first, and print seconds."""
    due, room, *paths = sys.argv[1:]
    said = {"label": "latest", "owner": "bench", "purpose": "timing", "aggregate": "last"}
    features = [
        {**said, "name": f"v{number}", "codes": [code], "window": "ever"}
        for number, code in enumerate(ASKED)
    ]
    spec = FeaturesSpec.model_validate({"name": "latest", "version": "1", "features": features})
    asked = pq.read_table(due)
    start = time.perf_counter()
    _, table = build(spec, asked, LocalEngine([Path(path) for path in paths]))
    seconds = time.perf_counter() - start
    out = Path(room, "ours.parquet")
    pq.write_table(table, out)
    print(json.dumps({"seconds": seconds, "out": str(out)}))


if __name__ == "__main__":
    main()
