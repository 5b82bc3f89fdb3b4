"""PhysioNet 2012 through the command line: a signed exception, a fair comparison, and its limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys import replays
from tests.journeys.conftest import AT

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def fitted(icu):
    """The run, fitted under a signed exception, and its validation."""
    shell, project, _ = icu
    at = ("--project", str(project), "--at", AT)
    cohort = shell.json("cohort", "build", *at)
    shell.run("features", "build", *at)
    refused = shell.run("train", "fit", *at, "--by", "dana", code=3)
    assert "split.temporal" in refused.stderr
    exception = shell.json(
        "gate", "except", "split.temporal", "--reason", "no calendar dates",
        "--compensation", "five folds by patient", "--expires", "2027-01-01T00:00:00Z",
        "--by", "dana", *at,
    )  # fmt: skip
    shell.sign(exception["digest"], "clara", "clinical_lead")
    still = shell.run("train", "fit", *at, "--by", "dana", code=3)
    assert "split.temporal" in still.stderr
    waits = f"exception {exception['digest'][:12]} waits for compliance_officer"
    assert waits in still.stderr
    shell.sign(exception["digest"], "caro", "compliance_officer")
    run = shell.json("train", "fit", *at, "--by", "dana")
    report = shell.json("validate", "model", *at, "--by", "dana")
    return cohort, run, report, exception


def test_all_4000_stays_and_554_deaths_are_there(fitted, icu):
    cohort, _, _, _ = fitted
    assert (cohort["rows"], cohort["positives"]) == (4000, 554)
    assert icu[2]["balanced"]


@pytest.mark.requirement("E1", "E4")
def test_the_model_beats_saps_and_sofa_on_the_same_rows(fitted):
    _, _, report, _ = fitted
    by_name = {item["baseline"]: item for item in report["summary"]}
    for name, low, high in (("saps_i", 0.60, 0.72), ("sofa", 0.57, 0.68)):
        found = by_name[name]
        assert found["verdict"] == "better"
        assert found["low"] > 0
        assert low < found["baseline_value"] < high
        assert found["model_value"] >= 0.83
    folds = report["cross_validation"]
    assert len(folds["folds"]) == 5
    assert folds["mean"] >= 0.845


def test_the_report_names_the_exception_and_that_there_is_no_calendar(fitted):
    _, run, report, exception = fitted
    assert run["exceptions"] == [exception["digest"]]
    assert report["calendar"] == "relative"
    assert any("gate before validated stays closed" in note for note in report["notes"])
    assert any("Fitted on 2,649 rows, where 23,698 are asked for" in n for n in report["notes"])
    page = Path(report["page"]).read_text(encoding="utf-8")
    assert "exception" in page.lower()
    assert "SAPS-I" in page


def test_its_card_has_no_dates_and_the_figures_of_the_threshold_that_the_plan_acts_at(fitted, icu):
    shell, project, _ = icu
    card = shell.json("card", "build", "--project", str(project), "--at", AT, "--by", "dana")
    (cohort,) = [fact["says"] for fact in card["training"] if fact["label"] == "Cohort"]
    assert cohort.endswith(", no real dates")
    assert card["threshold"] == fitted[2]["thresholds"][0]["threshold"]
    assert "Sensitivity at the threshold" in {one["measure"] for one in card["validation"]}


def test_the_run_repeats_to_the_byte_three_times_and_an_altered_cell_is_named(fitted, icu):
    shell, project, _ = icu
    where = ("--project", str(project), "--at", AT)
    replays.three_times(shell.home, where)
    replays.altered_is_refused(shell, shell.folder / "altered", where, fitted[1]["snapshot"])


@pytest.mark.requirement("E12", "D8")
def test_it_can_never_pass_beyond_validated(fitted, icu):
    shell, project, _ = icu
    at = ("--project", str(project), "--at", AT)
    refused = shell.run("gate", "check", "trained", *at, code=3)
    assert "met by exception" in refused.stdout
    assert "attending release propose" in refused.stdout  # how data.access_reviewed is met
    shell.run("gate", "check", "silent", *at, code=3)
    validated = shell.run("gate", "check", "validated", *at, code=3)
    assert "the gate before 'validated' follows 'trained'" in validated.stderr
