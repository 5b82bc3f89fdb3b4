"""Time the figures of seismometer's model page; a program of its own, in its own environment."""

from __future__ import annotations

import json
import sys
import time
import warnings

import pandas as pd
from seismometer.data.performance import auc, calculate_bin_stats, calculate_eval_ci


def main() -> None:
    """Print seconds for the statistics by threshold of all rows and of ten groups."""
    warnings.simplefilter("ignore")
    rows = pd.read_parquet(sys.argv[1])
    start = time.perf_counter()
    stats = calculate_bin_stats(rows["outcome"], rows["risk"])
    found = calculate_eval_ci(stats, rows["outcome"], rows["risk"])
    for name in ("group_age", "group_sex", "group_site"):
        for _, part in rows.groupby(name):
            calculate_bin_stats(part["outcome"], part["risk"])
    seconds = time.perf_counter() - start
    print(
        json.dumps(
            {"seconds": seconds, "auroc": float(auc(found["roc"]["FPR"], found["roc"]["TPR"]))}
        )
    )


if __name__ == "__main__":
    main()
