"""Time DuckDB or Polars on sixty features at the same predictions, with two threads.

A program of its own, in an environment of its own. Writes the table, prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time

side, definitions, predictions, room, *paths = sys.argv[1:]
os.environ["POLARS_MAX_THREADS"] = "2"
asked = json.loads(definitions)
codes = sorted({one["codes"][0] for one in asked})
widest = max(int(one["window"][:-1]) for one in asked)
OUT = f"{room}/{side}.parquet"


def sql(one: dict) -> str:
    """Return one feature as DuckDB writes it."""
    days, code, unit = int(one["window"][:-1]), one["codes"][0], one["unit"]
    inside = f"code = '{code}' AND time > due - INTERVAL {days} DAY"
    valued = f"{inside} AND unit = '{unit}' AND value IS NOT NULL"
    value = {
        "count": f"count(*) FILTER (WHERE {inside})::DOUBLE",
        "time_since_last": f"floor(epoch_us(any_value(due) - max(time) FILTER (WHERE {inside}))"
        " / 1000000) / 3600",
        "last": f"arg_max(value, time) FILTER (WHERE {valued})",
        "delta": f"arg_max(value, time) FILTER (WHERE {valued})"
        f" - arg_min(value, time) FILTER (WHERE {valued})",
        "std": f"stddev_samp(value) FILTER (WHERE {valued})",
        "slope": f"regr_slope(value, hours) FILTER (WHERE {valued})",
        "mean": f"avg(value) FILTER (WHERE {valued})",
    }.get(one["aggregate"], f"{one['aggregate']}(value) FILTER (WHERE {valued})")
    return f"{value} AS {one['name']}"


def duckdb_side() -> None:
    """Join once over the widest window, then sixty filtered aggregates."""
    import duckdb  # noqa: PLC0415 - one side only

    connection = duckdb.connect()
    for setting in ("threads=2", "memory_limit='6GB'", "preserve_insertion_order=false"):
        connection.execute(f"SET {setting}")
    connection.execute(f"SET temp_directory='{room}/spill'")
    named = ", ".join(f"'{code}'" for code in codes)
    connection.execute(
        f"""COPY (
        WITH e AS (SELECT subject_id, time, known_at, superseded_at, code, unit,
                   CAST(numeric_value AS DOUBLE) AS value
                   FROM read_parquet({paths}) WHERE code IN ({named})),
        j AS (SELECT p.place, p.prediction_time AS due, e.*,
                     epoch_us(e.time) // 1000000 / 3600.0 AS hours
              FROM '{predictions}' p JOIN e ON p.subject_id = e.subject_id
              AND e.time <= p.prediction_time AND e.time > p.prediction_time - INTERVAL {widest} DAY
              AND e.known_at <= p.prediction_time
              AND (e.superseded_at IS NULL OR e.superseded_at > p.prediction_time)),
        f AS (SELECT place, {", ".join(map(sql, asked))} FROM j GROUP BY place)
        SELECT p.place, f.* EXCLUDE (place) FROM '{predictions}' p LEFT JOIN f USING (place)
        ) TO '{OUT}' (FORMAT parquet)"""
    )


def polars_side() -> None:
    """Join once over the widest window, then sixty filtered aggregates, streaming."""
    import polars as pl  # noqa: PLC0415 - one side only

    at, time_ = pl.col("prediction_time"), pl.col("time")

    def feature(one: dict) -> pl.Expr:
        days = int(one["window"][:-1])
        inside = (pl.col("code") == one["codes"][0]) & (time_ > at - pl.duration(days=days))
        value = pl.col("numeric_value")
        valued = inside & (pl.col("unit") == one["unit"]) & value.is_not_null()
        used, hours = value.filter(valued), pl.col("hours").filter(valued)
        newest = used.sort_by(time_.filter(valued))
        kinds = {
            "count": lambda: inside.sum().cast(pl.Float64),
            "time_since_last": lambda: (at.first() - time_.filter(inside).max())
            .dt.total_seconds() / 3600,
            "last": newest.last,
            "delta": lambda: newest.last() - newest.first(),
            "std": used.std,
            "slope": lambda: pl.cov(used, hours) / hours.var(),
        }  # fmt: skip
        made = kinds.get(one["aggregate"], getattr(used, one["aggregate"], None))()
        return made.alias(one["name"])

    due = pl.scan_parquet(predictions)
    events = pl.scan_parquet(paths).filter(pl.col("code").is_in(codes))
    events = events.with_columns(
        pl.col("numeric_value").cast(pl.Float64), (time_.dt.epoch("s") / 3600).alias("hours")
    )
    joined = due.join(events, on="subject_id").filter(
        (time_ <= at)
        & (time_ > at - pl.duration(days=widest))
        & (pl.col("known_at") <= at)
        & (pl.col("superseded_at").is_null() | (pl.col("superseded_at") > at))
    )
    made = joined.group_by("place").agg(map(feature, asked))
    due.select("place").join(made, on="place", how="left").sink_parquet(OUT)


start = time.perf_counter()
{"duckdb": duckdb_side, "polars": polars_side}[side]()
print(json.dumps({"seconds": time.perf_counter() - start, "out": OUT}))
