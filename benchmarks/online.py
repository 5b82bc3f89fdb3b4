"""One patient's sixty features in process: how long a call takes, over ten thousand calls."""

from __future__ import annotations

import json
import time

import numpy as np
import pyarrow as pa

from attending.engines.tables import in_order
from attending.features.compiled import compiled
from attending.features.online import for_patient
from attending.records.events import EVENTS
from attending.specs.features import FeaturesSpec
from attending.times import DAY, HOUR, SECOND, from_micros
from benchmarks.events import CODES, START, UNITS
from benchmarks.feature_definitions import definitions

EVENTS_OF_ONE = 5_000
CALLS = 10_000


def history() -> pa.Table:
    """Return the rows of one patient over a year, in canonical order."""
    draw = np.random.default_rng(3)
    time_ = START + draw.integers(0, 365 * 86_400, EVENTS_OF_ONE) * SECOND
    code = draw.integers(0, len(CODES), EVENTS_OF_ONE)
    columns = {
        "subject_id": np.ones(EVENTS_OF_ONE, np.int64),
        "time": pa.array(time_).cast(pa.timestamp("us")),
        "code": [CODES[place] for place in code],
        "numeric_value": draw.normal(100, 25, EVENTS_OF_ONE).astype(np.float32),
        "unit": [UNITS[place % len(UNITS)] for place in code],
        "known_at": pa.array(time_ + HOUR).cast(pa.timestamp("us")),
        "source": ["bench/labs"] * EVENTS_OF_ONE,
    }
    arrays = [
        pa.array(columns[one.name], one.type) if one.name in columns
        else pa.nulls(EVENTS_OF_ONE, one.type)
        for one in EVENTS
    ]  # fmt: skip
    return in_order(pa.Table.from_arrays(arrays, schema=EVENTS))


def main() -> None:
    """Print the percentiles of a call, in milliseconds: by the clock, and of the thread alone."""
    said = {"name": "bench", "version": "1", "features": definitions()}
    plan, rows = compiled(FeaturesSpec.model_validate(said)), history()
    wall, thread = np.empty(CALLS), np.empty(CALLS)
    for call in range(-10, CALLS):
        at = from_micros(START + 200 * DAY + call * SECOND * 60)
        start, own = time.perf_counter(), time.thread_time()
        for_patient(
            plan, rows, subject_id=1, encounter_id=None, prediction_time=at, index_start=None
        )
        wall[call], thread[call] = time.perf_counter() - start, time.thread_time() - own
    found = {
        name: {f"p{q}": round(float(np.percentile(taken, q)) * 1000, 3) for q in (50, 99)}
        for name, taken in (("wall", wall), ("thread", thread))
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
