"""The same years watched by our policy and, with default settings, by Evidently and by NannyML.

Five years are drawn and written as files. Ours lives through every day; the others look at every
week of the inputs against the rows of the validation, as their own guides do. A week is alarmed
when a whole report says drift: Evidently's dataset drift, or any column of NannyML's that alerts.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from attending.monitor.lived import World, live
from attending.monitor.planted import KINDS, Plant
from attending.records.monitoring import ANSWERS
from tests.monitor import deployed as d

if TYPE_CHECKING:
    from attending.monitor.lived import Lived

ONSET = 150
#: What is planted in each year; nothing in the first two.
YEARS = ("", "", "unit_switch", "missing_feed", "more_events")
OTHERS = ("evidently", "nannyml")


def drawn(seed: int) -> list[Lived]:
    """Return the five years."""
    world = World.of(d.SPEC, d.HELD, d.VALIDATION)
    figures = {one.name: one.sizes[2] for one in KINDS}
    return [
        live(world, Plant(kind, figures[kind], ONSET) if kind else None, seed=(seed, at))
        for at, kind in enumerate(YEARS)
    ]


def ours(lived: Lived) -> list[int]:
    """Return the days on which the verdict was a freeze or more."""
    strict = ANSWERS[ANSWERS.index("freeze") :]
    return [
        day
        for day in range(365)
        if (verdict := lived.on(day).verdict) is not None and verdict.answer in strict
    ]


def theirs(years: list[Lived], folder: Path) -> dict[str, list[list[int]]]:
    """Return for each of the others, and each year, the last days of the weeks that alarmed."""
    pq.write_table(d.table(d.X), folder / "reference.parquet")
    for at, one in enumerate(years):
        year = one.seen.year
        table = d.table(year.x).append_column("day", pa.array(year.day))
        pq.write_table(table, folder / f"year{at}.parquet")
    found: dict[str, list[list[int]]] = {}
    for name in OTHERS:
        program = Path("benchmarks") / f"peer_{name}_years.py"
        python = f".venv-{name}/bin/python"
        done = subprocess.run([python, str(program), str(folder)], check=True,
                              capture_output=True, text=True)  # fmt: skip
        found[name] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return found


def told(days: list[list[int]]) -> dict[str, Any]:
    """Return false alarms in the quiet years and before the onset, and the delays after it."""
    quiet = sum(len(one) for one, kind in zip(days, YEARS, strict=True) if not kind)
    before = sum(
        sum(day < ONSET for day in one) for one, kind in zip(days, YEARS, strict=True) if kind
    )
    delays = {
        kind: next((day - ONSET + 1 for day in one if day >= ONSET), None)
        for one, kind in zip(days, YEARS, strict=True)
        if kind
    }
    return {"alarmed": quiet + before, "delays": delays}
