"""Checklists of a run: answered from the newest records, kept with a page, and signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.documents.checklist_page import checklist_document, crosswalk_document
from attending.govern.checklists import Said, answered, profile
from attending.lifecycle import dossiers
from attending.lifecycle.desk import keep
from attending.lifecycle.papers import keep_page
from attending.lifecycle.people import printed_names
from attending.records.card import ModelCard
from attending.records.checklist import Checklist
from attending.records.cohort import Cohort
from attending.records.contract import ContractReport, LeakReport
from attending.records.deployer import DeployerPaper
from attending.records.explanation import StabilityReport
from attending.records.governance import Agreement
from attending.records.notice import PatientNotice
from attending.records.silent import SilentReport
from attending.records.validation import ValidationReport
from attending.specs.base import dump
from attending.specs.checklist import PROFILES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.base import Record
    from attending.records.run import Run
    from attending.specs.base import Spec

_PAPERS = ("hazard_log", "safety_case", "downtime")


def write_checklist(desk: Desk, project: Project, run: Run, *, name: str) -> Checklist:
    """Return a checklist as the records and card.yaml answer it now, kept, and its document.

    Raises:
        BadInput: no such checklist.
    """
    made = _answered(desk, project, run, name=name)
    keep(
        desk,
        made,
        action="checklist.write",
        keys={"model": run.model, "run": run.digest, "profile": name},
        details={"profile": name, "missing": len(made.missing)},
    )
    keep_page(desk, checklist_document(made), of=made.digest, title=made.title)
    return made


def write_crosswalk(desk: Desk, project: Project, run: Run) -> tuple[tuple[Checklist, ...], bytes]:
    """Return every checklist that the project names, and one page by evidence; nothing is kept.

    A project that names none is shown all of them.
    """
    names = project.card_words.profiles or PROFILES
    made = tuple(_answered(desk, project, run, name=name) for name in names)
    return made, crosswalk_document(made)


def _answered(desk: Desk, project: Project, run: Run, *, name: str) -> Checklist:
    asked, words = profile(name), project.card_words
    card = words.digest if words.words or words.not_available else ""
    items = answered(asked, _said(desk, project, run), words, card=card)
    stands = dossiers.deployment_of(desk, run)
    return Checklist(
        profile=name,
        title=asked.title,
        spec=asked.digest,
        model=run.model,
        version=stands.version if stands else "not yet numbered",
        run=run.digest,
        synthetic=desk.home.synthetic,
        items=items,
        missing=tuple(f"{one.id} ({one.source})" for one in items if one.status == "missing"),
    )


def _said(desk: Desk, project: Project, run: Run) -> dict[str, Said]:
    """Return by kind what the newest records of the run and the specs say."""
    catalog = desk.home.catalog
    silent = catalog.latest(SilentReport, run=run.digest)
    records: dict[str, Record | None] = {
        "run": run,
        "card": catalog.latest(ModelCard, run=run.digest),
        "agreement": catalog.get(run.agreement, Agreement) if run.agreement else None,
        "cohort": catalog.get(run.cohort, Cohort),
        "validation": catalog.latest(ValidationReport, run=run.digest),
        "stability": catalog.latest(StabilityReport, run=run.digest),
        "notice": catalog.latest(PatientNotice, run=run.digest),
        "leaks": catalog.latest(LeakReport, cohort=run.cohort, features=run.feature_set),
        "contract_report": catalog.latest(ContractReport, snapshot=run.snapshot),
        "silent_report": silent,
        "silent_validation": catalog.get(silent.validation, ValidationReport) if silent else None,
        "deployment": dossiers.deployment_of(desk, run),
        **{one: catalog.latest(DeployerPaper, model=run.model, paper=one) for one in _PAPERS},
    }
    names = printed_names(desk)
    return {
        **{
            name: Said(_by_names(_whole(one, one.content()), names), one.digest)
            for name, one in records.items()
            if one is not None
        },
        **{
            name: Said(_by_names(_whole(one, dump(one)), names), one.digest)
            for name, one in _specs(project).items()
        },
    }


def _by_names(says: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return what a record or spec says, its persons by their names."""
    persons: dict[str, Any] = {
        name: [names.get(one, one) for one in says[name]]
        for name in ("authors", "signers")
        if name in says
    }
    if "safety_officer" in says:
        persons["safety_officer"] = names.get(says["safety_officer"], says["safety_officer"])
    return {**says, **persons}


def _whole(model: Record | Spec, says: dict[str, Any]) -> dict[str, Any]:
    """Return what a record or spec says, with the plain defaults that it leaves unsaid."""
    unsaid = {name: getattr(model, name) for name in type(model).model_fields if name not in says}
    plain = {name: one for name, one in unsaid.items() if isinstance(one, (str, int, float))}
    return {**plain, **says}


def _specs(project: Project) -> dict[str, Spec]:
    """Return by kind the specs that checklists look into; those without a file are not there."""
    found: dict[str, Spec] = {
        "contract": project.contract,
        "model": project.model,
        "plan": project.validation,
    }
    if project.folder.path("release").is_file():
        found["release"] = project.release
    if project.folder.path("monitoring").is_file():
        found["monitoring"] = project.monitoring
    if project.folder.path("deployer").is_file():
        found["deployer"] = project.deployer
    return found
