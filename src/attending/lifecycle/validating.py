"""Validation of a run against its clinical baselines, and the papers that say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from attending.documents.card_assembly import CardSources, assemble_card
from attending.documents.model_card import card_document
from attending.documents.sentences import assumed_sentence
from attending.documents.validation_report import validation_report
from attending.explain.stability import stability
from attending.lifecycle import agreeing
from attending.lifecycle.baselines import fair_baselines
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import keep
from attending.lifecycle.featuring import built_features
from attending.lifecycle.papers import keep_page
from attending.lifecycle.training import bundle_of, refit
from attending.records.cohort import Cohort
from attending.records.explanation import StabilityReport
from attending.records.run import Run
from attending.records.snapshot import Snapshot
from attending.records.validation import ModelRef, ValidationReport
from attending.validate.data import ValidationData
from attending.validate.folds import cross_validated
from attending.validate.model import validate

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.lifecycle.training import Fitted
    from attending.models.protocol import Matrix
    from attending.records.card import ModelCard
    from attending.types import Outcomes
    from attending.validate.data import Calendar

SMALL_SET = 1000
STABILITY_ROWS = 200


def validate_run(
    desk: Desk, project: Project, run: Run, *, fitted: Fitted | None = None
) -> ValidationReport:
    """Return the validation report of a run, kept, and its readable document.

    Args:
        desk: where and when.
        project: whose validation.yaml is asked.
        run: the run that is judged.
        fitted: the run's fit when it is still at hand; made again when not.
    """
    found = fitted or refit(desk, project, run.digest)
    cohort, test = found.cohort, found.split.test
    outcome = pc.fill_null(cohort.table["label"], 0).to_numpy().astype(np.int8)
    train = np.flatnonzero(np.isin(np.arange(len(outcome)), test, invert=True))
    labelled = cohort.table["label"].is_valid().to_numpy(zero_copy_only=False)
    rows = cohort.table.take(test)
    names = list(found.trained.bundles)
    data = ValidationData(
        outcome=outcome[test],
        risk=found.trained.test_risks[names[0]],
        cluster=rows["subject_id"].to_numpy(),
        baselines=fair_baselines(
            desk, project, cohort, train=train[labelled[train]], test=test, outcome=outcome
        ),
        others={name: found.trained.test_risks[name] for name in names[1:]},
        groups={
            name.removeprefix("group_"): rows[name].to_pylist()
            for name in rows.column_names
            if name.startswith("group_")
        },
        prediction_time=rows["prediction_time"].to_numpy(),
        site=rows["site"].to_pylist(),
        calendar=_calendar(cohort.source.snapshot),
    )
    about = ModelRef(
        name=run.model,
        run=run.digest,
        snapshot=run.snapshot,
        cohort=run.cohort,
        notes=_notes(cohort.source.snapshot, cohort.record.subjects, run),
    )
    report = _with_folds(validate(project.validation, data, about=about), found, outcome)
    keep(
        desk,
        report,
        action="validate.model",
        keys={"model": run.model, "run": run.digest},
        details={"gates_met": report.gates_met, "predictions": report.n},
    )
    write_report(desk, project, report)
    return report


def _with_folds(report: ValidationReport, found: Fitted, outcome: Outcomes) -> ValidationReport:
    """Return the report with what out-of-fold predictions show, when folds were asked for."""
    if found.trained.out_of_fold is None or found.split.fold is None:
        return report
    risk = next(iter(found.trained.out_of_fold.values()))
    known = ~np.isnan(risk)
    folds = cross_validated(
        outcome[known],
        risk[known],
        fold=[str(number) for number in found.split.fold[known]],
        smallest=report.suppress_counts_up_to,
    )
    return report.model_copy(update={"cross_validation": folds})


def _calendar(snapshot: Snapshot) -> Calendar:
    if snapshot.time_zone == "floating":
        return "floating"
    return "relative" if snapshot.time_zone == "relative" else "real"


def _notes(snapshot: Snapshot, subjects: int, run: Run) -> tuple[str, ...]:
    notes = []
    if subjects < SMALL_SET:
        notes.append(f"For correctness, not performance: {subjects} patients.")
    if not snapshot.real_clock:
        notes.append(
            "The source has no real calendar, so this model can never pass beyond validated."
        )
    if snapshot.assumed_tables:
        notes.append(assumed_sentence(snapshot.assumed_tables))
    if run.exceptions:
        notes.append(f"This run stands under {len(run.exceptions)} signed exception.")
    return tuple(notes)


def write_report(desk: Desk, project: Project, report: ValidationReport) -> str:
    """Return the digest of the report's document, made from its record and kept."""
    catalog = desk.home.catalog
    run = catalog.get(report.model.run, Run)
    page = validation_report(
        report,
        catalog.get(run.cohort, Cohort),
        run,
        synthetic=desk.home.synthetic,
        exceptions=[
            item for item in agreeing.exceptions_of(desk, project) if item.digest in run.exceptions
        ],
    )
    return keep_page(desk, page, of=report.digest, title="Validation report")


def check_stability(desk: Desk, project: Project, run: Run) -> StabilityReport:
    """Return how steady the run's explanations are, kept."""
    x = _rows(desk, project, run)
    step = max(1, len(x) // STABILITY_ROWS)
    report = stability(bundle_of(desk, run), x[::step][:STABILITY_ROWS], seed=run.seed)
    keep(
        desk,
        report,
        action="explain.stability",
        keys={"model": run.model, "run": run.digest},
        details={"steady": report.steady},
    )
    return report


def _rows(desk: Desk, project: Project, run: Run) -> Matrix:
    cohort = built_cohort(desk, project, run.cohort)
    table = built_features(desk, project, cohort).table
    columns = [table[name].to_numpy(zero_copy_only=False) for name in project.features.names]
    return np.column_stack(columns).astype(np.float64)


def build_card(desk: Desk, project: Project, run: Run, *, version: str = "") -> ModelCard:
    """Return the model card of a run, kept, and its readable document."""
    catalog = desk.home.catalog
    exceptions = agreeing.exceptions_of(desk, project)
    card = assemble_card(
        CardSources(
            run=run,
            release=project.release,
            report=catalog.latest(ValidationReport, run=run.digest),
            cohort=catalog.get(run.cohort, Cohort),
            cohort_spec=project.cohort,
            features=project.features,
            monitoring=project.monitoring,
            stability=catalog.latest(StabilityReport, run=run.digest),
            exceptions=tuple(item for item in exceptions if item.digest in run.exceptions),
            assumed=catalog.get(run.snapshot, Snapshot).assumed_tables,
        ),
        version=version or "not yet numbered",
        synthetic=desk.home.synthetic,
    )
    keep(
        desk,
        card,
        action="card.build",
        keys={"model": run.model, "run": run.digest},
        details={"missing": len(card.missing)},
    )
    keep_page(desk, card_document(card), of=card.digest, title="Model card")
    return card
