"""Too much of everything: rows, one patient's rows, rules and features, in bounded memory.

Each is run by the command line in a process of its own, which tells its peak when it is done.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv
from ruamel.yaml import YAML

from attending.lifecycle.examples import copy_example

CHILD = """
import sys
from pathlib import Path
from attending.cli.app import app
from attending.cli.door import through
from attending.cli.leaving import leave
status = through(lambda: app(sys.argv[2:], standalone_mode=False), argv=sys.argv)
told = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
Path(sys.argv[1]).write_text(told)
leave(lambda: status)
"""
MEGABYTES = 1500
MAPPING = """system: monitor
version: "1"
time_zone: UTC
tables:
  - name: vitals
    file: vitals.csv
    row_id: [row]
    subject: patient
    known_at: {rule: recorded, columns: [stored]}
    events:
      - code: ["LOINC//8867-4"]
        time: {columns: [taken]}
        value: value
        fixed_unit: /min
"""


def run(folder, *words, code=0):
    """Run one verb; return what it printed and its peak in megabytes."""
    peak = folder / "peak"
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(peak), *map(str, words), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return json.JSONDecoder().raw_decode(done.stdout)[0], float(peak.read_text()) / 1024


def vitals(folder, *, rows, patients):
    """Write heart rates, one a second; each patient has the same number of them."""
    folder.mkdir(parents=True)
    number = np.arange(rows)
    taken = np.datetime64("2026-01-01T00:00:00") + number.astype("timedelta64[s]")
    text = np.char.add(np.datetime_as_string(taken, unit="s"), "Z")
    columns = {
        "row": number, "patient": number % patients, "taken": text, "stored": text,
        "value": 60 + number % 50,
    }  # fmt: skip
    csv.write_csv(pa.table(columns), folder / "vitals.csv")


def taken_in(folder, *, rows, patients):
    vitals(folder / "in", rows=rows, patients=patients)
    (folder / "mapping.yaml").write_text(MAPPING)
    words = ("ingest", "mapped", folder / "in", "--mapping", folder / "mapping.yaml")
    told, peak = run(folder, *words, "--home", folder / "home")
    assert (told["balanced"], told["accepted"], told["subjects"]) == (True, rows, patients)
    return told["snapshot"], peak


@pytest.mark.fault("P20")
def test_p20_ten_times_the_rows_and_one_patient_with_two_million_stay_in_bounds(tmp_path):
    _, few = taken_in(tmp_path / "few", rows=200_000, patients=100)
    _, many = taken_in(tmp_path / "many", rows=2_000_000, patients=100)
    # Control: held whole, the ten times longer file would take ten times what the short one does.
    assert many < 5 * few
    assert many < MEGABYTES
    assert taken_in(tmp_path / "one", rows=2_000_000, patients=1)[1] < MEGABYTES


STAYS = """  - name: stays
    file: stays.csv
    row_id: [row]
    subject: patient
    encounter: stay
    known_at: {rule: recorded, columns: [at]}
    events:
      - code: ["ENCOUNTER//{what}//INPATIENT"]
        time: {columns: [at]}
"""
#: A prediction for every hour of a stay of a month.
HOURLY = {
    "index": {"event": "every", "every": "1h", "classes": ["INPATIENT"]},
    "label": {"kind": "death", "horizon": "1d"},
    "eligibility": [], "exclusions": [], "groups": {},
}  # fmt: skip


def asked_of(project):
    """Make a project ask for a prediction an hour, and for means and trends of heart rates."""
    yaml = YAML()
    for name, said in (("cohort", HOURLY), ("features", {"features": rates(), "code_lists": []})):
        path = project / f"{name}.yaml"
        spec = yaml.load(path.read_text()) | said
        with path.open("w", encoding="utf-8") as stream:
            yaml.dump(spec, stream)


def rates():
    """Return features over the last day and over all that there ever was."""
    told = {"owner": "o", "purpose": "p", "status": "approved"}
    return [
        {
            "name": f"{how}_{window}",
            "label": how,
            "codes": ["LOINC//8867-4"],
            "window": window,
            "aggregate": how,
            **told,
        }
        for how in ("mean", "last", "slope", "count")
        for window in ("24h", "ever")
    ]


def built(folder, *, rows, patients):
    """Go from rates and stays to features; return the rows and the most megabytes of the way."""
    vitals(folder / "in", rows=rows, patients=patients)
    stays = [
        f"{what[0]}{who},{who},s{who},{what},{at}T00:00:00Z"
        for who in range(patients)
        for what, at in (("ADMISSION", "2026-01-01"), ("DISCHARGE", "2026-02-01"))
    ]
    text = "\n".join(["row,patient,stay,what,at", *stays]) + "\n"
    (folder / "in" / "stays.csv").write_text(text)
    (folder / "mapping.yaml").write_text(MAPPING + STAYS)
    project, home = copy_example("readmission-synthetic", folder / "project"), folder / "home"
    asked_of(project)
    mapping = ("--mapping", folder / "mapping.yaml", "--home", home)
    told, _ = run(folder, "ingest", "mapped", folder / "in", *mapping)
    assert told["accepted"] == rows + 2 * patients
    where = ("--project", project, "--home", home)
    _, first = run(folder, "cohort", "build", "--snapshot", told["snapshot"], *where)
    told, second = run(folder, "features", "build", *where)
    return told, max(first, second)


@pytest.mark.fault("P20")
def test_p20_features_of_one_patient_with_two_million_rows_stay_in_bounds(tmp_path):
    _, few = built(tmp_path / "few", rows=20_000, patients=10)
    told, many = built(tmp_path / "one", rows=2_000_000, patients=1)
    # Control: the hundredfold rows are there, and there is something to see in every hour.
    assert told["rows"] == told["features"][-1]["in_window"] == 743
    print(f"{few:.0f} and {many:.0f} MB")
    assert many < 5 * few
    assert many < MEGABYTES


@pytest.mark.fault("P20")
@pytest.mark.parametrize("count", [2_000, 200_000])
def test_p20_a_contract_with_thousands_of_rules_is_counted_in_bounds_or_refused(tmp_path, count):
    snapshot, _ = taken_in(tmp_path, rows=20_000, patients=20)
    project = copy_example("readmission-synthetic", tmp_path / "project")
    path = project / "contract.yaml"
    rule = (
        "          - {{id: rule{0}, metric: invalidValues, arguments: {{codes: [LOINC//{0}-1], "
        "minimum: 0, maximum: 9}}, mustBe: 0, severity: warning}}\n"
    )
    mark = "          - {id: sodium_range"
    rules = "".join(rule.format(number) for number in range(count))
    path.write_text(path.read_text().replace(mark, rules + mark))
    words = ("contract", "check", "--project", project, "--home", tmp_path / "home")
    told, peak = run(tmp_path, *words, "--snapshot", snapshot, code=3 if count < 10_000 else 2)
    assert peak < MEGABYTES
    if count < 10_000:
        assert len(told["checks"]) > count
    else:
        assert told["code"].startswith("spec.")


@pytest.mark.fault("P20")
def test_p20_five_thousand_features_are_refused_before_anything_is_read(tmp_path):
    extract, home = tmp_path / "extract", ("--home", tmp_path / "home")
    run(tmp_path, "hospital", "write", extract, "--patients", "200")
    run(tmp_path, "ingest", "hospital", extract, *home)
    project = copy_example("readmission-synthetic", tmp_path / "project")
    feature = (
        "  - {{name: f{0}, label: heart rate, codes: [LOINC//8867-4], window: {0}h, "
        "aggregate: mean, unit: /min, owner: dana, purpose: too many, status: approved}}\n"
    )
    path = project / "features.yaml"
    more = "".join(feature.format(number) for number in range(1, 5001))
    path.write_text(path.read_text().rstrip("\n") + "\n" + more)
    run(tmp_path, "cohort", "build", "--project", project, *home)
    told, peak = run(tmp_path, "features", "build", "--project", project, *home, code=2)
    assert told["code"].startswith("spec.")
    assert "features.yaml" in told["where"]
    assert peak < MEGABYTES
