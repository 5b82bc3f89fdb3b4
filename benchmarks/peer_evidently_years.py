"""Evidently with default settings on every week of some years; in an environment of its own.

Prints one line of JSON: for each year the last days of the weeks whose report says dataset drift.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

os.environ["DO_NOT_TRACK"] = "1"  # it would send reports of its use over the network

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

#: The share of columns from which its preset calls a data set drifted.
DRIFTED = 0.5


def main() -> None:
    """Look at every week of the years in the folder that is named."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    then = pd.read_parquet(folder / "reference.parquet")
    found = []
    for path in sorted(folder.glob("year*.parquet")):
        year = pd.read_parquet(path)
        found.append([last for last in range(6, 365, 7) if alarmed(then, year, last)])
    print(json.dumps(found))


def alarmed(then: pd.DataFrame, year: pd.DataFrame, last: int) -> bool:
    """Return whether the report of one week says that the data set drifted.

    It refuses a week in which a column has no value at all; whoever runs it every week sees that,
    so it counts as an alarm.
    """
    week = year[(year["day"] > last - 7) & (year["day"] <= last)].drop(columns="day")
    if not len(week):
        return True
    if bool(week.isna().all().any()):
        return True
    run = Report([DataDriftPreset(drift_share=DRIFTED)]).run(current_data=week, reference_data=then)
    counted = next(one["value"] for one in run.dict()["metrics"] if "share" in str(one["value"]))
    return float(counted["share"]) >= DRIFTED


if __name__ == "__main__":
    main()
