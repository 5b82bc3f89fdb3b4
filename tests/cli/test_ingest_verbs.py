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


def test_a_mapping_is_proposed_answered_tried_and_used(claims, tmp_path):
    mapping, home = tmp_path / "mapping.yaml", tmp_path / "home"
    told = run("mapping", "propose", claims / "claims.csv", "--out", mapping)
    assert "Are dates written month/day" in told.stdout
    assert "time zone" in told.stdout
    text = mapping.read_text()
    assert text.count("# QUESTION") == told.stdout.count("\n1") + told.stdout.count("?") or text
    text = text.replace("LOCAL", "ICD10CM").replace("floating", "Europe/Vienna")
    text = text.replace("subject: MemberID", "subject: MemberID\n    plain: [DiagCode]")
    mapping.write_text(text)
    tried = json.loads(run("mapping", "check", mapping, claims, "--json").stdout)
    assert tried["balanced"]
    assert set(tried["codes"]) == {"ICD10CM//E119", "ICD10CM//I10"}
    assert not home.exists()  # nothing was kept
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
    mapping.write_text(mapping.read_text().replace("ServiceDate", "ServedOn"))
    refused = run(
        "ingest", "mapped", claims, "--mapping", mapping, "--home", home, code=2
    )  # fmt: skip
    assert "ServedOn" in refused.stderr
    assert [path.name for path in (home / "snapshots").iterdir()] == []


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
