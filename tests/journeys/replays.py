"""Repeat a run in other places: threads, hash seed, locale, time zone, a fresh environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from tests.journeys.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.journeys.conftest import Shell

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "ARROW_NUM_THREADS")
PLACES = (
    {**dict.fromkeys(_THREADS, "1"), "PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "99", "TZ": "America/Chicago", "LC_ALL": "C.UTF-8"},
    {
        **dict.fromkeys(_THREADS, "2"),
        "PYTHONHASHSEED": "4294967295",
        "TZ": "Asia/Kolkata",
        "LC_ALL": "tr_TR.UTF-8",
    },
)


def replayed(
    home: Path, where: Sequence[str], *, place: dict[str, str], python: str = sys.executable
):
    """Return what `run replay` printed in a process of its own, which must have ended well."""
    done = subprocess.run(
        [python, "-m", "attending", "run", "replay", *where, "--home", str(home), "--json"],
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def three_times(home: Path, where: Sequence[str]) -> None:
    """Repeat the newest run of a project in three places; all digests must be the same."""
    for place in PLACES:
        again = replayed(home, where, place=place)
        assert again["same_files"], (place, again)
        assert again["differences"] == [], (place, again)


def alter_one_cell(home: Path, snapshot: str) -> str:
    """Write one number of one event of a snapshot anew, and return the name of its file."""
    path = max((home / "snapshots" / snapshot).glob("shard-*.parquet"))
    table = pq.read_table(path)
    at = table.column_names.index("numeric_value")
    cells = table["numeric_value"].to_pylist()
    row = next(row for row, value in enumerate(cells) if value is not None)
    cells[row] += 1.0
    changed = table.set_column(at, table.schema.field(at), pa.array(cells, pa.float32()))
    path.chmod(0o600)
    pq.write_table(changed, path)
    return path.name


def altered_is_refused(shell: Shell, copy: Path, where: Sequence[str], snapshot: str) -> str:
    """Alter a cell in a copy of a home; the replay there must end with 4 and name the file."""
    shutil.copytree(shell.home, copy)
    shard = alter_one_cell(copy, snapshot)
    refused = shell.run("run", "replay", *where, "--home", str(copy), code=4)
    assert f"{shard}: " in refused.stderr
    assert "snapshot.changed" in refused.stderr
    shutil.rmtree(copy)
    return shard


def fresh_environment(folder: Path) -> str:
    """Return the interpreter of a new virtual environment with what attending needs, no more."""
    uv = str(ROOT / ".venv" / "bin" / "uv")
    lock = str(ROOT / "requirements" / "core.txt")
    python = folder / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), lock],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return str(python)
