"""The MIMIC-IV demo through the command line: the figures that others published of it."""

from __future__ import annotations

import json
import re

import pyarrow.parquet as pq
import pytest

from tests.journeys import replays
from tests.journeys.conftest import AT

pytestmark = pytest.mark.data


def subjects_of(shell):
    """Return the pseudonyms of a home's snapshot, as decimal strings."""
    found = set()
    for path in sorted((shell.home / "snapshots").rglob("shard-*.parquet")):
        found |= set(pq.read_table(path, columns=["subject_id"])["subject_id"].to_pylist())
    return [str(subject) for subject in sorted(found)]


@pytest.mark.requirement("A10")
def test_every_row_is_accounted_for_and_every_admission_is_there(mimic):
    shell, project, account = mimic
    assert account["balanced"]
    parts = ("accepted", "quarantined", "rejected", "duplicate")
    assert account["rows_in"] == sum(account[part] for part in parts)
    assert account["tables"]["admissions"]["accepted"] == 275
    assert account["subjects"] == 100
    refused = shell.run("ingest", "mimic-iv", str(project), "--at", AT, code=2)
    assert "admissions" in refused.stderr or "patients" in refused.stderr


@pytest.mark.requirement("A7", "A8")
def test_any_later_admission_finds_53_of_260_live_discharges(mimic):
    shell, project, _ = mimic
    cohort = shell.json("cohort", "build", "--project", str(project), "--at", AT)
    assert [(step["name"], step["kept"]) for step in cohort["steps"]] == [
        ("index", 275),
        ("alive_at_discharge", 260),
    ]
    assert (cohort["positives"], cohort["labelled"]) == (53, 260)
    (project / "cohort.yaml").rename(project / "kept.yaml")
    refused = shell.run("cohort", "build", "--project", str(project), "--at", AT, code=2)
    (project / "kept.yaml").rename(project / "cohort.yaml")
    assert "cohort.yaml" in refused.stderr


@pytest.mark.requirement("A7")
def test_explain_says_why_a_patient_is_in_and_why_another_is_out_without_values(mimic):
    shell, project, _ = mimic
    at = ("--project", str(project), "--at", AT)
    said: dict[str, str] = {}
    for subject in subjects_of(shell):
        found = shell.json("cohort", "explain", subject, *at)
        for one in found["stays"]:
            failed = [step["name"] for step in one["steps"] if not step["met"]]
            said.setdefault(failed[0] if failed else "kept", subject)
        if len(said) == 2:
            break
    assert set(said) == {"kept", "alive_at_discharge"}
    shown = shell.run("cohort", "explain", said["alive_at_discharge"], *at).stdout
    assert "NOT MET" in shown
    assert re.search(r"prediction at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: ", shown)
    assert "15 of all left here" in shown
    assert "no rows of this subject" in shell.run("cohort", "explain", "1", *at, code=2).stderr
    refused = shell.run("cohort", "explain", "Ms Smith", *at, code=2).stderr
    assert "decimal number" in refused
    assert "Smith" not in refused


def test_diff_counts_who_leaves_by_a_new_rule(mimic, tmp_path):
    shell, project, _ = mimic
    other = tmp_path / "cohort.yaml"
    said = (project / "cohort.yaml").read_text()
    other.write_text(said.replace("horizon: 30d", "horizon: 7d"))
    found = shell.json("cohort", "diff", str(other), "--project", str(project), "--at", AT)
    assert [change["field"] for change in found["changes"]] == ["label.horizon"]
    assert found["rows_before"] == found["rows_after"] == 260
    assert found["relabelled"] > 0
    shell.run("cohort", "diff", "nowhere.yaml", "--project", str(project), "--at", AT, code=2)


@pytest.mark.requirement("A4", "B3")
def test_501_results_of_52_stays_have_happened_and_are_not_known_at_24_hours(mimic):
    shell, _, _ = mimic
    hidden = shell.json("snapshot", "landmark", "--after", "24h", "--at", AT)
    assert (hidden["rows"], hidden["stays_with_rows"]) == (501, 52)
    longer = shell.json(
        "snapshot", "landmark", "--after", "24h", "--stay-at-least", "24h", "--at", AT
    )
    assert (longer["rows"], longer["stays_with_rows"]) == (488, 49)
    shell.run("snapshot", "landmark", "--after", "24", "--at", AT, code=2)


@pytest.mark.requirement("D4", "D5")
def test_coded_diagnoses_of_the_stay_are_refused_by_name_source_and_gap(mimic):
    shell, project, _ = mimic
    shell.run("cohort", "build", "--project", str(project), "--at", AT)
    shell.run("gate", "leaks", "--project", str(project), "--at", AT)
    spec = project / "features.yaml"
    before = spec.read_text()
    spec.write_text(
        before + "  - {name: coded, label: Coded diagnoses, codes: [ICD9CM//*, ICD10CM//*], "
        "window: 365d, aggregate: count, owner: dana, purpose: x}\n"
    )
    refused = shell.run("gate", "leaks", "--project", str(project), "--at", AT, code=3)
    spec.write_text(before)
    for words in ("leak.availability", "coded", "mimic-iv/diagnoses_icd", "hours"):
        assert words in refused.stderr


@pytest.mark.requirement("J3")
def test_dates_in_text_are_found_and_stay_only_under_a_signature(mimic):
    shell, project, _ = mimic
    at = ("--project", str(project), "--at", AT)
    shell.persons()
    shell.run("cohort", "build", *at)
    shell.run("features", "build", *at)

    def review():
        told = shell.run("gate", "check", "pretrain", *at, "--json", code=3).stdout
        report = json.loads(told)
        (row,) = [one for one in report["findings"] if one["gate"] == "data.deidentified"]
        return row["answer"], row["reason"]

    assert review() == ("missing", "this snapshot was not scanned for identifiers")
    scan = shell.json("snapshot", "scan", "--at", AT)
    # Fields that are dates, of the ICU and of orders; no other text is taken for an identifier.
    assert {(one["column"], one["kind_of_identifier"]) for one in scan["found"]} == {
        ("text_value", "date")
    }
    assert {one["source"] for one in scan["found"]} == {
        "mimic-iv/datetimeevents",
        "mimic-iv/poe_detail",
    }
    assert sum(one["rows"] for one in scan["found"]) == 15295
    answer, reason = review()
    assert answer == "missing"
    assert "15295 rows of date in text_value" in reason
    refused = shell.sign(scan["digest"], "erik", "data_engineer", code=6)
    assert "identifier_scan" in refused.stderr
    shell.sign(scan["digest"], "caro", "compliance_officer")
    assert review() == ("met", "")


def test_the_model_stops_at_the_first_gate_that_nobody_signed(mimic):
    shell, project, _ = mimic
    at = ("--project", str(project), "--at", AT)
    shell.run("cohort", "build", *at)
    shell.run("features", "build", *at)
    run = shell.json("train", "fit", *at)
    assert run["agreement"] is None
    report = shell.json("validate", "model", *at)
    assert any("For correctness, not performance" in note for note in report["notes"])
    assert "not_shown" in {gate["outcome"] for gate in report["gates"]}
    refused = shell.run("release", "advance", "trained", *at, code=3)
    assert "signed.run.data_engineer" in refused.stderr
    assert "run.replayed" in refused.stderr
    assert "features.parity is missing" in refused.stderr
    shell.run("features", "parity", *at)
    refused = shell.run("release", "advance", "trained", *at, code=3)
    assert "features.parity" not in refused.stderr


def test_the_run_repeats_to_the_byte_three_times_and_an_altered_cell_is_named(mimic):
    shell, project, _ = mimic
    where = ("--project", str(project), "--at", AT)
    shell.run("cohort", "build", *where)
    shell.run("features", "build", *where)
    run = shell.json("train", "fit", *where)
    replays.three_times(shell.home, where)
    replays.altered_is_refused(shell, shell.folder / "altered", where, run["snapshot"])
