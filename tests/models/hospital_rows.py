"""Rows that the tests of models, training and explaining share: small, with a known signal."""

from __future__ import annotations

import numpy as np

NAMES = ("age", "creatinine", "urea", "prior_stays", "noise")


def rows(n: int = 600, *, seed: int = 1):
    """Features with gaps, and outcomes that follow age, creatinine and prior stays."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(20, 90, n)
    creatinine = rng.lognormal(0.0, 0.4, n)
    urea = 15 * creatinine + rng.normal(0, 1.5, n)
    stays = rng.poisson(1.0, n).astype(float)
    x = np.column_stack([age, creatinine, urea, stays, rng.normal(size=n)])
    margin = -3.0 + 0.03 * (age - 50) + 1.2 * np.log(creatinine) + 0.8 * stays
    y = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(np.int8)
    x[rng.random(n) < 0.2, 1] = np.nan
    x[rng.random(n) < 0.1, 2] = np.nan
    return x, y
