"""One compiled kernel serves every array; a warmed one is found again by a new process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from attending.errors import IntegrityBroken
from attending.features.build import build
from attending.features.online import for_patient
from attending.features.warm import warm_kernel
from attending.times import from_micros
from tests.engines.tables import engine, event, events, predictions
from tests.features.specs import every_aggregate


def test_no_table_makes_the_kernel_compile_again(tmp_path):
    assert warm_kernel() == 1
    rows = [event(1, hour, "LAB", float(hour) or None, superseded=hour + 9) for hour in range(9)]
    table = events([*rows, event(2, None, "LAB", 1.0), event(2, 1, "LAB", 1.0)])
    pieces = pa.concat_tables([table.slice(0, 4), table.slice(4)])
    for given in (table, pieces, pieces.combine_chunks(), table.slice(9), table.slice(0, 0)):
        for_patient(
            every_aggregate(),
            given,
            subject_id=1,
            encounter_id=None,
            prediction_time=from_micros(10),
            index_start=None,
        )
    build(every_aggregate(as_of="06:00"), predictions([(1, 5, 0)]), engine(tmp_path, table))
    assert warm_kernel() == 1


def test_a_new_process_takes_the_kernel_from_the_cache_of_a_warm_one():
    program = (
        "from attending.features.warm import warm_kernel\n"
        "from attending.engines import kernel\n"
        "warm_kernel()\n"
        "found = kernel.run.stats\n"
        "print(sum(found.cache_hits.values()), sum(found.cache_misses.values()))"
    )
    warm_kernel()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.split() == ["1", "0"]


def test_a_patient_in_two_shards_is_refused(tmp_path):
    table = events([event(1, 1, "LAB", 1.0)])
    local = engine(tmp_path, table, shards=1)
    twice = type(local)([*local.shards, *local.shards])
    with pytest.raises(IntegrityBroken, match="rows in two shards"):
        build(every_aggregate(), predictions([(1, 5, 0)]), twice)
    _, made = build(every_aggregate(), predictions([(1, 5, 0)]), local)
    assert made["f_sum"].to_pylist() == [1.0]
