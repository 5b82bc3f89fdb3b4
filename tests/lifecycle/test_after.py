"""Outcomes after go-live through the records of one small synthetic home, and by the verb."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from attending.cli.app import app
from attending.errors import AttendingError
from attending.lifecycle import after, papers, scoring
from attending.lifecycle.projects import open_project
from attending.specs.followed import Followed
from attending.times import format_instant, parse_length
from tests.lifecycle.ward import SECOND, enter, make_ward

LIVE = SECOND - timedelta(days=40)


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("after"))
    yield made
    made.desk.home.close()


@pytest.mark.requirement("H16")
def test_what_became_of_patients_is_told_from_the_records_once_a_site_has_seen_a_score(ward):
    with pytest.raises(AttendingError) as refused:
        after.report_after(ward.desk, ward.project)
    assert refused.value.code == "after.not_live"
    plan = ward.project.release.digest
    stands = enter(
        replace(ward.desk, at=LIVE), ward.run, stage="limited", plan=plan, previous=ward.entered
    )
    scoring.score(ward.desk, ward.project)
    call = Followed(
        name="another stay of any kind",
        kind="workload",
        codes=("ENCOUNTER//ADMISSION//*",),
        within=parse_length("30d"),
        wanted="lower",
    )
    asked = ward.project.monitoring.model_copy(update={"followed": (call,)})
    project = replace(ward.project, said={"monitoring": asked})
    report = after.report_after(ward.desk, project)
    # The signed plan shows the limited stage at one site; the deployment record says since when.
    assert [(one.site, one.at, one.deployment) for one in report.went_live] == [
        ("CITY", LIVE, stands)
    ]
    assert report.spec == asked.digest != ward.project.monitoring.digest
    whole = {one.measure: one for one in report.changes if not one.group}
    assert set(whole) == {"outcome", "another stay of any kind"}
    assert {one.direction for one in whole.values()} == {"not_shown"}
    assert whole["outcome"].why == "fewer than 8 months before or after"
    assert {one.group for one in report.changes} >= {"not live", "site=CITY", "sex=M"}
    assert sum(one.alerts for one in report.use) > 0
    assert all(one.acknowledged is None for one in report.use)  # nobody recorded an answer
    assert all(one.events is None or one.events == 0 or one.events > 10 for one in report.months)
    page = ward.desk.home.artifacts.read(papers.page_of(ward.desk, report.digest)).decode()
    assert "too little is known to say whether it changed" in page
    assert "Outcomes after go-live" in page
    # A number of days has no rate.
    label = ward.project.cohort.label
    number = label.model_copy(update={"kind": "remaining_days"})
    days = ward.project.cohort.model_copy(update={"label": number})
    with pytest.raises(AttendingError) as refused:
        after.report_after(ward.desk, replace(ward.project, said={"cohort": days}))
    assert refused.value.code == "after.number"


def test_the_verb_tells_it_in_sentences_and_as_json(ward):
    folder = str(open_project(ward.project.folder.root).folder.root)
    where = ["--project", folder, "--home", str(ward.desk.home.root)]
    at = ["--at", format_instant(SECOND + timedelta(hours=1))]
    told = CliRunner().invoke(app, ["monitor", "outcomes", *where, *at])
    assert told.exit_code == 0, told.output
    assert "too little is known" in told.output
    found = CliRunner().invoke(app, ["monitor", "outcomes", *where, *at, "--json"])
    assert [one["site"] for one in json.loads(found.output)["went_live"]] == ["CITY"]
