"""Conditions of the gates that a model built elsewhere has not shown: whose job each is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attending.govern.gates import Fact
from attending.govern.roles import DOCUMENTS
from attending.lifecycle.calibrated_here import unshown
from attending.lifecycle.carried import failed_here
from attending.lifecycle.gating import OF_ANY_MODEL, drilled, vendors
from attending.lifecycle.ward_facts import NOT_REVIEWED
from attending.records.validation import ValidationReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.govern.policy import GateRule
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.adoption import AdoptedModel
    from attending.specs.release import Stage

_BUILDERS = "only those who built the model can show it"
#: What this hospital can do itself of what nobody has shown of an adopted model.
_TO_DO = {
    "data.access_reviewed": "the compliance officer has not looked at it here",
    "explanation.reviewed": "a clinician reads some explanations: `attending explain prediction`",
    "threshold.agreed": "the ward agrees on threshold and action before anybody acts on a score; "
    "both stand in release.yaml",
    "rollback.tested": "walk the way back once the model has entered: `attending release drill`",
    "vendors.checked": "write where the scores come from, with the agreed regions, into a "
    "contract.yaml beside adopt.yaml",
    "calibration.here": "ask gates of calibration in a validation.yaml beside adopt.yaml",
    "silent.gates": "judge the scores of the silent period by themselves: `attending validate "
    "predictions`",
    "policy.tried": "made-up years need the rows of a fit, which are not here; look at what the "
    "monitors found after a month, and change monitoring.yaml where they alarm too often",
    "safety.argued": "write down the hazards and what holds them, and have a clinical lead sign it",
    "downtime.ready": "give the wards a procedure for hours without a score, and try it once",
    "workflow.confirmed": "a nurse leader watches the score in use and confirms task and steps",
    "time.availability_recorded": "the file of scores does not say when inputs were known; ask "
    "those who write it",
}
_REVIEW = "`attending release drill` reviews persons and ledger, once the model has entered"


def fact_of(desk: Desk, project: Project, model: AdoptedModel, *, name: str) -> Fact:
    """Return how one fact of a gate stands for a model that was built elsewhere."""
    if name == "card.complete":
        return Fact("met")
    if name in OF_ANY_MODEL:
        fact = OF_ANY_MODEL[name](desk, project, model)
        return replace(fact, note=_REVIEW) if fact.note == NOT_REVIEWED else fact
    found = _shown_here(desk, project, model, name=name)
    if name == "explanation.reviewed" and model.file is None:
        return Fact("not_shown", note="scores alone cannot be explained; bring the model's file")
    return found or Fact("not_shown", note=_TO_DO.get(name, _BUILDERS))


def _shown_here(desk: Desk, project: Project, model: AdoptedModel, *, name: str) -> Fact | None:
    """Return what this hospital has shown itself, None where it has not."""
    if name == "rollback.tested":
        found = drilled(desk, project, model)
        return found if found.status == "met" else None
    if name == "vendors.checked" and project.folder.path("contract").is_file():
        return vendors(desk, project, model)
    return _calibrated(desk, model) if name == "calibration.here" else None


def _calibrated(desk: Desk, model: AdoptedModel) -> Fact | None:
    """Return whether the scores that came of patients here meet the gates of calibration."""
    report = desk.home.catalog.latest(ValidationReport, run=model.digest)
    if report is None:
        return None
    if failed := failed_here(report):
        return Fact("failed", report.digest, f"failed here: {', '.join(failed)}")
    return None if unshown(report) else Fact("met", report.digest)


def asked_of(rules: Mapping[Stage, GateRule]) -> dict[str, str]:
    """Return what each condition asks in words, by its name."""
    said = {one.name: one.asks for rule in rules.values() for one in rule.facts}
    for rule in rules.values():
        for one in rule.signatures:
            who = one.role.replace("_", " ")
            said[one.name] = f"the signature of the {who} on {DOCUMENTS[one.document]}"
    return said
