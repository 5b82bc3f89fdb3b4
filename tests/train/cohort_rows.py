"""A small cohort and its features for the tests of training."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from attending.specs.model import ModelSpec
from attending.times import DAY, parse_instant, to_micros
from tests.models.hospital_rows import NAMES, rows

BEGIN = to_micros(parse_instant("2025-01-01T00:00:00Z"))
HORIZON = 30 * DAY
DELAY = 5 * DAY
CUT = "2025-10-01T00:00:00Z"


def cohort(n: int = 900, *, patients: int = 900, seed: int = 1):
    """Return cohort and feature tables of a year; fewer patients than rows come again."""
    rng = np.random.default_rng(seed + 100)
    x, y = rows(n, seed=seed)
    subject = np.arange(n) % patients + 1
    day = np.sort(rng.choice(365, n))
    # One patient's rows keep their order in time when the table is sorted by patient.
    order = np.lexsort((day, subject))
    time = BEGIN + day[order] * DAY
    keys = {
        "subject_id": pa.array(subject[order], pa.int64()),
        "encounter_id": pa.array(np.arange(n) + 10_000, pa.int64()),
        "prediction_time": pa.array(time, pa.timestamp("us")),
    }
    label = pa.array([None if k % 50 == 0 else int(v) for k, v in enumerate(y)], pa.int8())
    table = pa.table(
        keys
        | {
            "index_start": pa.array(time - 3 * DAY, pa.timestamp("us")),
            "label": label,
            "horizon_end": pa.array(time + HORIZON, pa.timestamp("us")),
            "site": pa.array(["A" if k % 3 else "B" for k in range(n)]),
            "group_year_group": pa.array(
                [None if k % 90 == 0 else ("late" if k % 4 == 0 else "early") for k in range(n)]
            ),
        }
    )
    return table, pa.table(keys | {name: x[:, k] for k, name in enumerate(NAMES)})


def spec(split=None, **more):
    """Return a small model spec; `split` and others replace its fields."""
    asked = {
        "name": "readmission",
        "outcome": "unplanned readmission within 30 days",
        "estimator": "logistic",
        "seed": 7,
        "split": split or {"kind": "temporal", "test_from": CUT},
    }
    return ModelSpec.model_validate(asked | more)
