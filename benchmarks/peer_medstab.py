"""Time MEDS-Tab on its own aggregates at the same predictions; run in an environment of its own.

As released, 0.2.0 drops every numeric value (its issue 168) and the last row of each instant, so
`released` shows what it gives and `mended` does the same steps with both put right. It knows no
`known_at`, and its windows end with the last event before a prediction.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from MEDS_tabular_automl.describe_codes import compute_feature_frequencies, filter_parquet
from MEDS_tabular_automl.generate_summarized_reps import (
    aggregate_matrix,
    generate_summary,
    get_rolling_window_indicies,
)
from MEDS_tabular_automl.generate_ts_features import (
    get_flat_ts_rep,
    get_long_code_df,
    get_long_value_df,
)
from MEDS_tabular_automl.utils import get_events_df, get_feature_names
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from collections.abc import Sequence

_WAYS = {"count": "code/count", "sum": "value/sum"}


class Asked(NamedTuple):
    """One matrix of predictions by codes."""

    shard: Path
    agg: str
    window: str
    due: pl.LazyFrame
    known: list[str]

    @property
    def events(self) -> pl.LazyFrame:
        """Return the shard's rows of known codes."""
        return filter_parquet(self.shard, self.known)


def released(asked: Asked) -> csr_array:
    """Return the matrix as the release gives it."""
    _, agg, window, due, known = asked
    index, matrix = get_flat_ts_rep(agg, known, asked.events)
    return generate_summary(known, index, matrix, window, agg, due)


def mended(asked: Asked) -> csr_array:
    """Return the same, numeric values and the last row of each instant kept."""
    rows = get_events_df(asked.events, asked.known)
    matrix = _matrix(asked, rows)
    place = pl.col("index")
    instants = (
        rows.with_row_index("index")
        .group_by(["subject_id", "time"], maintain_order=True)
        .agg(place.min().alias("min_index"), (place.max() + 1).alias("max_index"))
        .collect()
    )
    matrix = aggregate_matrix(instants, matrix, asked.agg, matrix.shape[1])
    index = instants.lazy().select("subject_id", "time")
    windows = get_rolling_window_indicies(index, asked.window, asked.due)
    return aggregate_matrix(windows, matrix, asked.agg, matrix.shape[1])


def _matrix(asked: Asked, rows: pl.LazyFrame) -> csr_array:
    """Return rows by codes; told the bare codes too, it finds the numeric values."""
    columns = get_feature_names(asked.agg, asked.known)
    told = rows.drop("subject_id", "time")
    if asked.agg.startswith("code"):
        data, where = get_long_code_df(told.drop("numeric_value"), columns)
    else:
        codes = [column.rpartition("/")[0] for column in columns]
        data, where = get_long_value_df(told, [*columns, *codes])
    return csr_array((data, where), shape=(rows.select(pl.len()).collect().item(), len(columns)))


def part(task: tuple[str, str, str], *, how: str, predictions: str, known: list[str]) -> tuple:
    """Return the cells of one shard, window and aggregate: places, and a column a code."""
    shard, window, name = task
    mine = pl.scan_parquet(shard).select("subject_id").unique().collect()
    due = pl.read_parquet(predictions).join(mine, on="subject_id", how="semi")
    due = due.sort("subject_id", "prediction_time")
    at = due.lazy().select("subject_id", "prediction_time")
    way = {"released": released, "mended": mended}[how]
    matrix = way(Asked(Path(shard), _WAYS[name], window, at, known))
    codes = [one.rpartition("/")[0] for one in get_feature_names(_WAYS[name], known)]
    return due["place"].to_numpy(), window, name, codes, matrix.toarray().astype(np.float64)


def table(parts: Sequence[tuple], rows: int) -> pl.DataFrame:
    """Return the cells as columns named `aggregate window code`, in the order of places."""
    found: dict[str, np.ndarray] = {}
    for places, window, name, codes, cells in parts:
        for number, code in enumerate(codes):
            column = found.setdefault(f"{name} {window} {code}", np.zeros(rows))
            column[places] = cells[:, number]
    return pl.DataFrame(found)


def main() -> None:
    """Write the table, then print seconds and where it is."""
    how, names, windows, predictions, out, *shards = sys.argv[1:]
    start = time.perf_counter()
    counts = [compute_feature_frequencies(pl.scan_parquet(one)) for one in shards]
    known = sorted(pl.concat(counts)["code"].unique())
    tasks = list(product(shards, json.loads(windows), json.loads(names)))
    work = partial(part, how=how, predictions=predictions, known=known)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(work, tasks))
    seconds = time.perf_counter() - start
    rows = pl.scan_parquet(predictions).select(pl.len()).collect().item()
    table(parts, rows).write_parquet(out)
    print(json.dumps({"seconds": seconds, "out": out}))


if __name__ == "__main__":
    main()
