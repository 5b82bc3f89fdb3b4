"""Risks and shares of XGBoost itself on made-up rows, frozen into the tests with its models."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import xgboost

#: By name: what differs from the defaults.
KINDS = {
    "plain": {"max_depth": 3},
    "deep": {"max_depth": 6, "eta": 0.3, "min_child_weight": 2},
    "prior": {"max_depth": 4, "base_score": 0.1, "scale_pos_weight": 3},
    "forest": {"max_depth": 3, "num_parallel_tree": 3, "subsample": 0.7},
}
ROUNDS = 8


def rows(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows with gaps, ties and large values, and a yes or no that depends on them."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([
        rng.normal(0, 1, n), rng.integers(0, 4, n), rng.lognormal(3, 2, n),
        rng.integers(0, 2, n), rng.normal(100, 0.001, n),
    ])  # fmt: skip
    risk = 1 / (1 + np.exp(1.5 - x[:, 0] - 0.4 * x[:, 1] * x[:, 3]))
    y = (rng.random(n) < risk).astype(int)
    x[rng.random(x.shape) < 0.2] = np.nan
    return x, y


def main(out: Path) -> None:
    """Write models, rows and figures."""
    x, y = rows(400, seed=5)
    names = ["age", "visits", "lactate", "flag", "weight"]
    some = x[:40]
    found = {}
    for kind, settings in KINDS.items():
        options = {"objective": "binary:logistic", "nthread": 1, "seed": 3, **settings}
        data = xgboost.DMatrix(x, y, feature_names=names)
        booster = xgboost.train(options, data, ROUNDS)
        asked = xgboost.DMatrix(some, feature_names=names)
        found[kind] = {
            "model": json.loads(booster.save_raw("json")),
            "risk": booster.predict(asked).tolist(),
            "shares": booster.predict(asked, pred_contribs=True).tolist(),
        }
    said = {"xgboost": xgboost.__version__, "rows": np.where(np.isnan(some), None, some).tolist()}
    out.write_text(json.dumps({**said, "kinds": found}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
