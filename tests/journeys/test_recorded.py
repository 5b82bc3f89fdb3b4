"""`validate predictions`: one command on anyone's file, without a project or a home."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from benchmarks import real_predictions


def attending(folder, *words, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "attending", "validate", "predictions", *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "160"},
    )
    shown = done.stdout + done.stderr
    assert "Traceback" not in shown
    assert "terminate" not in shown
    assert done.returncode == code, shown
    return done


def predictions(folder, *, n=900, change=lambda rows: rows):
    """Write a hospital's file and return its path."""
    rng = np.random.default_rng(12)
    risk = rng.beta(2, 7, n)
    outcome = rng.random(n) < risk
    rows = [
        {"MRN": f"M{k % 700}", "Sex": "FM"[k % 2], "Age": 30 + k % 60,
         "Predicted Risk": f"{p:.5f}", "Died": "Yes" if y else "No"}
        for k, (p, y) in enumerate(zip(risk, outcome, strict=True))
    ]  # fmt: skip
    rows = change(rows)
    path = folder / "ward scores.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_one_command_gives_a_report_that_stands_alone_and_json_beside_it(tmp_path):
    path = predictions(tmp_path)
    done = attending(tmp_path, path.name)
    for words in (
        "Predicted Risk",
        "by its name",
        "700 patients in 900 rows",
        "the event is 'yes'",
    ):
        assert words in done.stdout
    page = (tmp_path / "ward scores.validation.html").read_text(encoding="utf-8")
    assert "How the file was read" in page
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("https://www.w3.org", "")
    figures = json.loads((tmp_path / "ward scores.validation.json").read_text(encoding="utf-8"))
    assert figures["report"]["n"] == 900
    assert figures["file"]["columns"][0] == {
        "column": "Died", "taken_as": "outcome", "found": "by its name",
        "reading": "the event is 'yes'",
    }  # fmt: skip
    assert not (tmp_path / ".attending").exists()
    told = json.loads(attending(tmp_path, path.name, "--json", "--out", "other.html").stdout)
    assert told["digest"] == figures["digest"]  # the same file gives the same report
    assert (tmp_path / "other.json").exists()


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (lambda rows: [{**r, "Died": "No"} for r in rows], "predictions.one_outcome", "--event"),
        (lambda rows: rows[:10], "predictions.too_few", "100 of each"),
        (
            lambda rows: [{**r, "Predicted Risk": 40 * float(r["Predicted Risk"])} for r in rows],
            "predictions.percent", "--percent",
        ),
        (lambda rows: [{"a": "x", "b": r["Sex"]} for r in rows], "predictions.no_risk", "--risk"),
        (
            lambda rows: [{**r, "Predicted Risk": "NaN"} if k % 50 == 0 else r
                          for k, r in enumerate(rows)],
            "predictions.missing_risk", "--drop-missing",
        ),
        (lambda rows: [{"Encounter ID": k % 800, **r} for k, r in enumerate(rows)],
         "predictions.repeated", "--patient"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_one_way_is_refused_with_what_to_write(tmp_path, change, code, told):
    path = predictions(tmp_path, change=change)
    done = attending(tmp_path, path.name, code=2)
    assert f"[{code}]" in done.stderr
    assert told in done.stderr
    assert "M1" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == [path]  # nothing was written


def test_risks_of_the_other_outcome_are_noticed(tmp_path):
    path = predictions(
        tmp_path,
        change=lambda rows: [
            {**row, "Predicted Risk": 1 - float(row["Predicted Risk"])} for row in rows
        ],
    )
    assert "the probability of the other outcome" in attending(tmp_path, path.name).stdout


def test_the_report_never_overwrites_the_predictions(tmp_path):
    path = predictions(tmp_path)
    before = path.read_bytes()
    assert "predictions.out" in attending(
        tmp_path, path.name, "--out", path.name, code=2
    ).stderr  # fmt: skip
    assert path.read_bytes() == before


def test_a_spec_asks_its_own_thresholds_and_gates(tmp_path):
    path = predictions(tmp_path)
    (tmp_path / "v.yaml").write_text(
        "thresholds: [0.3]\nsubgroups: [sex]\nbootstrap: {draws: 60}\n"
        "gates:\n  - {gate: subgroup_auroc_at_least, value: 0.95, attributes: [sex]}\n",
        encoding="utf-8",
    )
    told = json.loads(attending(tmp_path, path.name, "--spec", "v.yaml", "--json").stdout)
    assert [row["asked"] for row in told["thresholds"]] == [0.3]
    assert [gate["outcome"] for gate in told["gates"]] == ["failed"]
    assert not any("Nobody agreed" in note for note in told["notes"])


@pytest.mark.data
def test_physionet_2012_scores_give_the_figures_of_other_implementations(tmp_path, data_folder):
    died, risk, points = real_predictions.physionet(data_folder)
    lines = [f"{y},{p!r},{int(s)}" for y, p, s in zip(
        died.tolist(), risk.tolist(), points.tolist(), strict=True)]  # fmt: skip
    path = tmp_path / "saps.csv"
    path.write_text("\n".join(["In-hospital_death,prob,SAPS-I", *lines]), encoding="utf-8")
    told = json.loads(attending(tmp_path, path.name, "--json").stdout)
    found = {each["name"]: each["value"] for each in told["figures"][0]["estimates"]}
    assert round(found["auroc"], 2) == 0.65
    assert told["summary"][0]["baseline"] == "saps_i"
    assert told["summary"][0]["verdict"] == "not_shown"  # a score does not beat itself


@pytest.mark.data
def test_diabetes_130_with_a_risk_beside_its_own_columns(tmp_path, data_folder):
    with (
        zipfile.ZipFile(data_folder / "diabetes-130" / "dataset_diabetes.zip") as archive,
        archive.open("dataset_diabetes/diabetic_data.csv") as raw,
    ):
        rows = list(csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8")))[:20_000]
    kept = ("encounter_id", "patient_nbr", "race", "gender", "age", "readmitted")
    path = tmp_path / "readmissions.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([*kept, "risk"])
        for row in rows:
            risk = 1 / (1 + np.exp(2.5 - 0.35 * int(row["number_inpatient"])))
            writer.writerow([*(row[name] for name in kept), f"{risk:.6f}"])
    refused = attending(tmp_path, path.name, code=2)
    assert "--event WORD" in refused.stderr
    told = json.loads(attending(tmp_path, path.name, "--event", "<30", "--json").stdout)
    assert told["n"] == 20_000
    assert {row["attribute"] for row in told["subgroups"]} == {"race", "sex", "age"}
    assert "missing" in {row["group"] for row in told["subgroups"] if row["attribute"] == "race"}
