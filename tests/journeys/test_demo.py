"""The demo, looked at as a user would: what it says, what it kept, and what it refuses."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys

import pytest

from tests.journeys import replays

LATER = "2025-12-15T09:00:00Z"


@pytest.fixture(scope="module")
def project(demo):
    return str(demo.home / "project")


@pytest.fixture(scope="module")
def secrets(demo):
    """The passphrase files of the demo's fictional persons."""
    files = {}
    for line in (demo.home / "keys" / "persons.txt").read_text().splitlines():
        person, secret = line.split(" ", 1)
        files[person] = demo.folder / f"{person}.secret"
        files[person].write_text(secret)
    return files


def test_its_counts_add_up_and_what_it_refuses_is_told_a_reason_a_line(demo):
    said = "\n".join(demo.said)
    made = re.search(
        r"(\d+) predictions: (\d+) with the model's score, (\d+) with the fallback, "
        r"(\d+) without a score;",
        said,
    )
    whole, *parts = (int(group) for group in made.groups())
    assert whole == sum(parts)
    assert "without a known outcome (" in said
    assert not any(line.split() == ["drift", "severity", "finding", "about"] for line in demo.said)
    assert "(as knowable)" in said
    assert "(as coded later)" in said
    at = next(n for n, line in enumerate(demo.said) if "silent period not reviewed" in line)
    assert "[gate.refused]" in demo.said[at]
    told = [line for line in demo.said[at + 1 : at + 20] if line.startswith("      ")]
    assert len(told) > 3
    assert not any("; " in line for line in told)


def test_it_ends_with_the_line_that_names_where_it_ended(demo):
    last = demo.said[-1]
    assert last.startswith("journey complete: readmission-30d@v1 stage=silent verdict=")
    assert last.endswith(f"home={demo.home}")
    assert any(line.startswith("Validation report: ") for line in demo.said)
    assert any(line.startswith("Model card: ") for line in demo.said)


@pytest.mark.requirement("A1", "D2")
def test_the_account_balances_and_duplicates_count_once(demo):
    held = demo.json("snapshot", "ls", "--at", LATER)
    assert [item["source"] for item in held] == ["synthetic-hospital"] * 2
    assert all(item["balanced"] and item["duplicate"] > 500 for item in held)
    refused = demo.run("snapshot", "show", "ffffffffff", "--at", LATER, code=2)
    assert "snapshot" in refused.stderr


@pytest.mark.requirement("C3", "C1")
def test_the_run_record_names_commit_snapshot_packages_and_files(demo, project):
    run = demo.json("run", "show", "--project", project, "--at", LATER)
    assert len(run["project_commit"]) == 40
    assert run["clean"] and not run["exploratory"]
    assert run["snapshot"] in {
        item["snapshot"] for item in demo.json("snapshot", "ls", "--at", LATER)
    }
    assert {"numpy", "lightgbm"} <= {package["name"] for package in run["packages"]}
    assert run["agreement"]
    refused = demo.run("run", "show", "0" * 12, "--project", project, "--at", LATER, code=2)
    assert "run" in refused.stderr


@pytest.mark.requirement("C8", "C2")
def test_the_run_repeats_byte_for_byte_wherever_and_an_altered_cell_is_named(demo, project):
    where = ("--project", project, "--at", LATER)
    replays.three_times(demo.home, where)
    # The run keeps what it was made from: a folder that asks for something else changes nothing.
    edited = demo.folder / "edited"
    shutil.copytree(project, edited)
    spec = edited / "model.yaml"
    spec.write_text(spec.read_text().replace("seed: 20260101", "seed: 1"))
    run = demo.json("run", "ls", *where)[-1]["digest"]
    again = demo.json("run", "replay", run, "--project", str(edited), "--at", LATER)
    assert again["same_files"] and again["same_result"]
    snapshot = demo.json("run", "show", run, *where)["snapshot"]
    replays.altered_is_refused(demo, demo.folder / "altered", where, snapshot)


@pytest.mark.requirement("E2")
def test_the_plan_was_signed_before_the_fit_and_an_unsigned_one_closes_the_gate(demo, project):
    entries = demo.json("audit", "trail", "readmission-30d", "--at", LATER, code=2)
    assert entries["code"] == "input.not_found" or entries["message"]
    asked = demo.json("audit", "ask", "readmission-30d", "--at", LATER)
    assert any("agreement" in line for line in asked["approved"])
    edited = demo.folder / "other-plan"
    shutil.copytree(project, edited)
    plan = edited / "validation.yaml"
    plan.write_text(plan.read_text().replace("draws: 500", "draws: 400"))
    refused = demo.run("gate", "check", "limited", "--project", str(edited), "--at", LATER, code=3)
    assert "closed" in refused.stderr


@pytest.mark.requirement("E8", "E5")
def test_the_report_compares_with_lace_and_shows_curves_with_tables(demo):
    page = (demo.home / "validation-report.html").read_text(encoding="utf-8")
    for words in ("SYNTHETIC", "LACE", "as coded later", "et benefit", "alibration", "<table"):
        assert words in page
    assert page.count("<img") == page.count('alt="')
    assert "<script" not in page


@pytest.mark.requirement("F8")
def test_the_card_says_what_it_is_for_and_for_whom_not(demo):
    page = (demo.home / "model-card.html").read_text(encoding="utf-8")
    for words in (
        "SYNTHETIC",
        "Deciding whether a patient may be discharged",
        "LACE form on paper",
    ):
        assert words in page


@pytest.mark.requirement("J12", "J14")
def test_one_question_answers_who_approved_what_and_when_data_were_pulled(demo):
    found = demo.json("audit", "ask", "readmission-30d", "--at", LATER)
    approved = "\n".join(found["approved"])
    for words in ("Dr Clara Moss", "validation_report", "Erik Lind", "review of run"):
        assert words in approved
    assert "synthetic-hospital" in found["data_pulled"][0]
    assert [line.split()[2] for line in found["stages"]] == [
        "prototype", "trained", "validated", "silent",
    ]  # fmt: skip
    assert "AUROC" in found["metrics"][0]
    assert (found["incidents"], found["retired"]) == ([], [])
    told = demo.run("audit", "ask", "readmission-30d", "--at", LATER).stdout
    assert "incidents:\n  none" in told
    demo.run("audit", "ask", "nobody", "--at", LATER, code=2)


@pytest.mark.requirement("J13", "J9")
def test_the_ledger_verifies_and_an_edited_row_is_found(demo):
    report = demo.json("audit", "verify", "--at", LATER)
    assert report["findings"] == []
    assert report["checkpoints"] >= 1
    copy = demo.folder / "tampered"
    shutil.copytree(demo.home, copy)
    with sqlite3.connect(copy / "store.db") as store:
        store.execute("update ledger set actor = 'mallory' where seq = 9")
    store.close()
    found = demo.run("audit", "verify", "--home", str(copy), "--at", LATER, code=4)
    assert "ledger" in found.stderr


def test_the_standalone_verifier_agrees_with_python_alone(demo):
    from attending.govern import standalone_verifier

    folder = demo.folder / "ledger-copy"
    demo.run("audit", "export", str(folder), "--at", LATER)
    done = subprocess.run(
        [sys.executable, "-I", standalone_verifier.__file__, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.requirement("G1", "G8")
def test_silent_scores_are_kept_once_however_often_they_are_asked_for(demo, project):
    first = demo.json("score", "--project", project, "--at", LATER)["batch"]
    again = demo.json("score", "--project", project, "--at", LATER)["batch"]
    assert first == again
    assert first["stage"] == "silent"
    assert first["n"] == first["n_live"] + first["n_fallback"] + first["n_no_score"] > 1000
    demo.run("score", "--project", project, "--version", "v9", "--at", LATER, code=3)


@pytest.mark.requirement("E16")
def test_an_immature_outcome_is_never_a_negative(demo, project):
    joined = demo.json("score", "--project", project, "--at", LATER)["outcomes"]
    assert joined["n_immature"] > 100
    assert joined["n"] == (
        joined["n_matured"] + joined["n_immature"] + joined["n_censored"]
        + joined["n_competing"] + joined["n_lost"]
    )  # fmt: skip
    naive, ours = joined["n_events"] / joined["n"], joined["n_events"] / joined["n_matured"]
    assert naive < ours


@pytest.mark.requirement("H11")
def test_today_answers_the_question_and_an_old_verdict_never_says_continue(demo, project):
    now = demo.json("today", "--project", project, "--at", LATER)
    assert now["verdict"]["answer"] in {"continue", "watch"}
    assert len(now["lines"]) <= 10
    old = demo.json("today", "--project", project, "--at", "2026-03-01T00:00:00Z")
    assert "out of date" in old["lines"][0]
    assert "fallback" in old["lines"][0]


@pytest.mark.requirement("J10", "J4")
def test_nobody_signs_their_own_work_and_a_wrong_passphrase_leaves_an_entry(demo, project, secrets):
    run = demo.json("run", "show", "--project", project, "--at", LATER)["digest"]
    said = ("--meaning", "review", "--statement", "Fine.", "--at", LATER)
    own = demo.run(
        "sign", run, "--as", "dana", "--role", "data_scientist", *said,
        "--passphrase-file", str(secrets["dana"]), code=6,
    )  # fmt: skip
    assert "sod.violation" in own.stderr
    wrong = demo.run(
        "sign", run, "--as", "erik", "--role", "data_engineer", *said,
        "--passphrase-file", str(secrets["dana"]), code=6,
    )  # fmt: skip
    assert "auth.refused" in wrong.stderr
    trail = demo.json("audit", "trail", "refused", "--at", LATER)
    assert trail[-1]["action"] == "auth.refused"


@pytest.mark.requirement("J16", "J15")
def test_a_gate_lists_what_is_missing_and_whose_it_is(demo, project):
    refused = demo.run("gate", "check", "limited", "--project", project, "--at", LATER, code=3)
    assert "conditions are open" in refused.stderr
    assert "training.ready" in refused.stdout and "training.ready" not in refused.stderr
    asked = ("--project", project, "--at", LATER)
    told = json.loads(demo.run("gate", "check", "limited", *asked, "--json", code=3).stdout)
    opened = {one["name"]: one["whose"] for one in told["conditions"] if one["status"] != "met"}
    assert opened["training.ready"] == "nurse_leader"
    assert opened["signed.silent_report.clinical_lead"] == "clinical_lead"
    skipped = demo.run("release", "advance", "live", "--project", project, "--at", LATER, code=3)
    assert "one at a time" in skipped.stderr


@pytest.mark.requirement("F1", "F2")
def test_a_prediction_is_relived_to_the_bit_with_what_was_known_when(demo, project):
    store = sqlite3.connect(demo.home / "store.db")
    request = store.execute(
        "select request_id from predictions where score > 0.3 order by request_id limit 1"
    ).fetchone()[0]
    store.close()
    found = demo.json("explain", "prediction", request, "--project", project, "--at", LATER)
    assert found["same_score"]
    assert found["unavailable"] == 0
    # Five concepts, each the sum of its features, with the values behind them.
    assert len(found["concepts"]) == 5
    named = sum(one["contribution"] for one in found["concepts"])
    assert abs(named - sum(one["contribution"] for one in found["factors"])) < 1e-9
    assert found["concepts"][0]["label"] in found["sentence"]
    assert "not what causes" in found["not_causal"]
    demo.run("explain", "prediction", "f" * 32, "--project", project, "--at", LATER, code=2)


def test_the_home_is_whole_and_a_flipped_byte_is_found(demo):
    demo.run("fsck", "--at", LATER)
    copy = demo.folder / "flipped"
    shutil.copytree(demo.home, copy)
    victim = max(
        (copy / "artifacts").rglob("*"), key=lambda p: p.stat().st_size if p.is_file() else 0
    )
    victim.chmod(0o600)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(bytes(data))
    assert "artifacts" in demo.run("fsck", "--home", str(copy), "--at", LATER, code=4).stderr


def test_real_data_never_enter_a_synthetic_home_and_the_clock_never_goes_back(demo, project):
    back = demo.run("snapshot", "ls", "--at", "2020-01-01T00:00:00Z", code=5)
    assert "clock.backwards" in back.stderr
    extract = demo.home / "extracts" / "first"
    real = demo.folder / "not-synthetic"
    shutil.copytree(extract, real)
    manifest = json.loads((real / "manifest.json").read_text())
    (real / "manifest.json").write_text(json.dumps({**manifest, "synthetic": False}))
    refused = demo.run("ingest", "hospital", str(real), "--at", LATER, code=3)
    assert "home.synthetic" in refused.stderr


@pytest.mark.fault("D23")
def test_D23_a_truncated_extract_is_rejected_whole_and_leaves_nothing(demo):
    cut = demo.folder / "cut"
    shutil.copytree(demo.home / "extracts" / "first", cut)
    labs = cut / "labs.csv"
    whole = labs.read_bytes()
    # The control: half the file reads as well-formed rows, and nobody would have noticed.
    half = whole[: whole.rindex(b"\n", 0, len(whole) // 2) + 1]
    assert half.count(b"\n") > 1000
    labs.write_bytes(half)
    before = sorted(path.name for path in (demo.home / "snapshots").iterdir())
    refused = demo.run("ingest", "hospital", str(cut), "--at", LATER, code=3)
    assert "ingest.truncated" in refused.stderr and "labs.csv" in refused.stderr
    assert sorted(path.name for path in (demo.home / "snapshots").iterdir()) == before


@pytest.mark.requirement("A5", "B7")
def test_bad_specs_name_file_line_field_and_what_to_write(demo, project):
    bad = demo.folder / "bad"
    for name, old, new, words in (
        ("features.yaml", "unit: g/dL", "unit: g/dl", ("Write 'g/dL'", "features.yaml:")),
        ("cohort.yaml", "horizon: 30d", "horizn: 30d", ("Did you mean 'horizon'?", "cohort.yaml:")),
        ("cohort.yaml", "horizon: 30d", "horizon: 30", ("'30d'", "label.horizon")),
        ("features.yaml", "owner: dana, ", "", ("missing", "owner")),
    ):
        shutil.rmtree(bad, ignore_errors=True)
        shutil.copytree(project, bad)
        path = bad / name
        path.write_text(path.read_text().replace(old, new, 1))
        refused = (
            demo.run("cohort", "build", "--project", str(bad), "--at", LATER, code=2)
            if (name == "cohort.yaml")
            else demo.run("features", "ls", "--project", str(bad), code=2)
        )
        for word in words:
            assert word in refused.stderr, refused.stderr
