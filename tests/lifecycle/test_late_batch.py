"""A batch that was made after the plan's action window is a fault, and its alerts reach nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from attending.errors import Refused
from attending.lifecycle import delivering, due, due_jobs, scoring, watching
from attending.times import to_micros
from tests.lifecycle.ward import SECOND, enter, make_ward

WHOLE = timedelta(days=13)


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A live version that has not scored the last days yet, when its batch ought to have run."""
    made = make_ward(tmp_path_factory.mktemp("late"))
    desk = made.desk
    scoring.score(desk, made.project, until=SECOND - WHOLE)
    scoring.join_outcomes(desk, made.project)
    watching.monitor(desk, made.project)
    watching.give_verdict(desk, made.project)
    plan = made.project.release.digest
    limited = enter(desk, made.run, stage="limited", plan=plan, previous=made.entered)
    enter(desk, made.run, stage="live", plan=plan, previous=limited)
    yield made
    desk.home.close()


@pytest.mark.requirement("G3")
def test_what_a_late_batch_flags_is_listed_as_late_sent_to_nobody_and_ends_with_exit_3(
    ward, monkeypatch
):
    monkeypatch.setattr(due_jobs, "VERSION_JOBS", ())
    batch = scoring.score(ward.desk, ward.project, since=SECOND - WHOLE)
    window = timedelta(microseconds=ward.project.release.action_window)
    flagged = [one for one in batch.table.to_pylist() if one["flagged"] and one["kind"] == "live"]
    made = [one["prediction_time"] for one in flagged]
    limit = (SECOND - window).replace(tzinfo=None)
    late = sum(at < limit for at in made)
    assert late
    found = due.run_due(ward.desk, [ward.project])
    (failed,) = found.failed
    assert (failed.job, failed.code, failed.exit_code) == ("deliver", "delivery.late", 3)
    with pytest.raises(Refused, match="after the plan's action window"):
        due.require_done(found)
    states = [alert.state for alert in delivering.alerts(ward.desk, ward.run.model)]
    assert states.count("late") == late
    channels = ward.desk.home.deliveries.standing().values()
    assert all(set(one) == {"worklist"} for one in channels if one["worklist"][0].state == "late")
    rows = delivering.worklist(ward.desk, ward.run.model)
    assert sum(row["state"] == "late" for row in rows) == late
    # The control: what the same batch flagged within the window is no fault.
    in_time = [a for a in delivering.alerts(ward.desk, ward.run.model) if a.state != "late"]
    assert len(in_time) == len(flagged) - late
    assert all(
        to_micros(SECOND) - alert.made <= ward.project.release.action_window for alert in in_time
    )
    # Told once: the next run has nothing more to say of it.
    assert not due.run_due(
        replace(ward.desk, at=SECOND + timedelta(minutes=5)), [ward.project]
    ).failed
