"""release.yaml: intended use and non-use must be said, and nothing beyond the schema may be."""

from __future__ import annotations

import pytest

from attending.errors import BadInput
from attending.release.checklist import gaps, pattern_for, remaining
from attending.specs.read_yaml import parse_spec
from attending.specs.release import ReleaseSpec, check_stage
from attending.times import DAY, HOUR, parse_instant
from tests.release.plans import PLAN


def plan(*changes: tuple[str, str]) -> ReleaseSpec:
    text = PLAN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse_spec(text.encode(), ReleaseSpec, name="release.yaml")


@pytest.mark.requirement("J5", "J6")
def test_intended_and_non_intended_use_are_said_or_the_plan_is_refused():
    spec = plan()
    assert spec.intended_use.decision_point == "discharge planning"
    assert spec.intended_use.user_roles == ("care coordinator",)
    assert spec.non_intended == ("children", "diagnosis")
    for old, new, field in (
        ("  population: adult inpatients going home\n", "", "intended_use.population"),
        ("  outcome: unplanned readmission within 30 days\n", "", "intended_use.outcome"),
        ("user_roles: [care coordinator]", "user_roles: []", "intended_use.user_roles"),
        ("non_intended: [children, diagnosis]", "non_intended: []", "non_intended"),
        ("non_intended: [children, diagnosis]\n", "", "non_intended"),
    ):
        with pytest.raises(BadInput) as refusal:
            plan((old, new))
        assert refusal.value.where.startswith("release.yaml:")
        assert field.split(".")[-1] in refusal.value.where


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{from_validation: true}", "{value: 0.3, from_validation: true}", "not both"),
        ("{from_validation: true}", "{}", "not both"),
        ("{from_validation: true}", "{value: 1.3}", "1.3"),
        ("above: 5, over", "over", "not both"),
        ("kind: score, score: lace", "kind: score", "'score'"),
        ("kind: score, score: lace, threshold: 10", "kind: score, score: lace", "threshold"),
        ("kind: score", "kind: none", "'score'"),
        ("stage: silent", "stage: live", "silent, limited, live"),
        ("min_age: 18", "min_age: 18, max_age: 17", "max_age"),
        ("risk_level: medium", "risk_level: some", "some"),
        ("action_window: 24h", "action_window: 24", "unit"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(old, new, says):
    with pytest.raises(BadInput) as refusal:
        plan((old, new))
    assert says in refusal.value.message


def test_gaps_name_unknown_owners_slow_delivery_and_high_risk_without_fallback():
    people = {"otto", "cleo", "nina", "carl"}
    assert gaps(plan(), people) == ()
    assert gaps(plan(), people - {"carl"}) == ("owners.incident: not an active person",)
    slow = gaps(plan(("action_window: 24h", "action_window: 2h")), people)
    assert slow == ("delivery.0: pattern 'batch' is too slow for an action window of 2h",)
    bare = plan(
        ("risk_level: medium", "risk_level: high"),
        ("{kind: score, score: lace, threshold: 10, ", "{kind: none, "),
    )
    assert gaps(bare, people) == ("fallback.kind: a high risk needs a fallback score",)
    assert pattern_for(12 * HOUR) == "batch"


def test_a_stage_runs_for_its_least_time():
    entered = parse_instant("2026-03-01T00:00:00Z")
    at = parse_instant("2026-03-21T00:00:00Z")
    assert remaining(plan(), "silent", entered=entered, at=at) == 10 * DAY
    assert remaining(plan(), "validated", entered=entered, at=at) == 0
    late = parse_instant("2026-05-21T00:00:00Z")
    assert remaining(plan(), "silent", entered=entered, at=late) == 0


def test_a_stage_that_is_not_one_is_named():
    with pytest.raises(BadInput) as refusal:
        check_stage("slient")
    assert refusal.value.hint == "Did you mean 'silent'?"


def test_the_digest_does_not_see_comments_or_order():
    moved = PLAN.replace("risk_level: medium\n", "") + "risk_level: medium # said later\n"
    assert parse_spec(moved.encode(), ReleaseSpec, name="r").digest == plan().digest
