"""What is read before an adoption is signed: the act, the card, and what the hospital can show."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from attending.cli import adopt, begin, study
from attending.lifecycle.examples import examples_folder
from tests.lifecycle.outside import AT, Unit, rows, write

LATER = "2026-03-02T06:00:00Z"


@pytest.fixture
def unit(tmp_path):
    return Unit(tmp_path)


def _shown(unit, digest, *, at=AT):
    out = unit.folder / "shown.html"
    unit.run(
        "document", "show", digest, "--by", "clara", "--out", str(out), project=False, at=at
    )  # fmt: skip
    return _words(out.read_text(encoding="utf-8"))


def _words(page):
    """Return the words of a page as they are read."""
    text = re.sub(r"<[^>]+>", " ", page.split("</style>")[1].replace("<wbr>", ""))
    return re.sub(r"\s+", " ", text.replace("&#39;", "'"))


def test_the_act_begins_with_what_is_accepted_and_says_all_of_its_record(unit):
    write(unit.history, [{**row, "bed": "7"} for row in rows()])
    adoption, _ = unit.adopt("--model", str(unit.model))
    text = _shown(unit, adoption["digest"])
    begins = text[:900]
    signers = "the clinical lead and the compliance officer"
    for said in ("icu-mortality", "stays in use as silent", "2026-08-28 06:00 UTC",
                 "nobody acts on it yet", "Dr dana", signers,
                 f"{len(adoption['accepts'])} conditions of the gates are not shown",
                 f"{adoption['met']} are met"):  # fmt: skip
        assert said in begins, said
    assert text.index("AUROC") < text.index("a replay gave the same digests")
    for digest in ("run", "card", "report", "reference", "release", "release_spec", "adopt_spec"):
        assert adoption[digest] in text, digest
    assert adoption["scores"]["file_digest"] in text
    for one in adoption["accepts"]:
        assert one["name"] in text and one["note"].replace("`", "") in re.sub("[“”]", "", text)
    assert "Not used: bed." in text and "5 columns, by the names that the model has" in text
    assert "nothing" not in text and "0.000001 for 1,500 of 1,500 predictions" in text
    # Who signs it signs these bytes: another page would void the signature.
    unit.sign(adoption["digest"], "clara", "clinical_lead")
    assert _shown(unit, adoption["digest"]) == text


def test_a_condition_counts_once_and_says_whose_job_it_is(unit):
    adoption, _ = unit.adopt()
    names = [one["name"] for one in adoption["accepts"]]
    assert len(names) == len(set(names))
    of = {one["name"]: one for one in adoption["accepts"]}
    assert of["split.temporal"]["gate"] == "lineage review and clinical sign-off"
    assert of["leaks.none"]["note"] == "only those who built the model can show it"
    for name in ("threshold.agreed", "rollback.tested", "vendors.checked", "access.checked"):
        assert "built" not in of[name]["note"] and len(of[name]["note"]) > 20, name
    assert "`attending release drill`" in of["rollback.tested"]["note"]
    assert "cannot be explained" in of["explanation.reviewed"]["note"]  # of scores alone


def test_what_this_hospital_shows_itself_is_not_on_the_list_any_more(unit):
    assert "model.missing" in unit.run("release", "drill", "--by", "omar", code=2)[1]
    unit.enter("--model", str(unit.model))
    unit.run("release", "drill", "--by", "omar", at=LATER)
    shutil.copy(examples_folder() / "readmission-synthetic" / "contract.yaml", unit.project)
    again, _ = unit.adopt("--model", str(unit.model), at=LATER)
    left = {one["name"] for one in again["accepts"]}
    assert not {"rollback.tested", "access.checked", "vendors.checked"} & left
    # A server outside the agreed regions is shown to fail, which no signature accepts.
    unit.spec("contract", lambda text: re.sub(r"region: [\w-]+", "region: elsewhere", text))
    _, said = unit.adopt("--model", str(unit.model), code=3, at=LATER)
    assert "vendors.checked failed" in said
    # A fallback that is a score needs data that are not here.
    lace = "fallback: {kind: score, score: lace, threshold: 10,"
    unit.spec("release", lambda text: text.replace("fallback: {kind: none,", lace))
    assert "adopt.fallback" in unit.run("release", "drill", "--by", "omar", code=3, at=LATER)[1]


def test_calibration_here_is_asked_of_the_scores_of_patients_here(unit):
    plan = "measures: [auroc, observed_expected]\nthresholds: [0.3]\n"
    adoption, _ = unit.adopt()
    assert "calibration.here" not in {one["name"] for one in adoption["accepts"]}
    shown = Path(adoption["pages"]["report"]).read_text(encoding="utf-8")
    assert "Calibration slope" in shown
    (unit.project / "validation.yaml").write_text(plan)
    adoption, _ = unit.adopt()
    of = {one["name"]: one["note"] for one in adoption["accepts"]}
    assert of["calibration.here"].startswith("ask gates of calibration in a validation.yaml")


def test_the_card_is_read_by_a_clinician(unit):
    adoption, _ = unit.adopt("--model", str(unit.model))
    page = Path(adoption["pages"]["card"]).read_text(encoding="utf-8")
    text = _words(page)
    assert "Came in while in use." in text and "Signed exception" not in text
    assert "Once the adoption is signed, they are accepted until 2026-08-28" in text
    limits = text[text.index("Limitations") : text.index("How it can fail")]
    assert "1,500 predictions" not in limits
    assert "Its file, run here gives the old system's score" in text
    assert not any(one["name"] in limits for one in adoption["accepts"])
    assert "a replay gave the same digests" in limits and "walk" in limits.lower()


def test_a_word_for_each_hidden_count_stands_on_the_card(unit):
    found = [{**row, "sex": "F" if at % 3 else "M"} for at, row in enumerate(rows())]
    for row in found[:6]:
        row["sex"] = ""
    write(unit.history, found)
    adoption, _ = unit.adopt()
    text = _words(Path(adoption["pages"]["card"]).read_text(encoding="utf-8"))
    assert "hidden" in text and "so small that it could point to a person" in text
    write(unit.history, [{**row, "sex": "M"} for row in found])
    adoption, _ = unit.adopt(at=LATER)
    text = _words(Path(adoption["pages"]["card"]).read_text(encoding="utf-8"))
    assert "hidden" not in text


def test_the_report_of_a_day_is_a_page_with_the_verdict_in_words(unit):
    unit.enter("--model", str(unit.model))
    day = [{**row, "patient_id": f"D{row['patient_id']}"} for row in rows(260, seed=9)]
    file = write(unit.folder / "day.csv", day)
    unit.run("intake", "scores", str(file), "--by", "omar", at=LATER)
    found, _ = unit.run("monitor", "run", "--by", "omar", at=LATER)
    text = _shown(unit, found["digest"], at=LATER)
    assert text.startswith(" Report of the day, 2026-03-02 06:00 UTC icu-mortality v1, silent")
    assert "Should we continue using this model today? Silent: nobody uses it." in text
    assert found["verdict"]["because"] in text and found["digest"] in text
    assert found["report"]["spec"] not in text[:500]  # no digest stands where a title does
    opened, _ = unit.run("document", "show", found["digest"], "--by", "clara", "--out",
                         str(unit.folder / "again.html"), project=False, at=LATER)  # fmt: skip
    assert opened["purpose"] == "monitor_report of icu-mortality"


def test_the_page_of_the_day_takes_a_person_and_one_project_as_its_neighbours_do(unit):
    unit.enter()
    at = ("--html", str(unit.folder / "today.html"), "--by", "omar")
    one, _ = unit.run("monitor", "digest", *at, at=LATER)
    assert one["title"].endswith("should we continue using this model?")
    every, _ = unit.run("monitor", "digest", *at, project=False, at=LATER)
    assert every["models"] == one["models"] and "these models" in every["title"]
    unit.spec("adopt", lambda text: text.replace("icu-mortality", "other"))
    none, _ = unit.run("monitor", "digest", *at, at=LATER)
    assert none["models"] == [] and (unit.folder / "today.html").is_file()


def test_an_explanation_has_no_empty_columns_and_folds_what_is_missing(unit, capsys):
    unit.enter("--model", str(unit.model))
    told = unit.folder / "requests.csv"
    bare = {"age": "", "visits": "", "lactate": "", "flag": ""}
    day = [{**row, **bare} for row in rows(40, seed=9)]
    for row in day:
        del row["risk"], row["died"]  # ours stand in
    unit.run("intake", "scores", str(write(unit.folder / "day.csv", day)), "--requests", str(told),
             "--by", "omar", at=LATER)  # fmt: skip
    asked = told.read_text().split("\n")[1].split(",")[2]
    capsys.readouterr()
    study.explain_prediction(asked, project=unit.project, home=unit.home, at=LATER, by="clara")
    said = capsys.readouterr().out
    assert "None" not in said and "happened" not in said and "push" in said
    assert "missing, empty in the file: age, visits, lactate, flag\n" in said


def test_a_new_project_has_the_specs_and_nothing_of_the_model_of_the_example(tmp_path, capsys):
    begin.new(tmp_path / "icu", example="adopt-physionet-2012")
    names = sorted(path.name for path in (tmp_path / "icu").iterdir())
    assert names == ["adopt.yaml", "monitoring.yaml", "release.yaml"]
    said = capsys.readouterr().out
    assert "attending adopt SCORES" in said and "git" not in said
    begin.new(tmp_path / "fit", example="readmission-synthetic")
    assert (tmp_path / "fit" / "model.yaml").is_file()
    assert "git init" in capsys.readouterr().out


def test_the_terminal_names_every_column_and_cuts_no_condition(unit, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    adopt.adopt(unit.history, project=unit.project, home=unit.home, at=AT, by="dana")
    said = capsys.readouterr().out
    assert "taken: outcome = column 'died', by its name" in said
    assert "taken: patient = column 'patient_id', by its name" in said
    assert "signed.validation_report.compliance_officer" in said and "…" not in said
