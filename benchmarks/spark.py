"""The same work on this machine and on Spark: `python -m benchmarks.spark [ROWS]`; it has no bar.

Prints seconds of a contract check of sixty rules and of sixty features at one prediction a
patient: local, on a cluster that starts, and on one that runs. Unequal results end it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.contract.counting import Counter
from attending.contract.partials import columns_of, merged
from attending.contract.rules import rules_of
from attending.engines.local import LocalEngine
from attending.engines.spark import SparkEngine
from attending.features.build import build
from attending.features.compiled import compiled
from attending.specs.features import FeaturesSpec
from attending.times import DAY
from benchmarks.contract_rules import ours
from benchmarks.events import CODES, START, write_shards

if TYPE_CHECKING:
    from attending.engines.protocol import Engine

_ROWS, _MASTER = 10_000_000, "local[2]"
_AGGREGATES = ("last", "mean", "max", "count", "std", "slope")


def check(engine: Engine) -> object:
    """Return the counts of sixty rules."""
    asked = rules_of(ours())
    return merged(engine.map(Counter(asked).count, columns=columns_of(asked))).to_pylist()


def features(engine: Engine) -> object:
    """Return the digest of sixty features of every patient at day 200."""
    told = {"owner": "bench", "purpose": "timing", "window": "90d"}
    asked = [
        {**told, "name": f"f{n}", "label": f"f{n}", "codes": [CODES[n % 10]], "aggregate": how}
        for n, how in enumerate(_AGGREGATES * 10)
    ]
    spec = FeaturesSpec.model_validate({"name": "bench", "version": "1", "features": asked})
    record, _ = build(compiled(spec), _due(engine), engine)
    return record.table_digest


def _due(engine: Engine) -> pa.Table:
    subjects = engine.map(
        lambda rows: pa.table({"subject_id": rows["subject_id"].unique()}), columns=["subject_id"]
    )
    at = pa.array(np.full(subjects.num_rows, START + 200 * DAY)).cast(pa.timestamp("us"))
    none = pa.nulls(subjects.num_rows, pa.int64())
    columns = [subjects["subject_id"], none, at, pa.nulls(len(at), pa.timestamp("us"))]
    return pa.table(columns, ["subject_id", "encounter_id", "prediction_time", "index_start"])


def main() -> None:
    """Print the table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else _ROWS
    with tempfile.TemporaryDirectory() as name:
        paths = write_shards(Path(name), rows=rows)
        local, spark = LocalEngine(paths), SparkEngine(paths, _MASTER)
        for work in (check, features):
            seconds, found = [], []
            for engine in (local, local, spark, spark):
                start = time.perf_counter()
                found.append(work(engine))
                seconds.append(time.perf_counter() - start)
            if any(one != found[0] for one in found):
                raise SystemExit(f"{work.__name__}: local and {_MASTER} disagree")
            shown = ", ".join(f"{took:.1f}" for took in seconds)
            print(f"{work.__name__}, {rows} events, local twice then {_MASTER} twice: {shown} s")


if __name__ == "__main__":
    main()
