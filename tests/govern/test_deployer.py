"""The papers of who deploys: ratings, what is missing, and what stops a safety case."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from attending.govern.deployer import Told, draw, rating
from attending.records.decisions import ThresholdDecision
from attending.records.deployer import PaperName, PaperSection
from attending.specs.base import dump
from attending.specs.deployer import DeployerSpec
from attending.specs.monitoring import MonitoringSpec
from attending.specs.read_yaml import read_spec
from attending.specs.release import ReleaseSpec

PLACE = Path(__file__).parents[2] / "examples" / "readmission-synthetic"
SPEC = read_spec(PLACE / "deployer.yaml", DeployerSpec)
NAMES = ("validation", "parity", "rollback_drill", "monitor_reference", "threshold")
TOLD = {
    "release": read_spec(PLACE / "release.yaml", ReleaseSpec),
    "monitoring": read_spec(PLACE / "monitoring.yaml", MonitoringSpec),
    "evidence": dict.fromkeys(NAMES, "a" * 64),
    "persons": frozenset({"clara"}),
}


def missing(paper, *, told=None, **changed):
    spec = DeployerSpec.model_validate({**dump(SPEC), **changed})
    return draw(spec, Told(**{**TOLD, **(told or {})}))[paper].missing


def hazard(**changed):
    first, *others = dump(SPEC)["hazards"]
    return [{**first, **changed}, *others]


@pytest.mark.parametrize("paper", get_args(PaperName))
def test_the_papers_of_the_example_say_everything(paper):
    found = draw(SPEC, Told(**TOLD))[paper]
    assert found.missing == ()
    assert all(section.rows for section in found.sections)


def test_the_rating_rises_with_severity_and_with_likelihood():
    severities = ("minor", "significant", "considerable", "major", "catastrophic")
    likelihoods = ("very_low", "low", "medium", "high", "very_high")
    table = [[rating(s, p) for s in severities] for p in likelihoods]
    assert table[0] == [1, 1, 2, 2, 3]
    assert table[-1] == [3, 4, 4, 5, 5]
    assert all(row == sorted(row) for row in table)
    assert all(list(column) == sorted(column) for column in zip(*table, strict=True))


def test_a_hazard_that_is_left_too_high_or_not_shown_stops_the_safety_case():
    high = hazard(left_severity="major", left_likelihood="high")
    (said,) = missing("safety_case", hazards=high)
    assert "is left at 4, which must be reduced" in said
    assert missing("hazard_log", hazards=high) == ()  # the log tells it; the case may not argue it
    fewer = dict.fromkeys((one for one in NAMES if one != "parity"), "a" * 64)
    (said,) = missing("hazard_log", told={"evidence": fewer})
    assert said.endswith("no parity shows its controls")
    assert said in missing("safety_case", told={"evidence": fewer})
    (said,) = missing("hazard_log", safety_officer="nobody")
    assert said == "the safety officer of deployer.yaml is no person here"


@pytest.mark.parametrize("words", ["", "TBD", "N/A", "[to be written]", "..."])
def test_a_field_that_says_nothing_is_missing_in_its_paper_alone(words):
    down = {**dump(SPEC)["downtime"], "decide": words}
    assert missing("downtime", downtime=down) == ("downtime.decide is not written",)
    assert missing("raci", downtime=down) == ()


def test_words_of_the_template_are_missing_where_patients_are_cared_for():
    template = {"template": dump(SPEC)}
    assert "downtime.decide is not written" in missing("downtime", told=template)
    own = {**dump(SPEC)["downtime"], "decide": "The nurse in charge decides by the paper form."}
    assert "downtime.decide is not written" not in missing("downtime", told=template, downtime=own)


def test_each_activity_has_somebody_and_hours_hold_the_reviews():
    fewer = [one for one in dump(SPEC)["raci"] if one["activity"] != "alerts"]
    assert missing("raci", raci=fewer) == ("nobody is responsible for alerts",)
    few = [{"role": "operator", "does": "Everything that there is", "hours_a_month": 1}]
    (said,) = missing("hours", hours=few)
    assert said.startswith("the reviews alone take 5.7 hours a month")
    with pytest.raises(ValidationError, match="one name"):
        DeployerSpec.model_validate({**dump(SPEC), "raci": [fewer[0], fewer[0]]})


def test_clicks_are_counted_against_the_release_plan():
    work = dump(SPEC)["workflow"]
    longer = {**work, "steps": [*work["steps"], {"does": "Write the note", "clicks": 3}]}
    (said,) = missing("workflow", workflow=longer)
    assert said == ("5 clicks were counted from alert to action, and the release plan says 2")


def by_question(section: PaperSection) -> dict[str, str]:
    """Return the last answer to each question of a guide."""
    return {row[0]: row[1] for row in section.rows}


def decided(**changed):
    said = {
        "model": "readmission-30d", "run": "r", "threshold": 0.25, "action": "A call is made",
        "responder": "care coordinator", "within": "3 days", "escalation": "The nurse calls",
        "ppv": 0.31, "sensitivity": 0.624,
    }  # fmt: skip
    return ThresholdDecision.model_validate({**said, **changed})


@pytest.mark.requirement("G16")
def test_each_role_gets_a_guide_of_what_specs_and_decisions_say():
    told = Told(**TOLD, thresholds=(decided(),))
    guides = {one.title: by_question(one) for one in draw(SPEC, told)["role_guide"].sections}
    nurse, coordinator = guides["For the discharge nurse"], guides["For the care coordinator"]
    assert (nurse["Then"], nurse["Your part"]) == (
        "Start the call from the task",
        "responsible for downtime",
    )
    assert nurse["When it asks for an act"] == "From a risk of 25 % on"
    assert nurse["What is done then, and by whom"].endswith("(care coordinator, within 3 days)")
    assert nurse["How often it is right"].startswith("About 31 of 100 flagged patients have it; ")
    assert nurse["When there is no score"] == SPEC.downtime.decide
    assert coordinator["Your part"] == "consulted about training"
    # Another threshold is another sentence, and a place's own is told with its name.
    there = decided(threshold=0.4, place="CITY", ppv=None)
    first = draw(SPEC, Told(**TOLD, thresholds=(there,)))["role_guide"].sections[0]
    rows = by_question(first)
    assert rows["When it asks for an act (CITY)"] == "From a risk of 40 % on"
    assert not any("right" in one for one in rows)
    # Refused: a role that reads the score and stands nowhere among the duties.
    others = [one for one in dump(SPEC)["raci"] if "discharge nurse" not in one.values()]
    said = missing("role_guide", raci=others)
    assert said == ("the duties (raci) do not name the discharge nurse",)
