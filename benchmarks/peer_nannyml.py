"""Time NannyML on the same files; a program of its own, in an environment of its own.

Its univariate calculator with three continuous measures, the newer period as one chunk, and its
calculator of missing values. Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"  # it would send reports of its use over the network

import nannyml as nml
import pandas as pd

METHODS = ["kolmogorov_smirnov", "jensen_shannon", "wasserstein"]


def main() -> None:
    """Time all measures of every column on the folder that is named."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    then, now = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "current"))
    names = list(then.columns)
    start, worked = time.perf_counter(), time.process_time()
    asked = nml.UnivariateDriftCalculator(
        column_names=names, continuous_methods=METHODS, chunk_size=len(now),
        # The columns are numbers; without this, counts would be taken for words.
        treat_as_numerical=names,
    )  # fmt: skip
    found = asked.fit(then).calculate(now).filter(period="analysis").to_df()
    gone = nml.MissingValuesCalculator(column_names=names, chunk_size=len(now))
    gone.fit(then).calculate(now)
    seconds, cpu = time.perf_counter() - start, time.process_time() - worked
    figures = {
        method: [float(found[name][method]["value"].iloc[0]) for name in names]
        for method in METHODS
    }
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "figures": figures}))


if __name__ == "__main__":
    main()
