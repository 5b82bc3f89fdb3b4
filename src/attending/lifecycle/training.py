"""Training: every check first, then the fit, then the run record and its artifacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import IntegrityBroken, NotFound
from attending.lifecycle import agreeing, checking, policies, pretraining, reviewing
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import keep_in
from attending.lifecycle.featuring import built_features
from attending.lifecycle.provenance import code_digest, interpreter, machine, packages
from attending.models.bundle import read_bundle
from attending.records.contract import ContractReport, LeakReport
from attending.records.replay import Replay
from attending.records.run import Package, Run
from attending.release.advance import begin
from attending.statistics.sample_size import development_size
from attending.train.checks import check_sample_size
from attending.train.fit import fit
from attending.train.replay import compare, same_files, same_result
from attending.train.run_record import Materials, Provenance, artifacts, record
from attending.train.split import split

if TYPE_CHECKING:
    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.featuring import BuiltFeatures
    from attending.lifecycle.projects import Project
    from attending.models.bundle import Bundle
    from attending.records.run import SampleSize
    from attending.train.fit import Trained
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
    trained: Trained


def fit_run(desk: Desk, project: Project) -> Fitted:
    """Return a new run of a project, kept, with its artifacts and its place at *prototype*.

    Raises:
        Refused: the model's input has changed and the review is not signed, the contract is
            broken, a feature leaks, the split is not temporal and no signed exception covers it,
            or one feature tells the outcome almost by itself.
        NotFound: the cohort or the features were not built from the specs as they are.
    """
    cohort = built_cohort(desk, project)
    features = built_features(desk, project, cohort)
    reviewing.require_reviewed(desk, project, cohort.source)
    report = _contract_report(desk, project, cohort)
    checking.require_contract(report)
    checking.require_no_leaks(_leak_report(desk, project, cohort))
    pretraining.require_no_leak(desk, project, cohort, features=features)
    fitted = _fit(desk, project, cohort, features=features, contract_report=report.digest)
    _keep(desk, project, fitted)
    return fitted


def refit(desk: Desk, project: Project, digest: str) -> Fitted:
    """Return the run of a digest, its cohort, features and fit at hand again; nothing is kept.

    Raises:
        NotFound: no such run, or the specs are no longer those that it was made from.
    """
    run = desk.home.catalog.get(digest, Run)
    cohort = built_cohort(desk, project, run.cohort)
    features = built_features(desk, project, cohort)
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
    return _fit(desk, project, cohort, features=features, contract_report=run.contract_report)


def replay(desk: Desk, project: Project, digest: str) -> Replay:
    """Return what repeating a run gave, kept: the same files byte for byte, or what differs."""
    was = desk.home.catalog.get(digest, Run)
    now = refit(desk, project, digest).run
    found = Replay(
        run=was.digest,
        same_files=same_files(was, now),
        same_result=same_result(was, now),
        differences=tuple(item.field for item in compare(was, now)),
    )
    with desk.home.database.transaction() as unit:
        keep_in(
            desk,
            unit,
            found,
            action="run.replay",
            keys={"model": project.name, "run": was.digest},
            details={"same": found.same_result},
        )
    return found


def bundle_of(desk: Desk, run: Run) -> Bundle:
    """Return the model of a run, read from the artifacts that its record names."""
    files = {
        item.name: desk.home.artifacts.read(item.digest)
        for item in run.artifacts
        if "/" not in item.name
    }
    return read_bundle(files)


def latest_run(desk: Desk, project: Project, name: str = "") -> Run:
    """Return a run by the start of its digest, or the newest of a project.

    Raises:
        NotFound: there is none.
    """
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


def require_same(found: Replay) -> None:
    """Refuse a replay that gave something else.

    Raises:
        IntegrityBroken: naming the fields that differ.
    """
    if not found.same_result:
        raise IntegrityBroken(
            f"the run does not repeat: {', '.join(found.differences[:8])}",
            code="run.differs",
            hint="Compare code, packages and data; the run cannot be promoted.",
        )


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


def _fit(
    desk: Desk,
    project: Project,
    cohort: BuiltCohort,
    *,
    features: BuiltFeatures,
    contract_report: str | None,
) -> Fitted:
    spec, label = project.model, project.cohort.label
    exceptions = agreeing.signed_exceptions(
        desk, project, SPLIT_CONDITION, roles=policies.in_use(desk).exception_signers
    )
    if spec.split.kind == "group_random":
        agreeing.require_exception(exceptions, condition=SPLIT_CONDITION)
    parts = split(
        spec,
        cohort.table,
        horizon_us=label.horizon or 0,
        delay_us=label.delay,
        exception=bool(exceptions),
    )
    trained = fit(
        spec,
        cohort.table,
        features.table,
        split=parts,
        names=project.features.names,
        feature_set=project.features.digest,
    )
    agreement = agreeing.standing_agreement(desk, project)
    signed = agreement if agreeing.fully_signed(desk, agreement) else None
    run = record(
        spec,
        trained,
        split=parts,
        provenance=_provenance(project),
        materials=Materials(
            snapshot=cohort.source.digest,
            contract_report=contract_report,
            cohort=cohort.digest,
            cohort_spec=project.cohort.digest,
            feature_table=features.record.table_digest,
            agreement=signed.digest if signed else None,
            exceptions=tuple(item.digest for item in exceptions),
        ),
        sample_size=_sample_size(project, cohort, parts),
    )
    return Fitted(run, run.digest, cohort, features, parts, trained)


def _sample_size(project: Project, cohort: BuiltCohort, parts: Split) -> SampleSize:
    prevalence = cohort.record.prevalence or 0.0
    parameters = len(project.features.names)
    needed = development_size(
        parameters, prevalence=prevalence, r2=project.model.sample_size.cox_snell_r2
    )
    return check_sample_size(
        project.model, rows=len(parts.train), needed=needed.needed, parameters=parameters
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
    )


def _keep(desk: Desk, project: Project, fitted: Fitted) -> None:
    files = artifacts(fitted.trained)
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
