"""Rows that were lost reach the report of a project: weighted, counted, and from the same rows."""

from __future__ import annotations

import numpy as np
import pytest

from attending.cohort.follow_up import follow_up
from attending.errors import IntegrityBroken
from attending.lifecycle import following, training, validating
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import open_desk
from attending.lifecycle.engines import engine_over
from attending.lifecycle.projects import open_project
from attending.times import parse_instant, to_micros
from tests.faults.conftest import AT
from tests.lifecycle.study import Study

#: Taken as the end of what is seen of a patient: some have such a visit soon after they leave.
MOVED = "ENCOUNTER//ADMISSION//OUTPATIENT"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = Study(tmp_path_factory.mktemp("following"), patients=1000)
    made.ingest(made.extract())

    def lost(cohort):
        cohort["censoring"] = {"follow_up_ends": [MOVED]}
        cohort["label"]["competing"] = {"death": "competing"}

    made.specs("cohort", lost)
    made.specs("validation", lambda plan: plan["bootstrap"].update(draws=60))
    made.commit()
    made.fit()
    return made


def endings(study):
    """Return how the rows since the cut without a label ended, from the snapshot."""
    with open_desk(study.home, at=parse_instant(AT)) as desk:
        project = open_project(study.project)
        run = training.latest_run(desk, project)
        cohort = built_cohort(desk, project)
        found = follow_up(
            project.cohort, engine_over(desk, cohort.source), as_of=cohort.record.as_of
        )
        at = cohort.table["prediction_time"].cast("int64").to_numpy()
        bare = np.asarray(cohort.table["label"].is_null()) & (at >= to_micros(run.split.cut))
        status = np.array(cohort.table["status"].to_pylist())[bare]
        return np.array(found["ended"].to_pylist())[bare], status


def test_lost_rows_are_weighed_in_the_report_and_shown_on_its_page(study):
    ended, status = endings(study)
    assert {"censored", "competing", "immature"} <= set(status)
    assert set(ended[status == "competing"]) == {"no_event"}
    assert set(ended[status == "censored"]) == {"lost"}
    report = study.asked("validate", "model").json
    rows = {row["measure"]: row for row in report["censoring"]}
    assert {row["censored"] for row in rows.values()} == {int(np.sum(ended == "lost"))}
    for row in rows.values():
        assert row["weighted"]["low"] < row["weighted"]["value"] < row["weighted"]["high"]
        assert row["weighted"]["value"] != row["complete"]
    # The others are as they were: rows without a label are in no other figure.
    assert report["n"] == study.asked("run", "show").json["split"]["slices"][-1]["rows"]


def test_rows_that_are_not_those_of_the_snapshot_are_refused(study, monkeypatch):
    def other(*asked, **more):
        table = follow_up(*asked, **more)
        return table.take(list(range(table.num_rows))[::-1])

    monkeypatch.setattr(following, "follow_up", other)
    with open_desk(study.home, at=parse_instant(AT)) as desk:
        project = open_project(study.project)
        with pytest.raises(IntegrityBroken) as refused:
            validating.validate_run(desk, project, training.latest_run(desk, project))
    assert refused.value.code == "cohort.follow_up"
