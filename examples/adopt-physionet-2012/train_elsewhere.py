"""Train a model of death in hospital with XGBoost, as a team without attending would.

Needs numpy, pyarrow and xgboost:

    python train_elsewhere.py physionet-2012-set-a OUT

It fits on half of the stays (odd numbers) and writes OUT/model.json. Scores of the other half, with
their inputs, are OUT/history.csv, with outcomes, and of the last 240 stays OUT/day.csv, without,
and OUT/outcomes.csv, with them. OUT/figures.json names no patient.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

MEASURED = (
    "HR", "SysABP", "NISysABP", "RespRate", "Temp", "GCS", "Urine", "BUN", "Creatinine",
    "Glucose", "WBC", "Platelets", "Na", "K", "HCO3", "Lactate", "FiO2", "PaO2",
)  # fmt: skip
#: Stays whose outcomes are not known yet when the model is taken in.
DAY = 240
NAMES = ["Age", *(f"{name}_{kind}" for name in MEASURED for kind in ("last", "min", "max"))]


def read_stays(folder: Path) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Return the stays, their inputs in the order of NAMES (NaN where missing), and who died."""
    with (folder / "Outcomes-a.txt").open(newline="", encoding="utf-8") as stream:
        died = {int(r["RecordID"]): int(r["In-hospital_death"]) for r in csv.DictReader(stream)}
    stays = sorted(died)
    place = {stay: at for at, stay in enumerate(stays)}
    x = np.full((len(stays), len(NAMES)), np.nan)
    column = {name: at for at, name in enumerate(NAMES)}
    table = pq.read_table(folder / "events.parquet").sort_by([("RecordID", "ascending"),
                                                             ("Time", "ascending")])  # fmt: skip
    names = table["Parameter"].to_pylist()
    for stay, name, value in zip(
        table["RecordID"].to_pylist(), names, table["Value"].to_pylist(), strict=True
    ):
        if stay not in place or value < 0 or (name != "Age" and name not in MEASURED):
            continue
        row = x[place[stay]]
        if name == "Age":
            row[column["Age"]] = value
            continue
        low, high = column[f"{name}_min"], column[f"{name}_max"]
        row[column[f"{name}_last"]] = value
        row[low] = np.fmin(row[low], value)
        row[high] = np.fmax(row[high], value)
    return stays, x, np.array([died[stay] for stay in stays])


def write_scores(path: Path, rows: list[list[str]]) -> None:
    """Write one score a line: who, the score, what came of it, and what it was made from."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["patient_id", "risk", "died", *NAMES], *rows])


def write_files(out: Path, stays: list[int], risk: np.ndarray, x: np.ndarray, died: np.ndarray):
    """Write what the old system said until today, today, and what came of today's patients."""
    rows = [
        [str(stay), repr(float(p)), str(y), *("" if np.isnan(v) else repr(float(v)) for v in row)]
        for stay, p, y, row in zip(stays, risk, died, x, strict=True)
    ]
    write_scores(out / "history.csv", rows[:-DAY])
    write_scores(out / "day.csv", [[*row[:2], "", *row[3:]] for row in rows[-DAY:]])
    write_scores(out / "outcomes.csv", rows[-DAY:])


def main(data: Path, out: Path) -> None:
    """Fit, score the other half, and write all of it."""
    import xgboost  # only here: what reads the stays needs no XGBoost

    stays, x, died = read_stays(data)
    mine = np.array(stays) % 2 == 1
    options = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.1, "subsample": 0.8,
               "min_child_weight": 10, "lambda": 5, "nthread": 1, "seed": 2012}  # fmt: skip
    booster = xgboost.train(
        options, xgboost.DMatrix(x[mine], died[mine], feature_names=NAMES), num_boost_round=80
    )
    out.mkdir(parents=True, exist_ok=True)
    booster.save_model(out / "model.json")
    asked = xgboost.DMatrix(x[~mine], feature_names=NAMES)
    risk, shares = booster.predict(asked), booster.predict(asked, pred_contribs=True)
    theirs = [stay for stay, fit in zip(stays, mine, strict=True) if not fit]
    write_files(out, theirs, risk, x[~mine], died[~mine])
    figures = {
        "xgboost": xgboost.__version__,
        "rows": len(risk),
        "died": int(died[~mine].sum()),
        "risk": [float(risk.mean(dtype=np.float64)), *np.quantile(risk, [0.1, 0.5, 0.9]).tolist()],
        "shares": np.abs(shares.astype(np.float64)).mean(axis=0).tolist(),
    }
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
