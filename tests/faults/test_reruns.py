"""P17: the same work again, elsewhere, or on rows in another order, gives the same digests."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from attending.digests import canonical, digest_file
from tests.faults.conftest import AT, Ward

#: A place to run in: threads, the seed of hashes, the zone and the language of the machine.
PLACES = {
    "here": {"PYTHONHASHSEED": "0", "TZ": "UTC"},
    "one thread": {
        "PYTHONHASHSEED": "1", "TZ": "America/Chicago", "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "LC_ALL": "C",
    },
    "far away": {"PYTHONHASHSEED": "99", "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8"},
}  # fmt: skip


def run(ward, place, *words):
    """Run one verb in a process of its own at a place, on its first processor alone if one thread.

    Returns:
        what it printed as JSON.
    """
    where = ["--home", str(ward.home), "--at", AT, "--json"]
    if words[0] != "ingest":
        where += ["--project", str(ward.project)]
    program = [sys.executable, "-m", "attending", *words, *where]
    if place == "one thread":
        program = ["taskset", "-c", str(min(os.sched_getaffinity(0))), *program]
    done = subprocess.run(
        program, capture_output=True, text=True, check=False, env={**os.environ, **PLACES[place]}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def journey(ward, place, extract):
    """Go from raw rows to a fitted model at a place; return what each step left."""
    run(ward, place, "ingest", "hospital", str(extract))
    cohort = run(ward, place, "cohort", "build")
    features = run(ward, place, "features", "build")
    fitted = run(ward, place, "train", "fit")
    return {
        "cohort": cohort["table_digest"],
        "features": features["table_digest"],
        "files": {one["name"]: one["digest"] for one in fitted["artifacts"]},
        "measured": fitted["candidates"],
    }


def shuffled(extract, to):
    """Copy an extract with the rows of every table in another order, its totals made right."""
    to.mkdir()
    draw = np.random.default_rng(5)
    manifest = json.loads((extract / "manifest.json").read_text())
    for path in extract.glob("*.csv"):
        head, *rows = path.read_text().splitlines(keepends=True)
        draw.shuffle(rows)
        (to / path.name).write_text(head + "".join(rows))
        manifest["files"][path.name]["sha256"] = digest_file(to / path.name)
    (to / "manifest.json").write_bytes(canonical(manifest))
    return to


def naive_sum(extract):
    """Return the sum of all results in the order of the file."""
    with (extract / "labs.csv").open() as stream:
        values = [row["value"] for row in csv.DictReader(stream)]
    return sum(float(value) for value in values if value.replace(".", "", 1).isdigit())


@pytest.mark.fault("P17")
def test_p17_another_place_or_order_of_rows_changes_no_digest(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = Ward(tmp_path / "a"), Ward(tmp_path / "b")
    extract, _ = first.write()
    mixed = shuffled(extract, tmp_path / "mixed")
    # Control: added up in the order of rows, the same values give other bits; and the order of a
    # set of words depends on the seed of hashes.
    assert naive_sum(extract) != naive_sum(mixed)
    asked = [sys.executable, "-c", "print(list({'LOINC', 'ICD10CM', 'ATC', 'GENDER', 'RACE'}))"]
    orders = {
        subprocess.run(
            asked, capture_output=True, text=True, check=True, env={**os.environ, **place}
        ).stdout
        for place in PLACES.values()
    }
    assert len(orders) > 1
    # Guard: other rows' order, threads, hashes, zone and language, and every digest is the same.
    left = journey(first, "here", extract)
    assert left["files"]
    assert journey(second, "one thread", mixed) == left
    # And the run repeats, byte for byte, wherever it is repeated.
    for place in PLACES:
        again = run(first, place, "run", "replay")
        assert again["same_files"]
        assert again["same_result"]
