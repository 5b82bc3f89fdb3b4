"""Training: every check first, then the fit, then the run record and its artifacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import NotFound, Refused
from attending.lifecycle import (
    agreeing,
    checking,
    policies,
    pretraining,
    recalibrating,
    reviewing,
    run_specs,
)
from attending.lifecycle.brought import brought_models
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import keep_in
from attending.lifecycle.featuring import built_features
from attending.lifecycle.provenance import code_digest, interpreter, machine, packages, unpinned
from attending.lifecycle.recalibrating import bundle_in, files_of
from attending.lifecycle.sizing import size_of
from attending.models.number_bundle import read_number_bundle
from attending.records.contract import ContractReport, LeakReport
from attending.records.run import Package, Run
from attending.release.advance import begin
from attending.specs.concepts import concepts_said
from attending.train.fit import fit
from attending.train.fit_numbers import fit_numbers
from attending.train.run_record import Materials, Provenance, artifacts, record
from attending.train.split import split

if TYPE_CHECKING:
    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.featuring import BuiltFeatures
    from attending.lifecycle.projects import Project
    from attending.lifecycle.recalibrating import Base
    from attending.models.bundle import Bundle
    from attending.models.number_bundle import NumberBundle
    from attending.train.fit import Trained
    from attending.train.fit_numbers import TrainedNumbers
    from attending.train.split import Split

SPLIT_CONDITION = "split.temporal"


@dataclass(frozen=True)
class Fitted:
    """A run, and everything that validation needs of it, still at hand."""

    run: Run
    digest: str
    cohort: BuiltCohort
    features: BuiltFeatures
    split: Split
    trained: Trained | TrainedNumbers


def fit_run(desk: Desk, project: Project) -> Fitted:
    """Return a new run of a project, kept, with its artifacts and its place at *prototype*."""
    fitted = checked_fit(desk, project)
    keep_run(desk, project, fitted)
    return fitted


def checked_fit(
    desk: Desk,
    project: Project,
    *,
    cohort: BuiltCohort | None = None,
    features: BuiltFeatures | None = None,
) -> Fitted:
    """Return a fit of a project after every check; nothing is kept of it.

    Args:
        desk: where and when.
        project: whose model is fitted.
        cohort: on which rows; those that were built from its specs when absent.
        features: what is known of them; those that were built from its specs when absent.

    Raises:
        Refused: the model's input has changed and the review is not signed, the contract is
            broken, a feature leaks, the split is not temporal and no signed exception covers it,
            or one feature tells the outcome almost by itself.
        NotFound: the cohort or the features were not built from the specs as they are.
    """
    cohort = cohort or built_cohort(desk, project)
    features = features or built_features(desk, project, cohort)
    reviewing.require_reviewed(desk, project, cohort.source)
    report = _contract_report(desk, project, cohort)
    checking.require_contract(report)
    checking.require_no_leaks(_leak_report(desk, project, cohort))
    pretraining.require_no_leak(desk, project, cohort, features=features)
    standing = standing_now(desk, project, contract_report=report.digest)
    if project.model.split.kind == "group_random":
        agreeing.require_exception(
            desk,
            project,
            standing.exceptions,
            condition=SPLIT_CONDITION,
            roles=policies.in_use(desk).exception_signers,
        )
    base = recalibrating.standing_base(desk, project)
    return fit_under(project, cohort, features=features, standing=standing, base=base)


def refit(desk: Desk, project: Project, digest: str) -> Fitted:
    """Return the run of a digest, its cohort, features and fit at hand again; nothing is kept.

    Raises:
        NotFound: no such run, or the specs are no longer those that it was made from.
    """
    run = desk.home.catalog.get(digest, Run)
    cohort = built_cohort(desk, project, run.cohort)
    features = built_features(desk, project, cohort)
    _require_same_specs(project, run)
    base = recalibrating.base_of(desk, project)
    return fit_under(project, cohort, features=features, standing=standing_of(run), base=base)


def split_again(project: Project, cohort: BuiltCohort, run: Run) -> Split:
    """Return the slices that a run was made on.

    Raises:
        NotFound: the specs are no longer those that it was made from.
    """
    _require_same_specs(project, run)
    return _split(project, cohort, standing=standing_of(run))


def _require_same_specs(project: Project, run: Run) -> None:
    if (run.model_spec, run.cohort_spec, run.feature_set) != (
        project.model.digest,
        project.cohort.digest,
        project.features.digest,
    ):
        raise NotFound(
            "the project no longer has the specs that this run was made from",
            code="run.other_specs",
            hint="Check out the commit that the run names, then try again.",
        )


def bundle_of(desk: Desk, run: Run) -> Bundle:
    """Return the model of a run, read from the artifacts that its record names.

    Raises:
        Refused: the run foretells a number or a count, not a risk.
    """
    if run.outcome_type != "yes_no":
        raise Refused(
            f"the run foretells a {run.outcome_type}, and this verb is about risks",
            code="model.outcome_type",
            hint="Numbers and counts go from cohort to report; they are not served or explained.",
        )
    return bundle_in(desk, run)


def number_bundle_of(desk: Desk, run: Run) -> NumberBundle:
    """Return the model of a run that foretells a number or a count, read as `bundle_of` reads.

    Raises:
        Refused: a file of another format.
        IntegrityBroken: a file is not the one that its bundle names, or a probe moved.
    """
    return read_number_bundle(files_of(desk, run))


def require_built_here(project: Project) -> None:
    """Refuse a model that was adopted: no run of it is here.

    Raises:
        Refused: it was built elsewhere, and comes in by another act.
    """
    if project.adopted:
        raise Refused(
            "this model was built elsewhere, so no run of it is here",
            code="adopt.no_run",
            hint="It comes in by `attending adopt` and `attending release enter`.",
        )


def latest_run(desk: Desk, project: Project, name: str = "") -> Run:
    """Return a run by the start of its digest, or the newest of a project.

    Raises:
        NotFound: there is none.
        Refused: the model was built elsewhere and was adopted.
    """
    require_built_here(project)
    if name:
        return desk.home.catalog.get(name, Run)
    run = desk.home.catalog.latest(Run, model=project.name)
    if run is None:
        raise NotFound(
            "there is no run yet", code="run.missing", hint="Run `attending train fit` first."
        )
    return run


def runs_of(desk: Desk, project: Project) -> tuple[Run, ...]:
    """Return all runs of a project, oldest first."""
    return desk.home.catalog.all(Run, model=project.name)


def _contract_report(desk: Desk, project: Project, cohort: BuiltCohort) -> ContractReport:
    found = [
        item
        for item in desk.home.catalog.all(ContractReport, snapshot=cohort.source.digest)
        if item.contract_digest == project.contract.digest
    ]
    return found[-1] if found else checking.check_contract(desk, project, cohort.source)


def _leak_report(desk: Desk, project: Project, cohort: BuiltCohort) -> LeakReport:
    found = desk.home.catalog.latest(
        LeakReport, cohort=cohort.digest, features=project.features.digest
    )
    return found or checking.check_leaks(desk, project, cohort)


@dataclass(frozen=True)
class Standing:
    """What a fit stands on beside its data: digests of reports and of what was signed."""

    contract_report: str | None
    agreement: str | None
    exceptions: tuple[str, ...]


def standing_now(desk: Desk, project: Project, *, contract_report: str | None) -> Standing:
    """Return what a fit of today stands on."""
    signed = agreeing.signed_exceptions(
        desk, project, SPLIT_CONDITION, roles=policies.in_use(desk).exception_signers
    )
    agreement = agreeing.standing_agreement(desk, project)
    if agreement is not None and not agreeing.fully_signed(desk, agreement):
        agreement = None
    return Standing(
        contract_report=contract_report,
        agreement=agreement.digest if agreement else None,
        exceptions=tuple(item.digest for item in signed),
    )


def standing_of(run: Run) -> Standing:
    """Return what a run stood on; it is repeated on the same."""
    return Standing(run.contract_report, run.agreement, run.exceptions)


def fit_under(
    project: Project,
    cohort: BuiltCohort,
    *,
    features: BuiltFeatures,
    standing: Standing,
    base: Base | None = None,
) -> Fitted:
    """Return a fit of a project's model on these rows, with its record; nothing is kept.

    Args:
        project: whose specs count.
        cohort: on which rows.
        features: what is known of them.
        standing: what the fit stands on beside its data.
        base: the earlier model that model.yaml recalibrates.

    Raises:
        Refused: the test of a recalibration holds rows that it was estimated on.
    """
    spec, parts = project.model, _split(project, cohort, standing=standing)
    if base is not None:
        base.require_later(cohort.table, parts.test)
    sample_size = size_of(project, cohort, parts)
    names, digest = project.features.names, project.features.digest
    trained: Trained | TrainedNumbers
    if spec.outcome_type == "yes_no":
        trained = fit(
            spec,
            cohort.table,
            features.table,
            split=parts,
            names=names,
            feature_set=digest,
            brought=brought_models(project),
            base=base.bundle if base else None,
            said=concepts_said(project.features),
        )
    else:
        trained = fit_numbers(
            spec, cohort.table, features.table, split=parts, names=names, feature_set=digest
        )
    run = record(
        spec,
        trained,
        split=parts,
        provenance=_provenance(project),
        materials=_materials(project, cohort, features=features, standing=standing),
        sample_size=sample_size,
    )
    return Fitted(run, run.digest, cohort, features, parts, trained)


def _split(project: Project, cohort: BuiltCohort, *, standing: Standing) -> Split:
    label = project.cohort.label
    return split(
        project.model,
        cohort.table,
        horizon_us=label.horizon or 0,
        delay_us=label.delay,
        exception=bool(standing.exceptions),
    )


def _materials(
    project: Project, cohort: BuiltCohort, *, features: BuiltFeatures, standing: Standing
) -> Materials:
    return Materials(
        snapshot=cohort.source.digest,
        contract_report=standing.contract_report,
        cohort=cohort.digest,
        cohort_spec=project.cohort.digest,
        feature_table=features.record.table_digest,
        agreement=standing.agreement,
        exceptions=standing.exceptions,
        label=cohort.record.label_digest,
        feature_version=project.features.version,
        specs=run_specs.spec_digests(project),
    )


def _provenance(project: Project) -> Provenance:
    state = project.state
    return Provenance(
        project_commit=state.commit or "",
        clean=state.clean,
        code_digest=code_digest(),
        interpreter=interpreter(),
        platform=machine(),
        packages=tuple(
            Package(name=name, version=version, hash=listing)
            for name, version, listing in packages()
        ),
        unpinned=unpinned(),
        notebook=project.notebook,
    )


def keep_run(desk: Desk, project: Project, fitted: Fitted) -> None:
    """Keep a run: its files first, then its record and its place, with the ledger, or neither."""
    files = artifacts(fitted.trained)
    run_specs.keep_specs(desk, project)
    for data in files.values():
        desk.home.artifacts.put(data)
    run = fitted.run
    place = begin(
        run.model,
        fitted.digest,
        artifacts={item.name: item.digest for item in run.artifacts},
        at=desk.at,
        by=desk.actor,
    )
    with desk.home.database.transaction() as unit:
        keep_in(
            desk,
            unit,
            run,
            action="run.fit",
            keys={"model": project.name, "snapshot": run.snapshot},
            details={"exploratory": run.exploratory, "agreement": run.agreement},
        )
        if not desk.home.deployments.catalog.list("deployment", run=fitted.digest):
            desk.home.deployments.enter(unit, place)
