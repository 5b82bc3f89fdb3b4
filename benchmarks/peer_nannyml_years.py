"""NannyML with default settings on every week of some years; in an environment of its own.

Prints one line of JSON: for each year the last days of the weeks in which any column alerts.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"  # it would send reports of its use over the network

import nannyml as nml
import pandas as pd


def main() -> None:
    """Look at every week of the years in the folder that is named."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    then = pd.read_parquet(folder / "reference.parquet")
    names = list(then.columns)
    start = pd.Timestamp("2026-01-05")
    then["at"] = start - pd.to_timedelta(range(len(then), 0, -1), unit="h") / 2
    found = []
    for path in sorted(folder.glob("year*.parquet")):
        year = pd.read_parquet(path)
        year["at"] = start + pd.to_timedelta(year["day"], unit="D")
        asked = nml.UnivariateDriftCalculator(
            column_names=names, timestamp_column_name="at", chunk_period="W"
        )
        seen = asked.fit(then).calculate(year).filter(period="analysis").to_df()
        alerts = [column for column in seen.columns if column[-1] == "alert"]
        weeks = seen[alerts].astype(bool).any(axis=1).to_numpy()
        found.append([7 * at + 6 for at in range(len(weeks)) if weeks[at]])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
