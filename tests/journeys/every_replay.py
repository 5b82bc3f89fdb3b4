"""Replay every example as it is shipped, in every place that may matter; `make replays` runs this.

Of each example: a home, a fit, three replays with other threads, hash seed, locale and time zone,
one in a fresh virtual environment, a fit on the source with its rows in another order, and one
altered cell, which must be named and refused. `python -m tests.journeys.every_replay NAME` takes
one example; it ends with the number that hold.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from attending.digests import canonical, digest_file
from attending.hospital.extract import MANIFEST
from tests.journeys import replays
from tests.journeys.conftest import AT, EXAMPLES, ROOT, Shell, new_shell

if TYPE_CHECKING:
    from collections.abc import Callable

_EXCEPT = {
    "icu-mortality-physionet-2012": "split.temporal",
    "readmission-diabetes-130": "leak.billing_time",
}


@dataclass(frozen=True)
class Source:
    """What an example is made from: how it is ingested, and where it lies."""

    kind: str
    folder: Path


def source_of(example: str, folder: Path) -> Source:
    """Return the source of an example; the synthetic hospital is written anew."""
    data = Path(os.environ.get("ATTENDING_TEST_DATA", str(ROOT / ".." / "shared" / "data")))
    if example.endswith("-mimic-iv"):
        return Source("mimic-iv", data / "mimic-iv-demo")
    if example.endswith("-physionet-2012"):
        return Source("physionet-2012", data / "physionet-2012-set-a")
    if example.endswith("-diabetes-130"):
        return Source("diabetes-130", data / "diabetes-130")
    shell = Shell(folder=folder, home=folder / "none")
    shell.run("hospital", "write", str(folder / "extract"), "--patients", "1500", "--years", "3")
    return Source("hospital", folder / "extract")


def shuffled(source: Source, to: Path) -> Source:
    """Return a copy of a source with the rows of every table in another order."""
    order = np.random.default_rng(5)
    shutil.copytree(source.folder, to)
    for path in sorted(p for p in to.rglob("*") if p.is_file()):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            pq.write_table(table.take(order.permutation(len(table))), path)
        elif path.suffix == ".zip":
            _shuffle_zip(path, order)
        elif path.name.endswith(".csv.gz"):
            path.write_bytes(gzip.compress(_shuffle(gzip.decompress(path.read_bytes()), order)))
        elif path.suffix == ".csv" or path.name.startswith("Outcomes"):
            path.write_bytes(_shuffle(path.read_bytes(), order))
    _sum_again(to)
    return Source(source.kind, to)


def _sum_again(folder: Path) -> None:
    """Write the sums that came with a source anew, for its files are others now."""
    for sums in folder.glob("SHA256SUMS*"):
        names = [line.split(maxsplit=1)[1].strip() for line in sums.read_text().splitlines()]
        kept = [name for name in names if (folder / name).is_file()]
        lines = [f"{digest_file(folder / name)} {name}" for name in kept]
        sums.write_text("\n".join(lines) + "\n")
    manifest = folder / MANIFEST
    if manifest.is_file():
        said = json.loads(manifest.read_text())
        for name, about in said["files"].items():
            about["sha256"] = digest_file(folder / name)
        manifest.write_bytes(canonical(said))


def _shuffle(data: bytes, order: np.random.Generator) -> bytes:
    head, *rows = data.splitlines(keepends=True) or [b""]
    if any(row.count(b'"') % 2 for row in rows):
        return data  # a cell goes over several lines: the table stays as it is
    moved = (rows[at] for at in order.permutation(len(rows)))
    return head + b"".join(row if row.endswith(b"\n") else row + b"\n" for row in moved)


def _shuffle_zip(path: Path, order: np.random.Generator) -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(path) as was, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as now:
        for name in was.namelist():
            # A table of codes has blocks that begin with names of their own.
            data = was.read(name)
            now.writestr(name, data if "IDs" in name else _shuffle(data, order))
    path.write_bytes(kept.getvalue())


def fitted(folder: Path, example: str, source: Source) -> tuple[Shell, list[str], dict[str, Any]]:
    """Return a home with a run of an example, under the exception that it needs."""
    folder.mkdir()
    shell, project = new_shell(folder, example)
    at = ["--project", str(project), "--at", AT]
    shell.run("ingest", source.kind, str(source.folder), "--at", AT)
    shell.run("cohort", "build", *at)
    shell.run("features", "build", *at)
    if example in _EXCEPT:
        shell.persons()
        asked = shell.json(
            "gate", "except", _EXCEPT[example], "--reason", "replays", "--compensation", "none",
            "--expires", "2027-01-01T00:00:00Z", "--by", "dana", *at,
        )  # fmt: skip
        shell.sign(asked["digest"], "clara", "clinical_lead")
        shell.sign(asked["digest"], "caro", "compliance_officer")
    return shell, at, shell.json("train", "fit", *at)


def fitted_again(home: Path, at: list[str], source: Source) -> dict[str, Any]:
    """Return a run on another delivery of a source, in a copy of the home: ids keep their key."""
    shell = Shell(folder=home.parent, home=home)
    shell.run("ingest", source.kind, str(source.folder), "--at", AT)
    shell.run("cohort", "build", *at)
    shell.run("features", "build", *at)
    run: dict[str, Any] = shell.json("train", "fit", *at)
    return run


def hold(example: str, *, python: str, say: Callable[[str], None]) -> None:
    """Check one example in every place.

    Raises:
        AssertionError: a digest that is another, or an altered cell that was not named.
    """
    with tempfile.TemporaryDirectory(prefix="replays") as made:
        folder = Path(made)
        source = source_of(example, folder)
        shell, at, run = fitted(folder / "first", example, source)
        replays.three_times(shell.home, at)
        say("the same in three places")
        here = {"PYTHONPATH": str(ROOT / "src")}
        again = replays.replayed(shell.home, at, place=here, python=python)
        assert again["same_files"] and again["same_result"], again
        say("the same in a fresh virtual environment")
        shutil.copytree(shell.home, folder / "again" / "home")
        other = shuffled(source, folder / "shuffled")
        now = fitted_again(folder / "again" / "home", at, other)
        assert now["artifacts"] == run["artifacts"], "another order of rows gave another model"
        assert now["feature_table"] == run["feature_table"]
        moved = "another snapshot" if now["snapshot"] != run["snapshot"] else "the same snapshot"
        say(f"the same model from rows in another order ({moved})")
        shard = replays.altered_is_refused(shell, folder / "altered", at, run["snapshot"])
        say(f"one altered cell is refused with exit 4 and names {shard}")


def main(names: list[str]) -> int:
    """Check every example, or those that are named; return 1 when one does not hold."""
    asked = names or sorted(path.parent.name for path in EXAMPLES.glob("*/contract.yaml"))
    held = 0
    with tempfile.TemporaryDirectory(prefix="replays") as made:
        python = replays.fresh_environment(Path(made) / "venv")
        for name in asked:
            try:
                hold(name, python=python, say=partial(print, f"{name}:", flush=True))
                held += 1
            except AssertionError as wrong:
                print(f"{name}: FAILED: {wrong}")
    print(f"examples that replay to the byte {held}/{len(asked)}")
    return 0 if held == len(asked) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
