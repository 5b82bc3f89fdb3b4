"""The other models of the tour: each from its example to where the tour leaves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.cli.story import Teller
from attending.lifecycle import (
    agreeing,
    checking,
    cohorts,
    deciding,
    examples,
    featuring,
    gating,
    parity,
    references,
    releasing,
    replaying,
    signing,
    steadying,
    training,
    validating,
)
from attending.lifecycle.projects import open_project
from attending.lifecycle.provenance import commit_project
from attending.times import format_instant

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment
    from attending.types import Instant

#: Where in the home the project of each stands.
PROJECTS = {"mortality": "project-mortality", "ed-return": "project-ed-return"}


@dataclass(frozen=True)
class _Signed:
    """One signature that is asked for: of what, by whom, and what they say."""

    document: str
    kind: str
    person: str
    role: str
    meaning: str
    says: str


def prepare(home: Path, name: str, *, at: Instant) -> Project:
    """Return the project of a model, copied from its example into the home and committed."""
    folder = examples.copy_example(f"{name}-synthetic", home / PROJECTS[name])
    commit_project(folder, at=format_instant(at), author="Dana Reyes")
    return open_project(folder)


def to_trained(teller: Teller) -> Deployment:
    """Return where a model stands after its fit, its report and the review of its lineage."""
    project = teller.project
    source = cohorts.project_snapshot(teller.desk, project)
    checking.check_contract(teller.by("erik"), project, source)
    cohort = cohorts.build_cohort(teller.by("dana"), project)
    features = featuring.build_features(teller.by("dana"), project, cohort)
    parity.check_parity(teller.by("erik"), project, features)
    checking.check_leaks(teller.by("dana"), project, cohort)
    agreement = agreeing.propose_agreement(teller.by("dana"), project, signers=["clara", "caro"])
    for person, role in (("clara", "clinical_lead"), ("caro", "compliance_officer")):
        says = "The plan is fair."
        _sign(teller, _Signed(agreement.digest, "agreement", person, role, "approval", says))
    fitted = training.fit_run(teller.by("dana"), project)
    replaying.replay(teller.by("erik"), project, fitted.digest)
    validating.validate_run(teller.by("dana"), project, fitted.run, fitted=fitted)
    steadying.check_stability(teller.by("dana"), project, fitted.run)
    access = signing.propose_specs(teller.by("dana"), project)["data_access"]
    caro, erik = ("caro", "compliance_officer", "approval"), ("erik", "data_engineer", "review")
    _sign(teller, _Signed(access, "data_access", *caro, "These data may be used for this."))
    _sign(teller, _Signed(fitted.digest, "run", *erik, "I repeated it and read its lineage."))
    return releasing.advance(teller.by("dana"), project, "trained")


def to_silent(teller: Teller) -> Deployment:
    """Return where a model stands after the clinical sign-off and the readiness review."""
    stands = to_trained(teller)
    project, run = teller.project, training.latest_run(teller.desk, teller.project)
    card = validating.build_card(teller.by("dana"), project, run, version=stands.version)
    plan = signing.propose_specs(teller.by("dana"), project)["release"]
    (threshold,) = deciding.decide_thresholds(teller.by("dana"), project, run)
    documents = gating.gather(teller.by("dana"), project, run, to_stage="validated").documents
    report, steady = documents["validation_report"], signing.newest_stability(teller.desk, run)
    clara, caro = ("clara", "clinical_lead"), ("caro", "compliance_officer")
    for signed in (
        _Signed(steady, "explanation", *clara, "approval", "The wording says what it is."),
        _Signed(threshold.digest, "threshold", *clara, "approval", "From 5 % on a senior looks."),
        _Signed(report, "validation_report", *clara, "approval", "Better than NEWS2 here."),
        _Signed(report, "validation_report", *caro, "review", "As agreed."),
        _Signed(card.digest, "card", *clara, "approval", "It says what it is for."),
    ):
        _sign(teller, signed)
    releasing.advance(teller.by("dana"), project, "validated")
    releasing.drill_rollback(teller.by("omar"), project, run)
    releasing.review_access(teller.by("caro"))
    references.make_reference(teller.by("omar"), project, run, version=stands.version)
    omar = ("omar", "operator", "responsibility")
    _sign(teller, _Signed(plan, "release", *omar, "I run it and can take it back."))
    _sign(teller, _Signed(plan, "release", *caro, "approval", "Use and owners are stated."))
    return releasing.advance(teller.by("omar"), project, "silent")


def _sign(teller: Teller, asked: _Signed) -> None:
    teller.sign(
        asked.document,
        asked.person,
        asked.role,
        meaning=asked.meaning,
        says=asked.says,
        kind=asked.kind,
    )
