"""Validation as a user does it: later cohorts, a silent period, thresholds that are signed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.journeys.conftest import Shell, commit

LATER = "2025-12-15T09:00:00Z"
RESPONSE = """
responses:
  - place: all
    action: A care coordinator calls within 3 days
    instead_of: A letter goes to the general practitioner
    responder: care coordinator
    within: 24h
    escalate_to: discharge nurse
    escalate_after: 48h
    if_nobody: The ward manager is told the next morning
"""


@pytest.fixture(scope="module")
def own(demo):
    """A copy of the demo's home, so that other journeys do not see what is kept here."""
    folder = demo.folder / "validation"
    folder.mkdir()
    shutil.copytree(demo.home, folder / "home")
    return Shell(folder=folder, home=folder / "home")


@pytest.fixture(scope="module")
def project(own):
    return own.home / "project"


@pytest.fixture(scope="module")
def secrets(own):
    """The passphrase files of the demo's fictional persons."""
    for line in (own.home / "keys" / "persons.txt").read_text().splitlines():
        person, secret = line.split(" ", 1)
        (own.folder / f"{person}.secret").write_text(secret)
    return own


def gate(shell, project, stage):
    """What a user is told of a gate that is closed."""
    asked = ("--project", str(project), "--at", LATER, "--json")
    said = json.loads(shell.run("gate", "check", stage, *asked, code=3).stdout)
    return [f"{one['name']} is {one['status']}" for one in said["conditions"]]


@pytest.mark.requirement("E13")
def test_a_run_is_judged_on_predictions_that_came_after_it(own, project):
    found = own.json("validate", "later", "--project", str(project), "--by", "dana", "--at", LATER)
    assert found["period"] == "later"
    assert found["n"] > 300
    run = own.json("run", "show", "--project", str(project), "--at", LATER)
    cohort = own.json("cohort", "show", "--project", str(project), "--at", LATER)
    assert found["model"]["snapshot"] != run["snapshot"]
    assert found["start"] > run["split"]["cut"]
    assert cohort["rows"] > found["n"]
    assert {row["verdict"] for row in found["summary"]} <= {"better", "worse", "not_shown"}
    older = own.json("snapshot", "ls", "--at", LATER)[0]["snapshot"]
    refused = own.run(
        "validate", "later", "--snapshot", older, "--project", str(project), "--at", LATER, code=3
    )
    assert "no prediction after those of the run" in refused.stderr


@pytest.fixture(scope="module")
def silent(own, project):
    return own.json("validate", "silent", "--project", str(project), "--by", "dana", "--at", LATER)


@pytest.mark.requirement("E14")
def test_the_scores_made_silently_are_judged_by_the_signed_plan(own, project, silent):
    assert silent["n"] == silent["n_live"] + silent["n_fallback"] + silent["n_no_score"]
    assert len(silent["gates"]) == 8
    assert "silent.gates is missing" not in gate(own, project, "limited")
    kept = own.json("audit", "trail", silent["validation"], "--at", LATER)
    assert kept[0]["action"] == "validate.prospective"
    other = own.folder / "other-plan"
    shutil.copytree(project, other)
    plan = other / "validation.yaml"
    plan.write_text(plan.read_text().replace("margin: 0.05", "margin: 0.5"))
    refused = own.run("validate", "silent", "--project", str(other), "--at", LATER, code=3)
    assert "silent.other_plan" in refused.stderr


@pytest.mark.requirement("E15")
def test_the_silent_report_says_what_was_missing_and_how_late_things_were(own, project, silent):
    assert 0 <= silent["with_gap"] <= 1
    assert {"missing", "missing_before", "not_yet_known", "stale"} <= set(silent["inputs"][0])
    assert silent["made_after"]["n"] == silent["n"]
    assert silent["made_after"]["median_hours"] > 24  # the demo scores five months at once
    assert silent["in_time"] < 0.5
    assert silent["label_delay"]["median_hours"] >= 30 * 24
    page = Path(silent["page"]).read_text(encoding="utf-8")
    for words in ("SYNTHETIC", "What was missing when scores were made", "How long things took"):
        assert words in page
    own.run("validate", "silent", "--version", "v9", "--project", str(project), "--at", LATER,
            code=3)  # fmt: skip


def test_a_silent_report_is_signed_by_a_clinician_and_not_by_who_made_the_model(secrets, silent):
    own = secrets.sign(silent["digest"], "dana", "data_scientist", at=LATER, code=6)
    assert "sod.violation" in own.stderr or "sign.role" in own.stderr
    secrets.sign(silent["digest"], "clara", "clinical_lead", at=LATER)


@pytest.mark.requirement("E17")
def test_a_threshold_is_decided_with_action_responder_time_and_escalation_and_signed(
    secrets, project
):
    own = secrets
    decided = own.folder / "decided"
    shutil.copytree(project, decided)
    release = decided / "release.yaml"
    release.write_text(release.read_text() + RESPONSE)
    base = ("--project", str(decided), "--at", LATER)
    early = own.run("validate", "threshold", *base, code=3)
    assert "the release plan as it stands was not proposed" in early.stderr
    proposed = own.json("release", "propose", "--by", "dana", *base)
    made = own.json("validate", "threshold", "--by", "dana", *base)
    assert len(made) == 1
    one = made[0]
    assert one["digest"] == proposed["threshold"]
    assert (one["responder"], one["within"], one["escalate_to"]) == (
        "care coordinator",
        "1d",
        "discharge nurse",
    )
    assert one["instead_of"].startswith("A letter")
    assert "ward manager" in one["escalation"]
    assert one["release"] == proposed["release"]
    assert 0 < one["sensitivity"] < 1
    own.sign(one["digest"], "dana", "data_scientist", at=LATER, code=6)
    own.sign(one["digest"], "clara", "clinical_lead", at=LATER)
    release.write_text(release.read_text().replace("within: 24h", "within: 12h"))
    again = own.json("release", "propose", "--by", "dana", *base)
    assert again["threshold"] != one["digest"]
    unknown = own.run("validate", "threshold", "--place", "ICU", *base, code=2)
    assert "threshold.place" in unknown.stderr


@pytest.mark.requirement("E19")
def test_the_report_is_signed_by_a_clinician_and_an_engineer_may_not(secrets, project):
    own = secrets
    asked = own.json("audit", "ask", "readmission-30d", "--at", LATER)
    assert any(
        "Dr Clara Moss" in line and "validation_report" in line for line in asked["approved"]
    )
    report = own.json("validate", "model", "--project", str(project), "--by", "dana", "--at", LATER)
    twice = own.sign(report["digest"], "clara", "clinical_lead", at=LATER, code=3)
    assert "approval.replayed" in twice.stderr  # it is the very report that was signed
    refused = own.sign(report["digest"], "erik", "data_engineer", at=LATER, code=6)
    assert "sign.role" in refused.stderr


def test_removing_the_high_risk_groups_from_the_plan_voids_the_agreement(own, project):
    """Negative control: the plan that was signed is the one with the groups."""
    bare = own.folder / "without-groups"
    shutil.copytree(project, bare)
    plan = bare / "validation.yaml"
    lines = plan.read_text().splitlines(keepends=True)
    plan.write_text(
        "".join(
            line
            for line in lines
            if not line.startswith("high_risk_subgroups") and "subgroup_not_worse" not in line
        )
    )
    commit(bare)
    fitted = own.json("train", "fit", "--project", str(bare), "--by", "dana", "--at", LATER)
    assert fitted["agreement"] is None
    assert "agreement.before_fit is missing" in gate(own, bare, "trained")


PLACES = """
places:
  by: site
  each:
    - {name: GENERAL, alerts_per_day: 1, false_alerts_per_event: 9, action: a, instead_of: b}
    - {name: UNIVERSITY, alerts_per_day: 90, false_alerts_per_event: 4, action: a, instead_of: b}
"""


@pytest.mark.requirement("E11")
def test_each_site_gets_its_own_threshold_and_each_is_signed_alone(secrets, project):
    own, sites = secrets, secrets.folder / "sites"
    shutil.copytree(project, sites)
    with (sites / "validation.yaml").open("a") as plan:
        plan.write(PLACES)
    with (sites / "release.yaml").open("a") as release:
        other = RESPONSE.replace("\nresponses:\n", "").replace("place: all", "place: UNIVERSITY")
        release.write(RESPONSE.replace("place: all", "place: GENERAL") + other.lstrip("\n"))
    commit(sites)
    base = ("--project", str(sites), "--at", LATER)
    own.run("train", "fit", "--by", "dana", *base)
    report = own.json("validate", "model", "--by", "dana", *base)
    rows = {row["place"]: row for row in report["places"]}
    assert rows["UNIVERSITY"]["bound_by"] == "harm"
    assert rows["UNIVERSITY"]["threshold"] == pytest.approx(0.2)
    own.run("release", "propose", "--by", "dana", *base)
    made = {one["place"]: one for one in own.json("validate", "threshold", "--by", "dana", *base)}
    assert set(made) == {"GENERAL", "UNIVERSITY"}
    assert made["GENERAL"]["threshold"] == rows["GENERAL"]["threshold"]
    assert made["GENERAL"]["digest"] != made["UNIVERSITY"]["digest"]
    for place in ("GENERAL", "UNIVERSITY"):
        own.sign(made[place]["digest"], "clara", "clinical_lead", at=LATER)
    page = Path(report["page"]).read_text(encoding="utf-8")
    assert "A threshold for each site" in page
    nowhere = own.run("validate", "threshold", "--place", "GENERA", *base, code=2)
    assert "GENERAL" in nowhere.stderr
