"""Every real data set goes in through the command line, and every file of it is accounted for."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

#: Kind -> folder, patients, rows, and files that are left out on purpose.
SETS = {
    "omop": ("omop-synthea-1k", 1130, 301_203, {
        "CONDITION_ERA.csv.gz", "DRUG_ERA.csv.gz",  # made of the others, with hindsight
        "OBSERVATION_PERIOD.csv.gz",  # tells when a record ends
        "LOCATION.csv.gz",  # addresses: more than is needed
        "CONCEPT.csv.gz",  # the vocabulary, looked up and no source of rows
        "SPECIMEN.csv.gz",  # what was taken; what was found stands in MEASUREMENT
    }),
    "fhir": ("synthea-fhir-r4", 615, 150_185, set()),
    "diabetes-130": ("diabetes-130", 71_518, 101_766, set()),
    "mimic-iv": ("mimic-iv-demo", 100, 729_738, set()),
    "physionet-2012": ("physionet-2012-set-a", 4000, 1_682_892, set()),
}  # fmt: skip
PAPERS = {"LICENSE", "LICENSE.txt", "README.txt", "SHA256SUMS.txt"}


def attending(*words, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "attending", *map(str, words), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@pytest.mark.data
@pytest.mark.parametrize("kind", SETS)
def test_it_goes_in_with_a_balanced_account_and_no_file_is_forgotten(kind, data_folder, tmp_path):
    name, patients, rows, left_out = SETS[kind]
    told = attending("ingest", kind, data_folder / name, "--home", tmp_path / "home")
    assert told["balanced"]
    assert (told["subjects"], told["rows_in"]) == (patients, rows)
    parts = ("accepted", "quarantined", "rejected", "duplicate")
    assert sum(told[part] for part in parts) == rows
    shown = attending("snapshot", "show", "--home", tmp_path / "home")
    read = {file["name"] for file in shown["files"]} - {"mapping.yaml"}
    there = {
        str(path.relative_to(data_folder / name))
        for path in (data_folder / name).rglob("*")
        if path.is_file() and path.name not in PAPERS
    }
    assert there - read == left_out
    again = attending(
        "ingest", kind, tmp_path, "--home", tmp_path / "home", code=2
    )  # fmt: skip
    assert again["code"]
