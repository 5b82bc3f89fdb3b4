"""Time pandera on polars over the sixty rules; a program of its own, in an environment of its own.

Prints one line of JSON: seconds of checking, after and without reading, and how many rules broke.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

import pandera.polars as pa
import polars as pl


def check(rule: list) -> pa.Check:
    """Return a rule as a check that runs inside polars."""
    name, kind, code, low, high, words = rule
    about = pl.col("code") == code
    if kind == "range":
        holds = (
            ~about
            | pl.col("numeric_value").is_between(low, high)
            | pl.col("numeric_value").is_null()
        )
    elif kind == "unit":
        holds = ~about | pl.col("numeric_value").is_null() | pl.col("unit").is_in(words)
    elif kind in {"site", "code"}:
        holds = pl.col(kind).is_in(words)
    elif kind == "nulls":
        share = (about & pl.col("numeric_value").is_null()).sum() / about.sum()
        holds = share * 100 < high
    elif kind == "order":
        holds = pl.col("known_at") >= pl.col("time")
    elif kind == "repeats":
        holds = ~pl.struct("subject_id", "time", "code").is_duplicated()
    else:
        holds = pl.col(code).is_not_null()
    return pa.Check(lambda data: data.lazyframe.select(holds), name=name)


def main() -> None:
    """Check the files that are named after the rules."""
    warnings.simplefilter("ignore")
    rules, *paths = sys.argv[1:]
    schema = pa.DataFrameSchema(checks=[check(rule) for rule in json.loads(rules)])
    columns = ["subject_id", "time", "code", "numeric_value", "unit", "known_at", "site"]
    start = time.perf_counter()
    frame = pl.read_parquet(paths, columns=columns)
    read = time.perf_counter()
    broken = 0
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        broken = len(errors.schema_errors)
    end = time.perf_counter()
    print(
        json.dumps(
            {"read": read - start, "check": end - read, "broken": broken, "rows": len(frame)}
        )
    )


if __name__ == "__main__":
    main()
