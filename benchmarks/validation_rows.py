"""Predictions of known truth, with a score and ten groups, for the validation benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

THRESHOLD = 0.2
GROUPS = {"age": ["18-39", "40-64", "65-79", "80+"], "sex": ["F", "M"], "site": list("ABCD")}


def write(path: Path, rows: int) -> None:
    """Write outcome, risk, patient, a score with its risk, and three attributes of ten groups."""
    rng = np.random.default_rng(11)
    linear = rng.normal(-2.2, 1.1, rows)
    outcome = (rng.random(rows) < 1 / (1 + np.exp(-linear))).astype(np.int8)
    score = np.clip(np.round(linear * 2 + rng.normal(0, 2, rows) + 8), 0, 19)
    columns = {
        "outcome": outcome,
        "risk": 1 / (1 + np.exp(-(linear * 0.9 - 0.2 + rng.normal(0, 0.5, rows)))),
        "subject": rng.integers(0, rows * 2 // 3, rows),
        "baseline_lace": score,
        "baseline_lace_risk": 1 / (1 + np.exp(-((score - 8) / 3 - 1.9))),
        **{f"group_{name}": rng.choice(words, rows) for name, words in GROUPS.items()},
    }
    pq.write_table(pa.table(columns), path)
