"""Figures of scikit-learn, confidenceinterval, dcurves and statsmodels, frozen into the tests."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import real_predictions
import statsmodels.api as sm
from confidenceinterval import roc_auc_score as auroc_interval
from dcurves import dca
from sklearn import metrics

THRESHOLDS = [0.05, 0.1, 0.15, 0.2, 0.3]
GOLDEN = (
    [0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0],
    [.02, .03, .05, .08, .10, .12, .15, .18, .20, .22,
     .25, .30, .35, .38, .40, .45, .55, .60, .75, .80],
)  # fmt: skip


def figures(outcome: np.ndarray, risk: np.ndarray) -> dict:
    """Return the measures of one set of predictions."""
    linear = np.log(risk / (1 - risk))
    family = sm.families.Binomial()
    tight = {"tol": 1e-14, "maxiter": 200, "tol_criterion": "params"}
    large = sm.GLM(outcome, np.ones(outcome.size), family=family, offset=linear).fit(**tight)
    both = sm.GLM(outcome, sm.add_constant(linear), family=family).fit(**tight)
    _, (low, high) = auroc_interval(outcome.tolist(), risk.tolist(), method="delong")
    curve = dca(
        data=pd.DataFrame({"outcome": outcome, "risk": risk}),
        outcome="outcome", modelnames=["risk"], thresholds=np.array(THRESHOLDS),
    )  # fmt: skip
    mine = curve[curve["model"] == "risk"]
    treat_all = curve[curve["model"] == "all"]
    return {
        "rows": int(outcome.size),
        "events": int(outcome.sum()),
        "sklearn": {
            "auroc": metrics.roc_auc_score(outcome, risk),
            "average_precision": metrics.average_precision_score(outcome, risk),
            "brier": metrics.brier_score_loss(outcome, risk),
            "log_loss": metrics.log_loss(outcome, risk),
        },
        "confidenceinterval": {"delong_wald": [float(low), float(high)]},
        "dcurves": {
            f"{t:g}": [float(a), float(b)]
            for t, a, b in zip(
                mine["threshold"], mine["net_benefit"], treat_all["net_benefit"], strict=True
            )
        },
        "statsmodels": {
            "calibration_in_the_large": [float(large.params[0]), float(large.bse[0])],
            "intercept": [float(both.params[0]), float(both.bse[0])],
            "slope": [float(both.params[1]), float(both.bse[1])],
        },
    }


def main() -> None:
    """Write the figures of the golden rows, PhysioNet 2012 and diabetes 130."""
    warnings.simplefilter("ignore")
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    golden = np.array(GOLDEN[0]), np.array(GOLDEN[1])
    made = {
        "golden": figures(*golden),
        "physionet_saps": figures(*real_predictions.physionet(folder)[:2]),
        "physionet_sofa": figures(*real_predictions.physionet(folder, "SOFA")[:2]),
        "diabetes": figures(*real_predictions.diabetes(folder)[:2]),
    }
    out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
