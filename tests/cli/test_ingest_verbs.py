"""A file never seen before: proposed, answered, tried and taken in by the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CLAIMS = "\n".join(
    ["ClaimID;MemberID;FacilityName;ServiceDate;PaidOn;DiagCode;ChargeAmount"]
    + [
        f"c{n};m{n % 40};{'North' if n % 3 else 'South'};0{1 + n % 9}/1{n % 9}/2025;"
        f"0{1 + n % 9}/2{n % 9}/2025;{'E11.9' if n % 2 else 'I10'};{n}.50"
        for n in range(200)
    ]
)


def run(*args, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "attending", *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def claims(tmp_path):
    folder = tmp_path / "claims"
    folder.mkdir()
    (folder / "claims.csv").write_text(CLAIMS + "\n")
    return folder


def _answered(text):
    return "".join(line for line in text.splitlines(True) if not line.startswith("# QUESTION"))


def test_a_mapping_is_proposed_answered_tried_and_used(claims, tmp_path):
    mapping, home = tmp_path / "mapping.yaml", tmp_path / "home"
    told = run("mapping", "propose", claims / "claims.csv", "--out", mapping)
    assert "Are dates written month/day" in told.stdout
    assert "time zone" in told.stdout
    text = mapping.read_text()
    asked = [line for line in text.splitlines() if line.startswith("# QUESTION")]
    assert all(line.split(": ", 1)[1] in told.stdout.replace("\n", " ") for line in asked)
    # A refusal: nothing is taken in while a question is open.
    refused = run("ingest", "mapped", claims, "--mapping", mapping, "--home", home, code=2)
    assert "mapping.open_questions" in refused.stderr
    text = _answered(text)
    text = text.replace("LOCAL", "ICD10CM").replace("floating", "Europe/Vienna")
    text = text.replace("subject: MemberID", "subject: MemberID\n    plain: [DiagCode]")
    mapping.write_text(text)
    tried = json.loads(run("mapping", "check", mapping, claims, "--json").stdout)
    assert tried["balanced"]
    assert set(tried["codes"]) == {"ICD10CM//E119", "ICD10CM//I10"}
    assert not list((home / "snapshots").iterdir())  # nothing was kept
    args = ("ingest", "mapped", claims, "--mapping", mapping, "--home", home, "--json")
    taken = json.loads(run(*args).stdout)
    assert (taken["rows_in"], taken["accepted"], taken["balanced"]) == (200, 200, True)
    assert taken["subjects"] == 40
    (claims / "claims.csv").write_text(CLAIMS + "\nc900;m1;North;09/10/2025;09/20/2025;I10;1.5\n")
    grown = json.loads(run(*args, "--append-to", "newest").stdout)
    assert (grown["accepted"], grown["duplicate"]) == (1, 200)


def test_a_proposal_needs_a_patient_and_never_overwrites(claims, tmp_path):
    (tmp_path / "wards.csv").write_text("ward,beds\nA,4\n")
    refused = run("mapping", "propose", tmp_path / "wards.csv", code=2)
    assert "mapping.subject" in refused.stderr
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("mine")
    run("mapping", "propose", claims / "claims.csv", "--out", mapping, code=2)
    assert mapping.read_text() == "mine"
    run("mapping", "propose", tmp_path / "none.csv", code=2)


def test_a_wrong_mapping_leaves_nothing_behind(claims, tmp_path):
    mapping, home = tmp_path / "mapping.yaml", tmp_path / "home"
    run("mapping", "propose", claims / "claims.csv", "--out", mapping)
    mapping.write_text(_answered(mapping.read_text()).replace("ServiceDate", "ServedOn"))
    refused = run(
        "ingest", "mapped", claims, "--mapping", mapping, "--home", home, code=2
    )  # fmt: skip
    assert "ServedOn" in refused.stderr
    assert [path.name for path in (home / "snapshots").iterdir()] == []


LABS = "\n".join(
    ["ResultNo;MRN;Collected;Reported;Analyte;Value;Unit;Ward"]
    + [
        f"{n};m{n % 40};{1 + n % 28:02d}.03.2025 10:00;{1 + n % 28:02d}.03.2025 12:00;"
        f"{'K' if n % 2 else 'GLU'};{3 + n % 4},{n % 10};{'mmol/l' if n % 2 else 'mmol/L'};W{n % 3}"
        for n in range(200)
    ]
)


def test_decimal_commas_and_a_column_of_another_name_are_found(tmp_path):
    folder, mapping = tmp_path / "labs", tmp_path / "mapping.yaml"
    folder.mkdir()
    (folder / "labs.csv").write_text(
        LABS + "\n200;m1;01.03.2025 10:00;01.03.2025 12:00;K;4.1;mmol/L;W1\n"
    )
    told = run("mapping", "propose", folder / "labs.csv", "--out", mapping)
    assert "comma" in told.stdout
    tried = json.loads(run("mapping", "check", mapping, folder, "--json").stdout)
    assert tried["codes"] == {"LOCAL//GLU": 100, "LOCAL//K": 100}
    # A refusal: one number with a point may be 4.1 or 41; it is set aside and never guessed.
    assert tried["quarantined_by_reason"] == {"not_a_number": 1}
    mapping.write_text(mapping.read_text().replace("decimal: ','", "decimal: '.'"))
    tried = json.loads(run("mapping", "check", mapping, folder, "--json").stdout)
    assert tried["quarantined_by_reason"] == {"not_a_number": 200}


UNDECLARED = """\
system: payer
version: "1"
time_zone: floating
tables:
  - name: claims
    file: claims.csv
    delimiter: ";"
    subject: MemberID
    row_id: [ClaimID]
    known_at: {rule: undeclared}
    events:
      - code: ["ICD10CM//{DiagCode}"]
        time: {columns: [ServiceDate], form: "%m/%d/%Y"}
"""


def test_a_declared_lag_lets_rows_in_at_once_and_is_marked_as_assumed(claims, tmp_path):
    mapping, home = tmp_path / "mapping.yaml", tmp_path / "home"
    mapping.write_text(UNDECLARED)
    args = ("ingest", "mapped", claims, "--mapping", mapping, "--home", home, "--json")
    assert json.loads(run(*args).stdout)["quarantined_by_reason"] == {"no_known_at": 200}
    run(*args, "--lag", "claims", code=2)
    taken = json.loads(run(*args, "--lag", "claims=2d").stdout)
    assert (taken["accepted"], taken["quarantined"]) == (200, 0)
    shown = run("snapshot", "show", "--home", home).stdout
    assert "lag:2d (assumed)" in shown


CLOCKED = """\
system: radiology
version: "1"
time_zone: UTC
tables:
  - name: studies
    file: studies.csv
    row_id: [Study]
    subject: Patient
    known_at: {rule: recorded, columns: [Reported]}
    events:
      - code: [IMAGING//CT]
        time: {columns: [Acquired]}
      - code: [IMAGING//LENGTH]
        time: {columns: [Acquired]}
        value: Minutes
        fixed_unit: min
"""
STUDIES = """\
Study,Patient,Acquired,Reported,Minutes
1,a,2025-03-01 10:00,2025-03-01 11:00,12
2,a,2025-03-02 10:00,2025-03-02 09:00,12
3,a,2099-03-03 10:00,2099-03-03 11:00,12
,a,2025-03-04 10:00,2025-03-04 11:00,12
"""


def test_a_report_before_its_study_and_a_study_to_come_are_told(tmp_path):
    folder, mapping, home = tmp_path / "studies", tmp_path / "mapping.yaml", tmp_path / "home"
    folder.mkdir()
    (folder / "studies.csv").write_text(STUDIES)
    mapping.write_text(CLOCKED)
    told = run("mapping", "check", mapping, folder).stdout
    assert "quarantined: 1 no_name" in told
    assert "early: 2 events" in told
    assert "later than now: 2 events" in told
    assert "2025-03-01T10:00:00Z to 2099-03-03T10:00:00Z" in told
    tried = json.loads(run("mapping", "check", mapping, folder, "--json").stdout)
    assert (tried["early"], tried["later_than_now"]) == (2, 2)
    taken = run("ingest", "mapped", folder, "--mapping", mapping, "--home", home).stdout
    assert "quarantined: 1 no_name" in taken
    assert "3 accepted rows hold 6 events" in taken
    assert "the newest event is of 2099-03-03T10:00:00Z, later than now" in taken
    # Dates that are not the real ones are never compared with today.
    mapping.write_text(CLOCKED.replace("UTC", "floating"))
    tried = json.loads(run("mapping", "check", mapping, folder, "--json").stdout)
    assert (tried["early"], tried["later_than_now"]) == (2, 0)
