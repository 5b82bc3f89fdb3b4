"""What who deploys owes before people see a score: downtime, workflow, training, by row."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from attending.cli.app import app
from attending.errors import AttendingError
from attending.lifecycle import (
    deploying,
    gating,
    inventory,
    releasing,
    scoring,
    signing,
    watching,
)
from attending.lifecycle.people import add_person
from attending.lifecycle.projects import open_project
from attending.times import format_instant
from tests.lifecycle.ward import SECOND, enter, make_ward, sign


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("deploying"))
    # The last month is scored once people see it.
    scoring.score(made.desk, made.project, until=SECOND - timedelta(days=30))
    releasing.drill_rollback(made.desk, made.project, made.run)
    made.secrets["nora"] = "a long passphrase of nora, 14"
    add_person(
        made.desk,
        "nora",
        printed_name="Nora Silva",
        roles=("nurse_leader",),
        passphrase=made.secrets["nora"],
    )
    yield made
    made.desk.home.close()


def code_of(act):
    with pytest.raises(AttendingError) as refused:
        act()
    return refused.value.code


def fact(ward, name, *, stage="limited"):
    project = open_project(ward.project.folder.root)
    found = gating._FACTS[stage][name](ward.desk, project, ward.run)
    return found.status, found.note


def written(ward, name):
    """Write the papers as the folder says them now, and return one."""
    project = open_project(ward.project.folder.root)
    made = deploying.write_papers(replace(ward.desk, actor="dana"), project, ward.run)
    return next(one for one in made if one.paper == name)


@pytest.mark.requirement("G15")
def test_no_gate_to_the_wards_without_a_signed_downtime_procedure_that_says_everything(ward):
    assert fact(ward, "downtime.ready") == (
        "missing",
        "the downtime as it stands was not written: run `attending document write`",
    )
    place = ward.project.folder.root / "deployer.yaml"
    said = place.read_text()
    place.write_text(said.replace("caught_up: Discharges of the outage", "caught_up: TBD # Dis"))
    blank = written(ward, "downtime")
    assert blank.missing == ("downtime.caught_up is not written",)
    assert fact(ward, "downtime.ready")[0] == "missing"
    act = {"person": "omar", "role": "operator"}
    assert code_of(lambda: sign(ward.desk, blank.digest, ward.secrets, **act)) == "paper.missing"
    place.write_text(said)
    whole = written(ward, "downtime")
    assert (whole.edition, whole.missing) == (blank.edition + 1, ())
    assert written(ward, "downtime") == whole  # nothing changed: the same edition
    assert "not signed by a nurse leader or operator" in fact(ward, "downtime.ready")[1]
    sign(ward.desk, whole.digest, ward.secrets, **act)
    assert fact(ward, "downtime.ready") == ("met", "")
    place.write_text(said.replace("calls the ward managers", "pages the ward managers"))
    # Another word is another procedure; the signature stands on the former one alone.
    assert fact(ward, "downtime.ready", stage="live")[0] == "missing"
    place.write_text(said)
    assert fact(ward, "downtime.ready")[0] == "met"


@pytest.mark.requirement("G16")
def test_no_gate_to_the_wards_without_counted_clicks_and_people_who_were_trained(ward, tmp_path):
    place = ward.project.folder.root / "deployer.yaml"
    said = place.read_text()
    place.write_text(said.replace("Start the call from the task, clicks: 1", "Call, clicks: 4"))
    work = written(ward, "workflow")
    assert work.missing[0].startswith("5 clicks were counted")
    act = {"person": "nora", "role": "nurse_leader"}
    assert code_of(lambda: sign(ward.desk, work.digest, ward.secrets, **act)) == "paper.missing"
    place.write_text(said)
    work = written(ward, "workflow")
    assert fact(ward, "workflow.confirmed")[0] == "missing"
    sign(ward.desk, work.digest, ward.secrets, person="clara", role="clinical_lead")
    assert "not signed by a nurse leader" in fact(ward, "workflow.confirmed")[1]
    sign(ward.desk, work.digest, ward.secrets, **act)
    assert fact(ward, "workflow.confirmed") == ("met", "")
    # Training: the material as it stands is signed, and each role has somebody who completed it.
    assert "is not signed" in fact(ward, "training.ready")[1]
    dana = replace(ward.desk, actor="dana")
    material = signing.propose_specs(dana, ward.project)["training_material"]
    sign(ward.desk, material, ward.secrets, **act)
    assert fact(ward, "training.ready")[1] == (
        "nobody has completed it as discharge nurse, care coordinator"
    )
    folders = ("--project", str(ward.project.folder.root), "--home", str(ward.desk.home.root))
    where = (*folders, "--at", format_instant(SECOND), "--by", "nora", "--json")
    for user, role in (("n.okafor", "discharge nurse"), ("l.weber", "care coordinator")):
        ran = CliRunner().invoke(app, ["document", "trained", user, "--role", role, *where])
        assert json.loads(ran.stdout)["material_version"] == "1"
    wrong = CliRunner().invoke(app, ["document", "trained", "x", "--role", "surgeon", *where])
    assert wrong.exception.code == "training.role"
    # Each role goes by a guide of what stands in the records; a nurse leader signs it.
    guide = written(ward, "role_guide")
    assert guide.missing == ()
    assert fact(ward, "training.ready")[1] == "the role guide is not signed by a nurse leader"
    sign(ward.desk, guide.digest, ward.secrets, **act)
    assert fact(ward, "training.ready") == ("met", "")
    place.write_text(said.replace("Start the call from the task", "Ring from the task"))
    assert fact(ward, "training.ready")[0] == "missing"  # other steps: another guide
    place.write_text(said)
    plan = ward.project.folder.root / "release.yaml"
    text = plan.read_text()
    plan.write_text(text.replace('version: "1"', 'version: "2"'))
    assert fact(ward, "training.ready")[0] == "missing"  # new material: nobody has read it
    plan.write_text(text)


def test_the_pack_of_a_unit_says_how_old_its_list_is_and_is_not_printed_where_none_is_shown(ward):
    desk = replace(ward.desk, at=SECOND + timedelta(hours=1))
    written(ward, "downtime")
    # Refusal: in silent nobody sees a score, on paper neither.
    pack = {"unit": "CITY"}
    assert code_of(lambda: deploying.print_pack(desk, ward.project, **pack)) == "downtime.not_shown"
    plan = ward.project.release.digest
    limited = enter(desk, ward.run, stage="limited", plan=plan, previous=ward.entered)
    scoring.join_outcomes(desk, ward.project)
    watching.monitor(desk, ward.project)
    watching.give_verdict(desk, ward.project)
    # The plan shows the limited stage at another site.
    other = {"unit": "VALLEY"}
    assert (
        code_of(lambda: deploying.print_pack(desk, ward.project, **other)) == "downtime.not_shown"
    )
    enter(desk, ward.run, stage="live", plan=plan, previous=limited)
    scoring.score(desk, ward.project)
    held, page = deploying.print_pack(desk, ward.project, **pack)
    assert held.made_at <= desk.at
    assert held.rows
    text = page.decode()
    assert "SYNTHETIC" in text
    assert "LACE form" in text
    assert held.rows[0][0] in text
    assert held.old == ("Too old" in text)
    late = replace(desk, at=desk.at + timedelta(hours=30))
    old, page = deploying.print_pack(late, ward.project, **pack)
    assert old.old
    assert "Do not act on it" in page.decode()
    wrong = {"unit": "CIYT"}
    assert code_of(lambda: deploying.print_pack(desk, ward.project, **wrong)) == "downtime.unit"
    told = [one for one in desk.home.ledger.entries() if one.action == "downtime.print"]
    assert [one.details["unit"] for one in told] == ["CITY", "CITY"]
    much_later = replace(desk, at=desk.at + timedelta(days=9))  # the verdict has run out
    assert (
        code_of(lambda: deploying.print_pack(much_later, ward.project, **pack))
        == "downtime.not_shown"
    )


def test_the_hazard_log_names_its_evidence_and_the_safety_case_waits_for_it(ward):
    log = written(ward, "hazard_log")
    assert "Alerts that are not answered: no validation shows its controls" in log.missing
    act = {"person": "clara", "role": "clinical_lead"}
    case = written(ward, "safety_case")
    assert code_of(lambda: sign(ward.desk, case.digest, ward.secrets, **act)) == "paper.missing"
    assert fact(ward, "safety.argued")[0] == "missing"
    rows = {row[0]: row for row in log.sections[0].rows}
    down = rows["No score while the service is down"]
    drill = deploying._evidence(ward.desk, ward.run)["rollback_drill"]
    assert f"rollback drill {drill[:12]}" in down[5]


def test_the_inventory_shows_every_version_and_what_all_alerts_ask_of_people(ward):
    desk = replace(ward.desk, at=SECOND + timedelta(days=1))
    if scoring.deployed(desk, ward.project).stage == "silent":
        _, nothing = inventory.inventory(desk, days=60)
        assert nothing.alerts == 0  # scored in silent: nobody saw it
        plan = ward.project.release.digest
        limited = enter(desk, ward.run, stage="limited", plan=plan, previous=ward.entered)
        enter(desk, ward.run, stage="live", plan=plan, previous=limited)
        scoring.score(desk, ward.project)
    policy = signing.propose_specs(replace(desk, actor="dana"), ward.project)["retraining"]
    sign(desk, policy, ward.secrets, person="clara", role="clinical_lead")
    where = ("--home", str(desk.home.root), "--at", format_instant(desk.at + timedelta(days=2)))
    ran = CliRunner().invoke(app, ["release", "inventory", "--days", "60", "--json", *where])
    told = json.loads(ran.stdout)
    (line,) = told["versions"]
    assert (line["model"], line["version"], line["stage"]) == ("readmission-30d", "v1", "live")
    assert (line["risk"], line["owner"]) == ("medium", "clara")
    assert line["overdue"] == 1  # the daily look
    assert line["review_due"] < format_instant(desk.at + timedelta(days=2))
    rows = [one for one in scoring.contents_of(desk, line["model"]) if one["stage"] == "live"]
    flagged = [one for one in rows if one["flagged"]]
    burden = told["burden"]
    assert flagged
    assert burden["alerts"] == line["alerts"] == len(flagged)
    assert burden["patients"] == len({one["subject_id"] for one in rows})
    assert burden["shifts"] == len({one["site"] for one in rows}) * 180
    assert burden["per_patient"] == round(len(flagged) / burden["patients"], 3)
    assert burden["busiest_shift"] >= 1
    assert not any(one["subject_id"] in ran.stdout for one in rows)
    none = CliRunner().invoke(app, ["release", "inventory", "--days", "0", *where])
    assert none.exit_code == 2
