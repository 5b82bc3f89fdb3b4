"""Diabetes 130 through the command line: the given column is the label, encounters the clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.conftest import AT, ROOT, new_shell

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, data_folder):
    """A cohort, a run under a signed exception, and its validation."""
    shell, project = new_shell(tmp_path_factory.mktemp("diabetes"), "readmission-diabetes-130")
    shell.persons()
    at = ("--project", str(project), "--at", AT)
    shell.run("ingest", "diabetes-130", str(data_folder / "diabetes-130"), "--at", AT)
    cohort = shell.json("cohort", "build", *at)
    shell.run("features", "build", *at)
    refused = shell.run("train", "fit", *at, "--by", "dana", code=3)
    exception = shell.json(
        "gate", "except", "leak.billing_time",
        "--reason", "one row a stay: nothing says when a fact of it was written",
        "--compensation", "only what the bedside knows by the discharge is read, no diagnosis",
        "--expires", "2027-01-01T00:00:00Z", "--by", "dana", *at,
    )  # fmt: skip
    shell.sign(exception["digest"], "clara", "clinical_lead")
    shell.sign(exception["digest"], "caro", "compliance_officer")
    run = shell.json("train", "fit", *at, "--by", "dana")
    report = shell.json("validate", "model", *at, "--by", "dana")
    return cohort, refused, run, report


def test_the_dead_and_the_dying_are_left_out_and_the_column_is_the_label(fitted):
    cohort, refused, _, _ = fitted
    assert (cohort["rows"], cohort["positives"]) == (99_343, 11_314)
    assert cohort["subjects"] == 69_990
    assert "leak.billing_time" in refused.stderr


@pytest.mark.requirement("E1", "E9")
def test_it_beats_earlier_stays_and_lace_by_little_and_fails_the_oldest(fitted):
    _, _, run, report = fitted
    assert run["split"]["kind"] == "temporal"
    found = {item["baseline"]: item for item in report["summary"]}
    assert {"prior_inpatient", "lace"} <= set(found)
    for name in ("prior_inpatient", "lace"):
        assert found[name]["verdict"] == "better"
        assert 0.59 < found[name]["baseline_value"] < 0.63
        assert 0.64 <= found[name]["model_value"] <= 0.69  # as others have published
    gates = {item["gate"]: item for item in report["gates"]}
    answers = {c["group"]: c["outcome"] for c in gates["subgroup_auroc_at_least"]["checks"]}
    assert gates["subgroup_auroc_at_least"]["outcome"] == "failed"
    assert answers["age=[90-100)"] == "failed"
    assert answers["age=[0-10)"] == "not_shown"


def told(found) -> str:
    """Return a figure as the tutorial writes it."""
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def sentences(cohort, report):
    """Return what the tutorial must say, with the figures of today."""
    (model,) = [one for one in report["figures"] if one["name"] == "model"]
    by_name = {one["name"]: one for one in model["estimates"]}
    yield f"{cohort['rows']:,} stays are left, {cohort['positives']:,} of them"
    yield f"{report['n']:,} stays with {report['events']:,} readmissions"
    yield f"| AUROC of the model | {told(by_name['auroc'])} |"
    for one in report["summary"]:
        yield f"({one['baseline_value']:.3f})"
        yield f"+{one['difference']:.3f} ({one['low']:.3f} to {one['high']:.3f})"
    for name in ("observed_expected", "calibration_slope"):
        one = by_name[name]
        yield f"{one['value']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
    at = {round(point["threshold"], 2): point for point in report["decision_curve"]}
    first = (at[0.15]["model"]["value"], *(at[0.15]["baselines"][name]
             for name in ("prior_inpatient", "lace")))  # fmt: skip
    mine, stays, lace = (round(1000 * value) for value in first)
    yield f"{mine} per 1,000 stays, earlier stays {stays}, LACE {lace}"
    groups = {one["group"]: one for one in report["subgroups"]}
    oldest = groups["[90-100)"]["auroc"]
    yield f"{oldest['value']:.2f} ({oldest['low']:.2f} to {oldest['high']:.2f})"
    unknown = groups["missing"]["observed_expected"]
    yield f"{unknown['value']:.2f} ({unknown['low']:.2f} to {unknown['high']:.2f})"
    first, last = (groups[name]["auroc"]["value"] for name in ("[30-40)", "[80-90)"))
    yield f"from {first:.2f} in the thirties to {last:.2f} in the eighties"


def test_the_tutorial_says_what_the_report_says(fitted):
    cohort, _, _, report = fitted
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    section = text.split("## 8. A given column as the label")[1].split("\n## ")[0]
    missing = [one for one in sentences(cohort, report) if one not in section]
    assert missing == []
    assert min(point["threshold"] for point in report["decision_curve"]) == 0.05


def test_the_report_hides_small_groups_and_says_what_it_cannot_be(fitted):
    _, _, _, report = fitted
    small = [row for row in report["subgroups"] if row["group"] in {"[0-10)", "UNKNOWN/INVALID"}]
    assert [(row["n"], row["status"]) for row in small] == [(None, "insufficient")] * 2
    assert any("gate before validated stays closed" in note for note in report["notes"])
    assert "Signed exception" in Path(report["page"]).read_text(encoding="utf-8")
