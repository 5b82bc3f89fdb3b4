"""What a plan leaves unsaid means what it meant when its signers signed it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from attending.errors import BadInput, Refused
from attending.lifecycle import agreeing, gating, run_specs, signing, simulating
from attending.lifecycle.desk import create_home, keep
from attending.lifecycle.examples import copy_example
from attending.lifecycle.projects import open_project
from attending.records.base import from_content
from attending.records.governance import Agreement
from attending.times import parse_instant
from tests.documents import example_records

AT = parse_instant("2025-07-01T06:00:00Z")


@pytest.fixture
def house(tmp_path):
    """Return a home, a project whose plan does not say which inputs are weighed, and signatures."""
    desk = replace(create_home(tmp_path / "home", at=AT, seed=7), actor="dana")
    project = open_project(copy_example("readmission-synthetic", tmp_path / "project"))
    assert project.validation.explanations.weighed is None
    secrets = simulating.add_persons(desk)

    def sign(digest):
        signing.sign(
            replace(desk, actor="clara"), digest, person="clara", passphrase=secrets["clara"],
            role="clinical_lead", meaning="approval", statement="I agree to the plan.",
        )  # fmt: skip

    yield desk, project, sign
    desk.home.close()


def from_before(project):
    """Return the agreement as it was kept before every input was asked, byte for byte."""
    content = {
        "kind": "agreement",
        "model": project.name,
        "validation_spec": project.validation.digest,
        "cohort_spec": project.cohort.digest,
        "model_spec": project.model.digest,
        "authors": ["dana"],
        "signers": ["clara"],
    }
    agreement = from_content(Agreement, content)
    assert agreement.content() == content
    return agreement


def test_a_plan_that_is_agreed_now_asks_every_input_to_weigh_more_than_chance(house):
    desk, project, sign = house
    assert agreeing.explanations_as_agreed(desk, project).weighed is None  # nobody signed: all
    made = agreeing.propose_agreement(desk, project, signers=["clara"])
    assert made.content()["inputs_weighed"] == "all"
    sign(made.digest)
    assert agreeing.explanations_as_agreed(desk, project).weighed is None


def test_a_plan_that_was_signed_before_means_what_it_meant_until_it_is_agreed_again(house):
    desk, project, sign = house
    old = from_before(project)
    keep(desk, old, action="agreement.propose", keys={"model": project.name})
    # Not signed: nobody has read it otherwise than it is read today.
    assert agreeing.explanations_as_agreed(desk, project).weighed is None
    sign(old.digest)
    asked = agreeing.explanations_as_agreed(desk, project)
    assert (asked.weighed, asked.weighed_reason) == ("shown", agreeing.SIGNED_BEFORE)
    assert asked.model_copy(update={"weighed": None, "weighed_reason": ""}) == (
        project.validation.explanations
    )
    # Proposed again and not signed, the old signature still says how it is read.
    new = agreeing.propose_agreement(desk, project, signers=["clara"])
    assert agreeing.explanations_as_agreed(desk, project).weighed == "shown"
    sign(new.digest)
    assert agreeing.explanations_as_agreed(desk, project).weighed is None


def test_a_plan_that_says_which_inputs_are_weighed_keeps_a_digest_of_its_own(house):
    _, project, _ = house
    plan = project.validation.explanations
    assert {"weighed", "weighed_reason", "kept"}.isdisjoint(plan.model_dump(mode="json"))
    less = plan.model_copy(update={"weighed": "shown", "weighed_reason": "a trial asks for them"})
    assert less.model_dump(mode="json")["weighed"] == "shown"
    one, other = (
        project.validation.model_copy(update={"explanations": said}) for said in (plan, less)
    )
    assert one.digest == project.validation.digest != other.digest


@pytest.mark.parametrize(
    ("changes", "code", "hint"),
    [
        ({"condition": "split.tempral"}, "exception.condition", "'split.temporal'"),
        ({"condition": "time.zones_real"}, "exception.none", "split.temporal"),
        ({"condition": "leak.too_good:lacee"}, "exception.feature", "Did you mean|Known here"),
        ({"expires_at": AT}, "exception.expired", "in the past"),
        ({"expires_at": AT - timedelta(days=1)}, "exception.expired", "in the past"),
    ],
)
def test_an_exception_from_nothing_or_for_no_time_is_not_asked_for(house, changes, code, hint):
    desk, project, _ = house
    asked = {
        "condition": "split.temporal",
        "reason": "no calendar",
        "compensation": "five folds",
        "expires_at": AT + timedelta(days=1),
    }
    with pytest.raises((BadInput, Refused)) as refused:
        agreeing.propose_exception(desk, project, **(asked | changes))
    assert refused.value.code == code
    assert re.search(hint, refused.value.hint)
    assert agreeing.exceptions_of(desk, project) == ()  # nothing was kept
    agreeing.propose_exception(desk, project, **asked)
    feature = project.features.features[0].name
    agreeing.propose_exception(desk, project, **(asked | {"condition": f"leak.too_good:{feature}"}))
    assert len(agreeing.exceptions_of(desk, project)) == 2


def a_run(desk, project, *, of="f" * 64):
    """Return a run of the project as it stands on a cohort, kept."""
    run = example_records.run(model=project.name, specs=run_specs.spec_digests(project))
    told = {"cohort": of, "cohort_spec": project.cohort.digest, "contract_report": None}
    told |= {"model_spec": project.model.digest, "seed": len(desk.home.catalog.list("run"))}
    run = run.model_copy(update=told)
    keep(desk, run, action="run.fit", keys={"model": project.name, "snapshot": run.snapshot})
    return run


def a_validation(desk, project, run, *, plan=""):
    """Keep a validation of a run, by the plan of the project or by another."""
    report = example_records.report()
    about = report.model.model_copy(update={"run": run.digest, "cohort": run.cohort})
    report = report.model_copy(update={"model": about, "spec": plan or project.validation.digest})
    keys = {"model": project.name, "run": run.digest}
    keep(desk, report, action="validate.model", keys=keys)


def agreed(desk, project, run):
    """Return what the gate before trained says of the agreement."""
    fact = gating.gather(desk, project, run, to_stage="trained").facts["agreement.before_fit"]
    return fact.status, fact.note


def test_a_plan_that_is_agreed_after_its_results_were_seen_was_not_agreed_before(house):
    desk, project, sign = house
    seen = a_run(desk, project)
    a_validation(desk, project, seen)
    sign(agreeing.propose_agreement(desk, project, signers=["clara"]).digest)
    why = (
        "a run of these data under this plan was validated on 2025-07-01, before the plan was "
        "signed"
    )
    assert agreed(desk, project, a_run(desk, project)) == ("failed", why)
    # Control: data that nobody has judged by this plan were not seen.
    assert agreed(desk, project, a_run(desk, project, of="e" * 64)) == ("met", "")


def test_a_plan_that_was_agreed_stays_so_whatever_is_validated_and_signed_after(house):
    desk, project, sign = house
    # By another plan these results were never seen.
    a_validation(desk, project, a_run(desk, project), plan="d" * 64)
    sign(agreeing.propose_agreement(desk, project, signers=["clara"]).digest)
    first = a_run(desk, project)
    a_validation(desk, project, first)
    assert agreed(desk, project, a_run(desk, project)) == ("met", "")
    # Agreed again by more signers, and not signed by all: the first time stands for what was seen.
    wider = agreeing.propose_agreement(desk, project, signers=["clara", "erik"])
    sign(wider.digest)
    assert agreed(desk, project, a_run(desk, project))[0] == "missing"
    assert agreeing.seen_before_agreed(desk, project, first) == ""
