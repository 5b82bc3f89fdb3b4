"""Time what others do of a validation; a program of its own, in an environment of its own.

Loops over scikit-learn and fairlearn bootstrap patients' rows a few times, since each draw takes
seconds; the caller scales them to as many draws as ours and says so. dcurves makes one curve.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from dcurves import dca
from fairlearn.metrics import MetricFrame
from sklearn import metrics

THRESHOLD = 0.2
MEASURES = {
    "auroc": metrics.roc_auc_score,
    "average_precision": metrics.average_precision_score,
    "brier": metrics.brier_score_loss,
}
GROUPS = ("group_age", "group_sex", "group_site")


def drawn(rows: pd.DataFrame, members: dict, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows of patients that were drawn with replacement."""
    patients = rng.choice(members["ids"], members["ids"].size)
    starts, ends = members["starts"][patients], members["starts"][patients + 1]
    sizes = ends - starts
    offset = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return rows.iloc[members["order"][np.repeat(starts, sizes) + offset]]


def scikit(rows: pd.DataFrame) -> dict[str, float]:
    """Return three measures of model and baseline, overall and in ten groups."""
    made = {}
    parts = {"all": rows}
    for name in GROUPS:
        parts.update({f"{name}={value}": part for value, part in rows.groupby(name)})
    for part, held in parts.items():
        for model in ("risk", "baseline_lace_risk"):
            if model != "risk" and part != "all":
                continue
            for name, measure in MEASURES.items():
                made[f"{part} {model} {name}"] = measure(held["outcome"], held[model])
    return made


def fair(rows: pd.DataFrame) -> pd.DataFrame:
    """Return sensitivity and precision at the threshold in every group, and their gaps."""
    flag = (rows["risk"] >= THRESHOLD).astype(int)
    found = [
        MetricFrame(
            metrics={"sensitivity": metrics.recall_score, "ppv": metrics.precision_score},
            y_true=rows["outcome"], y_pred=flag, sensitive_features=rows[name],
        )
        for name in GROUPS
    ]  # fmt: skip
    return pd.concat([frame.by_group for frame in found])


def a_draw(rows: pd.DataFrame, members: dict, *, draws: int) -> dict[str, float]:
    """Return the mean seconds of a draw: taking rows, scikit-learn, fairlearn."""
    rng = np.random.default_rng(3)
    taken = {"draw": 0.0, "sklearn": 0.0, "fairlearn": 0.0}
    for _ in range(draws):
        at = [time.perf_counter()]
        again = drawn(rows, members, rng)
        at.append(time.perf_counter())
        scikit(again)
        at.append(time.perf_counter())
        fair(again)
        at.append(time.perf_counter())
        for name, before, after in zip(taken, at, at[1:], strict=False):
            taken[name] += (after - before) / draws
    return taken


def main() -> None:
    """Read the file that is named and print seconds a draw, and figures to compare."""
    warnings.simplefilter("ignore")
    path, draws = sys.argv[1], int(sys.argv[2])
    rows = pd.read_parquet(path)
    _, patient = np.unique(rows["subject"], return_inverse=True)
    order = np.argsort(patient, kind="stable")
    starts = np.searchsorted(patient[order], np.arange(patient.max() + 2))
    members = {"ids": np.arange(patient.max() + 1), "order": order, "starts": starts}
    taken = a_draw(rows, members, draws=draws)
    start = time.perf_counter()
    curve = dca(
        data=rows[["outcome", "risk", "baseline_lace_risk"]],
        outcome="outcome",
        modelnames=["risk", "baseline_lace_risk"],
        thresholds=np.arange(0.05, 0.505, 0.01),
    )
    dcurves = time.perf_counter() - start
    mine = curve[curve["model"] == "risk"]
    found = scikit(rows)
    said = {
        "a_draw": taken,
        "dcurves": dcurves,
        "net_benefit": {
            f"{t:.2f}": b for t, b in zip(mine["threshold"], mine["net_benefit"], strict=True)
        },
        **{name: found[f"all risk {name}"] for name in MEASURES},
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
