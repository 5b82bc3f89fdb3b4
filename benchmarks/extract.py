"""Write a made-up laboratory extract of any number of rows as one CSV, and its mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from benchmarks.events import CODES, SITES, START, UNITS

if TYPE_CHECKING:
    from pathlib import Path

FILE = "labs.csv"
MAPPING = """\
system: bench
version: "1"
time_zone: UTC
tables:
  - name: labs
    file: labs.csv
    subject: patient
    encounter: stay
    site: site
    row_id: [row]
    known_at: {rule: recorded, columns: [stored]}
    events:
      - code: ["LAB//{test}"]
        time: {columns: [taken]}
        value: result
        unit: unit
"""
_PIECE = 1_000_000
_MINUTE = 60
_YEAR_MINUTES = 300 * 1440


def write_extract(folder: Path, *, rows: int) -> Path:
    """Return the file of `rows` results, about 75 bytes each; rows stand in order of storing."""
    path = folder / FILE
    with path.open("wb") as stream:
        for start in range(0, rows, _PIECE):
            table = _piece(start, min(_PIECE, rows - start), rows)
            options = pa_csv.WriteOptions(include_header=start == 0, quoting_style="needed")
            pa_csv.write_csv(table, stream, options)
    return path


def _piece(start: int, size: int, rows: int) -> pa.Table:
    draw = np.random.default_rng([7, start])
    patient = draw.integers(0, max(rows // 250, 1), size)
    stored = START // 1_000_000 + np.sort(draw.integers(0, _YEAR_MINUTES, size)) * _MINUTE
    test = draw.integers(0, len(CODES), size)
    value = np.round(draw.normal(100, 25, size), 1)
    columns = {
        "row": pa.array(np.arange(start, start + size)),
        "patient": pa.array(patient + 10_000_000),
        "stay": pa.array(patient * 10 + 1),
        "site": _words(SITES, patient % len(SITES)),
        "test": _words([code[5:] for code in CODES], test),
        "result": pa.array(value, mask=draw.random(size) < 0.02),
        "unit": _words(UNITS, test % len(UNITS)),
        "taken": _times(stored - draw.integers(1, 300, size) * _MINUTE),
        "stored": _times(stored),
    }
    return pa.table(columns)


def _words(words: list[str], places: np.ndarray) -> pa.Array:
    return pa.array(words).take(pa.array(places))


def _times(seconds: np.ndarray) -> pa.Array:
    return pc.strftime(pa.array(seconds).cast(pa.timestamp("s")), format="%Y-%m-%d %H:%M:%S")
