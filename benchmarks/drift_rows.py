"""Sixty features of two periods: skewed, counted, rare and missing ones, a few of them moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

FEATURES = 60


def write(folder: Path, rows: int) -> None:
    """Write `reference.parquet` and `current.parquet` into a folder."""
    for name, seed, by in (("reference", 1, 0.0), ("current", 2, 0.15)):
        rng = np.random.default_rng(seed)
        columns = {f"f{at:02d}": _column(rng, at, rows, by=by) for at in range(FEATURES)}
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def _column(rng: np.random.Generator, at: int, rows: int, *, by: float) -> pa.Array:
    moved = by if at % 6 == 0 else 0.0
    if at % 4 == 0:
        values = np.exp(0.5 * rng.standard_normal(rows) + moved)
    elif at % 4 == 1:
        values = rng.poisson(3 + moved, rows).astype(np.float64)
    elif at % 4 == 2:
        values = 100 + 15 * rng.standard_normal(rows) + 15 * moved
    else:
        values = np.round(80 + 12 * rng.standard_normal(rows) + 12 * moved)
    return pa.array(values, mask=rng.random(rows) < 0.02 * (at % 5))
