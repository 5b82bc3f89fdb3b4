"""Rollback criteria: what is breached, what holds, and what nobody can tell yet."""

from __future__ import annotations

import numpy as np
import pytest

from attending.release.checklist import gaps
from attending.release.criteria import MEASURES, Window, judge
from attending.specs.release import RollbackCriterion
from tests.serve.ward import release


def asked(measure, **bound):
    return RollbackCriterion(measure=measure, over="7d", **(bound or {"above": 0.4}))


@pytest.mark.parametrize(
    ("criterion", "found", "state"),
    [
        (asked("alert_rate"), Window(scored=200, alerted=81), "breached"),
        (asked("alert_rate"), Window(scored=200, alerted=80), "holds"),
        (asked("alert_rate"), Window(scored=99, alerted=99), "not_shown"),
        (asked("alert_rate", below=0.05), Window(scored=200, alerted=2), "breached"),
        (asked("unscored_rate"), Window(scored=20, unscored=80), "breached"),
        (asked("confusion_rate"), Window(answered=40, confused=30), "breached"),
        (asked("confusion_rate"), Window(answered=29, confused=29), "not_shown"),
        (asked("drift_findings"), Window(drifted=1), "breached"),
        (asked("drift_findings"), Window(drifted=0), "holds"),
        (asked("drift_findings"), Window(), "not_shown"),
        (asked("unscored_rate"), Window(scored=0, unscored=49), "not_shown"),
        (asked("override_rate", above=0.8), Window(answered=30, overridden=29), "breached"),
        (asked("override_rate", above=0.8), Window(answered=29, overridden=29), "not_shown"),
        (
            asked("latency_p99_seconds", above=50),
            Window(latency_seconds=np.full(100, 60.0)),
            "breached",
        ),
        (
            asked("latency_p99_seconds", above=50),
            Window(latency_seconds=np.full(99, 60.0)),
            "not_shown",
        ),
        (
            asked("oe", above=1.5),
            Window(risk=np.full(200, 0.1), label=np.repeat([1.0, 0.0], [40, 160])),
            "breached",
        ),
        (
            asked("oe", above=1.5),
            Window(risk=np.full(200, 0.01), label=np.ones(200)),
            "not_shown",
        ),
    ],
)
def test_each_measure_is_held_against_its_bound_and_too_little_shows_nothing(
    criterion, found, state
):
    judged = judge(criterion, found)
    assert judged.state == state
    assert (judged.value is None) == (state == "not_shown")
    assert criterion.measure in judged.words


def test_a_plan_that_names_what_nobody_measures_has_a_gap():
    persons = {"t", "c", "o", "i"}
    for measure in MEASURES:
        plan = release(rollback_criteria=({"measure": measure, "above": 1, "over": "7d"},))
        assert not [one for one in gaps(plan, persons) if one.startswith("rollback_criteria")]
    plan = release(rollback_criteria=({"measure": "mood", "above": 1, "over": "7d"},))
    assert any("'mood' is not measured" in one for one in gaps(plan, persons))
