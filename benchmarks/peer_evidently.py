"""Time Evidently on the same files; a program of its own, in an environment of its own.

One run of its drift preset for each of four measures, since a run takes one. Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ["DO_NOT_TRACK"] = "1"  # it would send reports of its use over the network

import pandas as pd
from evidently import Report
from evidently.metrics import ValueDrift

METHODS = ("psi", "ks", "wasserstein", "jensenshannon")


def main() -> None:
    """Time every measure of every column on the folder that is named."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    then, now = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "current"))
    took, cpu, figures = {}, 0.0, {}
    for method in METHODS:
        start, worked = time.perf_counter(), time.process_time()
        asked = Report([ValueDrift(column=name, method=method) for name in then.columns])
        run = asked.run(current_data=now, reference_data=then)
        took[method] = time.perf_counter() - start
        cpu += time.process_time() - worked
        said = run.dict()["metrics"]
        figures[method] = [float(one["value"]) for one in said]
    print(
        json.dumps(
            {"seconds": sum(took.values()), "cpu_seconds": cpu, "took": took, "figures": figures}
        )
    )


if __name__ == "__main__":
    main()
