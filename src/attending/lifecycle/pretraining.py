"""The checklist before training: every row met, refused or missing, and whose it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.govern.declared import judge_cohort, judge_contract
from attending.lifecycle import agreeing, policies
from attending.lifecycle.checking import check_contract
from attending.lifecycle.cohorts import in_zones
from attending.lifecycle.desk import keep
from attending.lifecycle.engines import engine_over
from attending.lifecycle.leak_gates import Specs, Tables, examine, minimum_necessary
from attending.lifecycle.scanning import scanned
from attending.lifecycle.signing import spec_document
from attending.lifecycle.standing import standing_on
from attending.records.contract import ContractReport
from attending.records.gates import GateFinding, PretrainReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.featuring import BuiltFeatures
    from attending.lifecycle.policies import InUse
    from attending.lifecycle.projects import Project

SPLIT = "split.temporal"
#: Features that are named in one sentence.
_NAMED = 3
#: Two reasons that differ in these alone are one.
_COUNT = re.compile(r"[\d.,]+")


def check_pretrain(
    desk: Desk, project: Project, cohort: BuiltCohort, *, features: BuiltFeatures
) -> PretrainReport:
    """Return the checklist before training, kept whatever it says.

    Args:
        desk: where and when.
        project: its specs as they stand.
        cohort: for whom, built.
        features: built for that cohort.
    """
    specs = Specs(project.contract, project.cohort, project.features, project.model)
    found = (
        *judge_cohort(project.cohort),
        *judge_contract(
            project.contract,
            today=desk.at.date(),
            permission_signed=_signed(desk, project),
            scan=scanned(desk, cohort.source.digest),
        ),
        *minimum_necessary(specs),
        _contract_row(desk, project, cohort),
        *_leaks(desk, project, cohort, features=features, specs=specs),
    )
    report = PretrainReport(
        model=project.name,
        snapshot=cohort.source.digest,
        cohort=cohort.digest,
        contract_spec=project.contract.digest,
        cohort_spec=project.cohort.digest,
        features_spec=project.features.digest,
        model_spec=project.model.digest,
        as_of=desk.at,
        findings=_excepted(desk, project, found),
    )
    keep(
        desk,
        report,
        action="gate.pretrain",
        keys={"model": project.name, "cohort": cohort.digest},
        details={
            "allowed": report.allowed,
            "open": len(report.open),
            "exceptions": sum(item.excepted_by is not None for item in report.findings),
        },
    )
    return report


def require_pretrain(report: PretrainReport) -> None:
    """Refuse to train while a row of the checklist is open.

    Raises:
        Refused: naming every open row, its figure and whose it is.
    """
    if not report.allowed:
        first = report.open[0]
        raise Refused(
            f"{len(report.open)} rows of the checklist before training are open: {report.refusal}",
            code=first.gate,
            hint=first.hint or "Each row names whose it is; `attending gate except` asks for more.",
        )


def require_no_leak(
    desk: Desk, project: Project, cohort: BuiltCohort, *, features: BuiltFeatures
) -> None:
    """Refuse to fit on what a leak gate refuses and no signed exception lets pass.

    Raises:
        Refused: the code of the first gate, every finding in words.
    """
    specs = Specs(project.contract, project.cohort, project.features, project.model)
    found = _leaks(desk, project, cohort, features=features, specs=specs)
    told = _excepted(desk, project, [item for item in found if item.gate.startswith("leak.")])
    refused = [item for item in told if not item.passes]
    if refused:
        raise Refused(
            "; ".join(_together(refused, of=len(specs.features.features))),
            code=refused[0].gate,
            hint=refused[0].hint,
            where="features.yaml",
        )


def _together(refused: Sequence[GateFinding], *, of: int) -> list[str]:
    """Return what the gates refuse in words, features together whose reasons differ in counts."""
    alike: dict[tuple[str, str], list[GateFinding]] = {}
    for item in refused:
        alike.setdefault((item.gate, _COUNT.sub("", item.reason)), []).append(item)
    return [
        f"{gate} {items[0].feature}: {items[0].reason}"
        if len(items) == 1
        else f"{gate}, {len(items)} of {of} features: "
        f"{', '.join(item.feature for item in items[:_NAMED])}"
        f"{' and more' if len(items) > _NAMED else ''}; of {items[0].feature}, "
        f"{items[0].reason}; `attending gate check pretrain` says it of each"
        for (gate, _), items in alike.items()
    ]


def _leaks(
    desk: Desk,
    project: Project,
    cohort: BuiltCohort,
    *,
    features: BuiltFeatures,
    specs: Specs,
) -> tuple[GateFinding, ...]:
    tables = Tables(
        in_zones(cohort.table, cohort.source.snapshot),
        features.table,
        engine_over(desk, cohort.source),
        declared=cohort.source.snapshot.declared_availability(),
    )
    signed = agreeing.signed_exceptions(
        desk, project, SPLIT, roles=policies.in_use(desk).exception_signers
    )
    found = examine(specs, tables, exception=bool(signed))
    if not signed:
        return found
    # The split was let pass by its exception: the row says so, and until when.
    return tuple(
        _under(item, signed[-1].digest, signed[-1].expires_at)
        if item.gate == SPLIT and project.model.split.kind == "group_random"
        else item
        for item in found
    )


def _excepted(
    desk: Desk, project: Project, found: Iterable[GateFinding]
) -> tuple[GateFinding, ...]:
    """Return findings, each with the signed exception that lets it pass, when there is one."""
    policy = policies.in_use(desk)
    return tuple(_one_excepted(desk, project, item, policy=policy) for item in found)


def _one_excepted(desk: Desk, project: Project, item: GateFinding, *, policy: InUse) -> GateFinding:
    if item.passes or item.gate not in policy.spec.exceptions_before_training:
        return item
    names = [item.gate, f"{item.gate}:{item.feature}"] if item.feature else [item.gate]
    for name in names:
        signed = agreeing.signed_exceptions(desk, project, name, roles=policy.exception_signers)
        if signed:
            return _under(item, signed[-1].digest, signed[-1].expires_at)
    return item


def _under(item: GateFinding, digest: str, until: object) -> GateFinding:
    return item.model_copy(update={"excepted_by": digest, "excepted_until": until})


def _signed(desk: Desk, project: Project) -> bool:
    digest = spec_document(desk, project, "data_access")
    signed = standing_on(desk, digest) if digest else ()
    return any(item.role in {"compliance_officer", "privacy_officer"} for item in signed)


def _contract_row(desk: Desk, project: Project, cohort: BuiltCohort) -> GateFinding:
    found = [
        item
        for item in desk.home.catalog.all(ContractReport, snapshot=cohort.source.digest)
        if item.contract_digest == project.contract.digest
    ]
    report = found[-1] if found else check_contract(desk, project, cohort.source)
    return GateFinding(
        gate="contract.passed",
        answer="met" if report.met else "refused",
        whose="data_engineer",
        rows=len(report.checks),
        figure=float(len(report.failed)),
        limit=0.0,
        reason=report.refusal,
    )
