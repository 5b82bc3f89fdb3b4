"""A number and a count from cohort to report through the command line (E20)."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from scipy.stats import binom

from attending.documents.numbers import number, percent
from tests.journeys import replays
from tests.journeys.conftest import AT, EXAMPLES, new_shell


def fitted(shell, at):
    """Build, fit, repeat and validate; return the run and the report."""
    shell.run("cohort", "build", *at)
    shell.run("features", "build", *at)
    run = shell.json("train", "fit", *at)
    again = replays.replayed(shell.home, at, place=replays.PLACES[0])
    assert again["same_files"]
    assert again["same_result"]
    return run, shell.json("validate", "model", *at)


def edited(spec, before, after):
    """Change a spec, and return what it said."""
    text = spec.read_text()
    assert before in text
    spec.write_text(text.replace(before, after))
    return text


def adds_up(diff) -> bool:
    return bool(diff["shares"]) and all(
        abs(one["change"] - one["population"] - one["label"] - one["model"]) < 1e-9
        for one in diff["shares"]
    )


def estimates(report, name="model"):
    (figures,) = [one for one in report["figures"] if one["name"] == name]
    return {one["name"]: one for one in figures["estimates"]}


@pytest.fixture(scope="module")
def stays(tmp_path_factory, data_folder):
    """The MIMIC-IV demo, its length of stay fitted and validated."""
    shell, project = new_shell(tmp_path_factory.mktemp("stays"), "length-of-stay-mimic-iv")
    shell.run("ingest", "mimic-iv", str(data_folder / "mimic-iv-demo"), "--at", AT)
    at = ("--project", str(project), "--at", AT)
    return shell, project, at, *fitted(shell, at)


@pytest.fixture(scope="module")
def staffing(tmp_path_factory):
    """A small synthetic hospital, its patients of the next shift fitted and validated."""
    shell, project = new_shell(tmp_path_factory.mktemp("staffing"), "staffing-synthetic")
    extract = shell.folder / "extract"
    shell.run("hospital", "write", str(extract), "--patients", "600", "--years", "2")
    shell.run("ingest", "hospital", str(extract), "--at", AT)
    at = ("--project", str(project), "--at", AT)
    return shell, project, at, *fitted(shell, at)


@pytest.mark.data
@pytest.mark.requirement("E20")
def test_a_length_of_stay_is_foretold_in_days_against_the_mean_of_the_unit(stays):
    shell, project, at, run, report = stays
    assert (run["estimator"], report["number"]["outcome_type"]) == ("lightgbm", "number")
    mine, theirs = estimates(report), estimates(report, "unit_mean")
    # A day after the admission, over stays of one to three weeks: days, not hours or months.
    assert 2.0 < mine["mae"]["value"] < 8.0
    assert 2.0 < theirs["mae"]["value"] < 8.0
    assert mine["mae"]["low"] < mine["mae"]["value"] < mine["mae"]["high"]
    # 80 % are promised; which patients are held back follows the home's key, so the bound is how
    # far so few of them can lie off by chance, once in ten thousand.
    rows = next(one for one in report["figures"] if one["name"] == "model")["rows"]
    low, high = binom.ppf([1e-4, 1 - 1e-4], rows, 0.8) / rows
    assert low <= mine["interval_coverage"]["value"] <= high
    assert "interval_coverage" not in theirs
    (row,) = [
        one
        for one in report["comparisons"]
        if (one["baseline"], one["measure"]) == ("unit_mean", "mae")
    ]
    found = mine["mae"]["value"] - theirs["mae"]["value"]
    assert row["difference"] == pytest.approx(found, abs=1e-12)
    assert row["low"] < row["difference"] < row["high"]
    # Too few patients is never met.
    answers = {gate["gate"]: gate["outcome"] for gate in report["gates"]}
    assert answers["minimum_rows"] == "not_shown"
    assert not report["gates_met"]
    # One refusal: a model of risks on a cohort of days.
    spec = project / "model.yaml"
    before = spec.read_text()
    spec.write_text(
        re.sub(r"^(outcome_type|interval|calibration): .*\n", "", before, flags=re.MULTILINE)
        .replace("aim: median, ", "")
        .replace("  - {estimator: linear, parameters: {l2: 30.0}}", "  - {estimator: logistic}")
        .replace("metrics: [mae, rmse, interval_coverage]", "metrics: [auroc]")
    )
    refused = shell.run("train", "fit", *at, code=2)
    spec.write_text(before)
    assert "outcome_type: number" in refused.stderr


@pytest.mark.data
def test_the_page_of_a_number_says_days_and_no_risk(stays):
    _, _, _, _, report = stays
    page = Path(report["page"]).read_text(encoding="utf-8")
    for words in (
        "Mean absolute error",
        "Did the interval hold what it promised?",
        "Observed against foretold",
        "Observed days",
    ):
        assert words in page
    for words in ("AUROC", "Decision curve", "with the event", "no event"):
        assert words not in page


@pytest.mark.data
def test_one_page_on_a_length_of_stay_says_its_own_figures_in_days(stays):
    shell, _, at, run, report = stays
    asked = ("document", "numbers", "--out", "stays.html", "--run")
    made = shell.json(*asked, run["digest"][:12], *at)
    assert (made["page"], made["report"]) == ("stays.html", report["digest"])
    page = (shell.folder / "stays.html").read_text(encoding="utf-8")
    said = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.partition("</style>")[2])))
    off, theirs = (estimates(report, name)["mae"]["value"] for name in ("model", "unit_mean"))
    (label,) = [one["label"] for one in report["figures"] if one["name"] == "unit_mean"]
    held = estimates(report)["interval_coverage"]["value"]
    for words in (
        f"The model is off by {number(off)} days on average.",
        f"The {label.lower()} is off by {number(theirs)} days on average.",
        f"It should hold {percent(0.8)} of what comes, and on later patients it held",
        f"it held {percent(held)}.",
        report["digest"],
    ):
        assert words in said, words
    assert "SYNTHETIC" not in said  # the patients of the data set were real
    # The same report gives the same page; a run that is not there gives none.
    shell.run("document", "numbers", "--out", "again.html", "--run", run["digest"], *at)
    assert (shell.folder / "again.html").read_text(encoding="utf-8") == page
    refused = shell.run("document", "numbers", "--out", "none.html", "--run", "0" * 12, *at, code=2)
    assert "there is no run" in refused.stderr
    assert not (shell.folder / "none.html").exists()


@pytest.mark.data
def test_a_number_is_not_served_explained_or_compared_with_what_is_not_there(stays):
    shell, project, at, _, _ = stays
    refused = shell.run("explain", "stability", *at, code=3)
    assert "foretells a number" in refused.stderr
    spec = project / "validation.yaml"
    before = spec.read_text()
    for wrong, word in (
        (before + "  - {gate: net_benefit_not_worse, baseline: unit_mean}\n", "gate of numbers"),
        (before.replace("mean_error,", "auroc,"), "not of numbers"),
        (before.replace("baselines: [unit_mean]", "baselines: [lace]").replace(
            "baseline: unit_mean", "baseline: lace"), "no numbers of baseline 'lace'"),
    ):  # fmt: skip
        spec.write_text(wrong)
        assert word in shell.run("validate", "model", *at, code=2).stderr
    spec.write_text(before)


@pytest.mark.requirement("E20")
def test_patients_of_the_next_shift_are_foretold_better_than_by_the_mean_of_the_unit(staffing):
    shell, project, at, run, report = staffing
    assert report["number"]["cluster"] == "units"
    assert report["patients"] is None
    mine, theirs = estimates(report), estimates(report, "unit_mean")
    assert mine["poisson_deviance"]["value"] < theirs["poisson_deviance"]["value"]
    assert report["summary"][0]["verdict"] == "better"
    assert 0.8 <= mine["observed_expected_total"]["value"] <= 1.25
    assert mine["interval_coverage"]["value"] >= 0.75
    tests = {part["name"]: part for part in run["split"]["slices"]}
    assert tests["test"]["events"] is None
    # Units are before and after the cut alike; no row before it was known only after it.
    assert run["split"]["overlap_rows"] == 0
    assert run["split"]["purged"] > 0
    # One refusal: a feature that would count the shift that it foretells.
    spec = project / "features.yaml"
    before = spec.read_text()
    spec.write_text(before.replace("series: arrivals, lags: [1]", "series: arrivals, lags: [0]"))
    refused = shell.run("features", "build", *at, code=2)
    spec.write_text(before)
    assert "not known when it begins" in refused.stderr


def test_a_run_of_a_count_is_not_repeated_from_a_snapshot_with_an_altered_cell(staffing):
    shell, _, at, run, _ = staffing
    replays.altered_is_refused(shell, shell.folder / "altered", at, run["snapshot"])


@pytest.mark.requirement("C11")
def test_a_count_of_another_shift_is_named_as_why_two_runs_of_a_count_differ(staffing):
    shell, project, at, run, _ = staffing
    spec = project / "cohort.yaml"
    before = edited(spec, "ahead: 1", "ahead: 3")
    shell.run("cohort", "build", *at)
    shell.run("features", "build", *at)
    later = shell.json("train", "fit", *at)
    spec.write_text(before)
    diff = shell.json("run", "diff", run["digest"], later["digest"], *at)
    found = {one["measure"]: one for one in diff["shares"]}
    assert {"mae", "poisson_deviance", "interval_coverage"} <= set(found)
    assert adds_up(diff)
    deviance = found["poisson_deviance"]
    assert deviance["change"] > 0
    parts = {name: abs(deviance[name]) for name in ("population", "label", "model")}
    assert max(parts, key=parts.__getitem__) == "label"
    ends = deviance["intervals"]["label"]
    assert 0 < ends["low"] < deviance["label"] < ends["high"]
    told = " ".join(diff["words"])
    assert "because the label changed" in told
    assert "unit_count.ahead: was 1, is 3" in told
    assert diff["interval_method"].startswith("95 % of draws of units")
    assert any("fewer than 30 units" in note for note in diff["notes"])
    assert all(cell["events"] is None for cell in diff["cells"])
    refused = shell.run("run", "diff", run["digest"], "0" * 12, *at, code=2)
    assert "there is no run" in refused.stderr


@pytest.mark.data
def test_a_worse_model_of_days_is_named_and_its_part_is_in_days(stays):
    shell, project, at, run, _ = stays
    before = edited(project / "model.yaml", "num_iterations: 60", "num_iterations: 1")
    later = shell.json("train", "fit", *at)
    (project / "model.yaml").write_text(before)
    diff = shell.json("run", "diff", run["digest"], later["digest"], *at)
    found = {one["measure"]: one for one in diff["shares"]}
    assert set(found) == {"mae", "rmse", "interval_coverage"}
    assert adds_up(diff)
    mae = found["mae"]
    assert (mae["population"], mae["label"]) == (0.0, 0.0)
    assert mae["model"] == pytest.approx(mae["change"], abs=1e-12)
    assert mae["intervals"]["model"]["low"] < mae["model"] < mae["intervals"]["model"]["high"]
    assert mae["intervals"]["population"] == {"low": 0.0, "high": 0.0, "draws": 500}
    assert "num_iterations: was 60, is 1" in " ".join(diff["words"])


def test_what_is_shown_of_units_hides_small_counts(staffing):
    shell, _, at, _, _ = staffing
    shown = shell.run("cohort", "build", *at).stdout
    assert "counted in all" in shown
    rows = [line.split() for line in shown.splitlines() if re.match(r"^(CITY|VALLEY) ", line)]
    assert rows
    for row in rows:
        assert row[-1] == "≤10" or row[-1] == "0" or int(row[-1]) > 10
    for verb in (("cohort", "explain", "1"), ("features", "parity")):
        assert "units and shifts" in shell.run(*verb, *at, code=2).stderr
    assert "no score of a patient" in shell.run("baseline", "show", *at, code=2).stderr
    checked = shell.run("gate", "check", "pretrain", *at, "--json", code=3).stdout
    report = json.loads(checked)
    stands = {row["gate"]: row["answer"] for row in report["findings"]}
    assert stands["exclusions.stated"] == "met"
    assert stands["leak.too_good"] == "met"
    assert stands["split.temporal"] == "met"


@pytest.mark.data
def test_units_are_not_counted_where_days_were_shifted(stays):
    shell, project, at, _, _ = stays
    spec = project / "cohort.yaml"
    before = spec.read_text()
    spec.write_text((EXAMPLES / "staffing-synthetic" / "cohort.yaml").read_text())
    refused = shell.run("cohort", "build", *at, code=3)
    spec.write_text(before)
    assert "real days" in refused.stderr
