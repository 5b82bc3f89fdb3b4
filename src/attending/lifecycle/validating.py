"""Validation of a run against its clinical baselines, and the papers that say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.documents.card_assembly import CardSources, assemble_card
from attending.documents.model_card import card_document
from attending.documents.sentences import assumed_sentence, exception_sentence
from attending.documents.validation_report import REPORTS, validation_report
from attending.lifecycle import agreeing, policies
from attending.lifecycle.carried import carried_of, snapshot_of
from attending.lifecycle.desk import keep
from attending.lifecycle.following import with_follow_up
from attending.lifecycle.number_validating import number_report
from attending.lifecycle.papers import keep_page
from attending.lifecycle.people import printed_names
from attending.lifecycle.training import refit
from attending.lifecycle.validation_rows import (
    Judged,
    calendar_of,
    data_of,
    labelled_of,
    outcomes_of,
    prior_name,
    prior_of,
)
from attending.records.cohort import Cohort
from attending.records.explanation import StabilityReport
from attending.records.run import Run
from attending.records.validation import ModelRef, ValidationReport
from attending.train.fit_numbers import TrainedNumbers
from attending.validate.folds import cross_validated
from attending.validate.model import validate

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.lifecycle.training import Fitted
    from attending.records.card import ModelCard
    from attending.records.snapshot import Snapshot
    from attending.train.fit import Trained
    from attending.types import Outcomes
    from attending.validate.data import ValidationData

SMALL_SET = 1000


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
    about = ModelRef(
        name=run.model,
        run=run.digest,
        snapshot=run.snapshot,
        cohort=run.cohort,
        notes=notes_of(found.cohort.source.snapshot, found.cohort.record.subjects, run),
    )
    trained = found.trained
    if isinstance(trained, TrainedNumbers):
        calendar = calendar_of(found.cohort.source.snapshot)
        report = number_report(
            desk, project, found, trained=trained, calendar=calendar, about=about
        )
    else:
        report = _risk_report(desk, project, found, trained=trained, about=about)
    keep(
        desk,
        report,
        action="validate.model",
        keys={"model": run.model, "run": run.digest},
        details={"gates_met": report.gates_met, "predictions": report.n},
    )
    write_report(desk, project, report)
    return report


def _risk_report(
    desk: Desk, project: Project, found: Fitted, *, trained: Trained, about: ModelRef
) -> ValidationReport:
    """Return the report of a run whose outcome is yes or no."""
    cohort, parts, run = found.cohort, found.split, found.run
    everyone = np.arange(cohort.table.num_rows)
    rest = np.flatnonzero(np.isin(everyone, parts.test, invert=True))
    names = list(trained.bundles)
    judged = Judged(
        cohort=cohort,
        test=parts.test,
        train=rest[labelled_of(cohort.table)[rest]],
        fitted=np.concatenate([parts.train, parts.tuning, parts.calibration]),
        risk=trained.test_risks[names[0]],
        features=found.features.table,
        risk_of=trained.chosen.risk,
        others={name: trained.test_risks[name] for name in names[1:]},
    )
    data = with_follow_up(
        desk,
        project,
        data_of(desk, project, run, judged=judged),
        judged=judged,
        since=run.split.cut,
        apart=run.split.patient_overlap == "drop_from_test",
    )
    about = about.model_copy(update={"notes": (*about.notes, *prior_notes(desk, run, data))})
    report = validate(project.validation, data, about=about)
    report = _with_folds(report, found, trained=trained, outcome=outcomes_of(cohort.table))
    if data.prior:
        report = report.model_copy(update={"prior": prior_digest(desk, run)})
    return report


def _with_folds(
    report: ValidationReport, found: Fitted, *, trained: Trained, outcome: Outcomes
) -> ValidationReport:
    """Return the report with what out-of-fold predictions show, when folds were asked for."""
    if trained.out_of_fold is None or found.split.fold is None:
        return report
    risk = next(iter(trained.out_of_fold.values()))
    known = ~np.isnan(risk)
    folds = cross_validated(
        outcome[known],
        risk[known],
        fold=[str(number) for number in found.split.fold[known]],
        smallest=report.suppress_counts_up_to,
    )
    return report.model_copy(update={"cross_validation": folds})


def prior_digest(desk: Desk, run: Run) -> str:
    """Return the digest of the run of the version before; empty without one."""
    prior = prior_of(desk, run)
    return prior.digest if prior else ""


def prior_notes(desk: Desk, run: Run, data: ValidationData) -> tuple[str, ...]:
    """Return why the version before is not beside the model, where there is one."""
    prior = prior_of(desk, run)
    if prior is None or data.prior:
        return ()
    name = prior_name(desk, prior)
    return (f"{name}, the version before, takes other features and was not scored on these rows.",)


def notes_of(snapshot: Snapshot, subjects: int, run: Run) -> tuple[str, ...]:
    """Return what every reader of a report must know of its data."""
    notes = []
    if subjects < SMALL_SET and run.outcome_type != "count":
        notes.append(f"For correctness, not performance: {subjects} patients.")
    if not snapshot.real_clock:
        notes.append(
            "The source has no real calendar, so the gate before validated stays closed for good: "
            "this model can be trained and compared, never more."
        )
    size = run.sample_size
    if size is not None and size.rows < size.needed:
        notes.append(
            f"Fitted on {size.rows:,} rows, where {size.needed:,} are asked for: too few, so what "
            "it says may be too extreme."
        )
    if snapshot.assumed_tables:
        notes.append(assumed_sentence(snapshot.assumed_tables))
    if run.exceptions:
        many = "s" if len(run.exceptions) > 1 else ""
        notes.append(f"This run stands under {len(run.exceptions)} signed exception{many}.")
    return tuple(notes)


def write_report(desk: Desk, project: Project, report: ValidationReport) -> str:
    """Return the digest of the report's document, made from its record and kept."""
    catalog = desk.home.catalog
    run = catalog.get(report.model.run, Run)
    asks = policies.all_asks(desk)  # a number's project has no release plan
    page = validation_report(
        report,
        catalog.get(report.model.cohort or run.cohort, Cohort),
        run,
        synthetic=desk.home.synthetic,
        exceptions=[
            exception_sentence(held, printed_names(desk), asks=asks)
            for held in agreeing.exceptions_under(desk, project, run)
        ],
    )
    return keep_page(desk, page, of=report.digest, title=REPORTS[report.period])


def _version_of(desk: Desk, run: Run) -> str:
    """Return the version that a run was given, or that it has none yet."""
    of = [one.version for one in desk.home.deployments.history(run.model) if one.run == run.digest]
    return next((version for version in reversed(of) if version), "not yet numbered")


def build_card(desk: Desk, project: Project, run: Run, *, version: str = "") -> ModelCard:
    """Return the model card of a run, kept, and its readable document.

    Args:
        desk: where and when.
        project: its specs as they stand.
        run: whose card it is.
        version: as the card names it; by default the one that the run was given.
    """
    catalog = desk.home.catalog
    moved = project.model.recalibration if run.model_spec == project.model.digest else None
    card = assemble_card(
        CardSources(
            run=run,
            release=project.release,
            report=catalog.latest(ValidationReport, run=run.digest),
            cohort=None if carried_of(desk, run.digest) else catalog.get(run.cohort, Cohort),
            cohort_spec=project.cohort,
            features=project.features,
            monitoring=project.monitoring,
            stability=catalog.latest(StabilityReport, run=run.digest),
            exceptions=agreeing.exceptions_under(desk, project, run),
            assumed=snapshot_of(desk, run).assumed_tables,
            real_dates=snapshot_of(desk, run).real_clock,
            names=printed_names(desk),
            asks=policies.asks(desk, project.release.risk_level),
            moved=moved,
            carried=moved is not None and carried_of(desk, moved.of) is not None,
        ),
        version=version or _version_of(desk, run),
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
