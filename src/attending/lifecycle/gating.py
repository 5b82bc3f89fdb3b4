"""Gates: gather every fact from the records of the home, and let the policy decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.govern.agreements import Fitted, agreed_before_fit
from attending.govern.content import missing_fields
from attending.govern.gates import Evidence, Fact, decide
from attending.govern.roles import one_of
from attending.lifecycle import agreeing, carried, policies, ward_facts
from attending.lifecycle.calibrated_here import calibrated_here
from attending.lifecycle.data_permission import access_reviewed
from attending.lifecycle.deciding import places_to_decide, standing_decision
from attending.lifecycle.desk import keep
from attending.lifecycle.examples import shipped_release
from attending.lifecycle.parity import ENOUGH
from attending.lifecycle.signing import spec_document
from attending.lifecycle.standing import faults_of, standing_on
from attending.lifecycle.steadying import told
from attending.lifecycle.training import latest_run
from attending.lifecycle.validation_rows import prior_name, prior_of
from attending.lifecycle.wording import blank_fields
from attending.records.card import ModelCard
from attending.records.contract import ContractReport, LeakReport
from attending.records.decisions import RollbackDrill
from attending.records.explanation import StabilityReport
from attending.records.features import FeatureSet, ParityReport
from attending.records.governance import Approval, GateDecision
from attending.records.monitoring import Reference
from attending.records.replay import Replay
from attending.records.silent import SilentReport
from attending.records.validation import ValidationReport
from attending.release.checklist import gaps
from attending.specs.base import dump

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.lifecycle.ward_facts import Judged
    from attending.records.base import Record
    from attending.records.run import Run
    from attending.specs.release import Stage


def check(desk: Desk, project: Project, to_stage: Stage, *, run: str = "") -> GateDecision:
    """Return the answer of the gate before a stage, kept whatever it is.

    Args:
        desk: where and when.
        project: whose model is meant.
        to_stage: the stage that is asked for.
        run: the start of a run's digest; the newest when empty.
    """
    found = latest_run(desk, project, run)
    policy, risk = policies.in_use(desk), project.release.risk_level
    if policy.production:
        policies.require_real(desk)
    decision = decide(
        to_stage,
        gather(desk, project, found, to_stage=to_stage),
        policy=policies.rules(desk, risk),
    ).model_copy(
        update={
            "policy": policy.label,
            "risk_level": risk,
            "compensation": policy.compensation,
        }
    )
    keep(
        desk,
        decision,
        action="gate.decide",
        keys={"model": project.name, "run": found.digest, "to": to_stage},
        details={"allowed": decision.allowed, "open": len(decision.open_conditions())},
    )
    return decision


def require_allowed(decision: GateDecision, *, shown: bool = False) -> None:
    """Refuse to go on when a gate said no.

    Args:
        decision: of the gate.
        shown: whether its conditions stand above already, and are only counted here.

    Raises:
        Refused: listing every open condition and whose it is.
    """
    if decision.allowed:
        return
    opened = decision.open_conditions()
    told = f"{len(opened)} of {len(decision.conditions)} conditions are open"
    if not shown:
        told = "; ".join(
            f"{item.name} is {item.status.replace('_', ' ')} ({item.whose}"
            + (f": {item.note})" if item.note else ")")
            for item in opened
        )
    raise Refused(
        f"the gate '{decision.gate}' before {decision.to_stage} is closed: {told}",
        code="gate.refused",
        hint=f"Each condition names whose it is{'' if shown else '; see `attending gate check`'}.",
    )


def gather(desk: Desk, project: Project, run: Run, *, to_stage: Stage) -> Evidence:
    """Return all that a gate looks at, from records alone.

    Args:
        desk: where and when.
        project: its specs as they stand.
        run: the run that asks to be let through.
        to_stage: the stage that is asked for.
    """
    catalog, asked = desk.home.catalog, policies.asked(desk, project.release.risk_level)
    stands = [item for item in desk.home.deployments.history(run.model) if item.run == run.digest]
    documents = _documents(desk, project, run)
    exceptions = agreeing.exceptions_of(desk, project)
    signed = (*documents.values(), *(item.digest for item in exceptions))
    approvals = tuple(
        approval for digest in signed for approval in catalog.all(Approval, document=digest)
    )
    return Evidence(
        model=run.model,
        run=run.digest,
        stage=stands[-1].stage if stands else "prototype",
        as_of=desk.at,
        home=desk.home.settings.home_id,
        model_spec=run.model_spec,
        facts={n: fact(desk, project, run) for n, fact in _FACTS[to_stage].items() if n in asked},
        documents=documents,
        approvals=(*approvals, *_before(desk, documents, approvals)),
        exceptions=exceptions,
        void=faults_of(desk, approvals),
        must_open=policies.in_use(desk).production,
    )


def _before(
    desk: Desk, documents: dict[str, str], present: tuple[Approval, ...]
) -> tuple[Approval, ...]:
    """Return the signatures on former documents of the same model, which a change made void."""
    known = {item.digest for item in present}
    former = {item.document for item in desk.home.catalog.all(Approval)} - set(documents.values())
    models = {desk.home.catalog.keys(digest).get("model") for digest in documents.values()}
    return tuple(
        item
        for digest in sorted(former)
        if desk.home.catalog.keys(digest).get("model") in models
        for item in desk.home.catalog.all(Approval, document=digest)
        if item.digest not in known and item.document_kind in documents
    )


def _documents(desk: Desk, project: Project, run: Run) -> dict[str, str]:
    catalog = desk.home.catalog
    found: dict[str, str | None] = {
        "run": run.digest,
        "release": spec_document(desk, project, "release"),
    }
    for name, kind in (
        ("validation_report", ValidationReport),
        ("card", ModelCard),
        ("silent_report", SilentReport),
    ):
        record: Record | None = catalog.latest(kind, run=run.digest)
        found[name] = record.digest if record else None
    watched = ward_facts.newest_report(desk, run)
    found["monitoring_report"] = watched.digest if watched else None
    return {name: digest for name, digest in found.items() if digest}


def _told(record: Record | None, holds: bool, *, absent: str, why: str = "") -> Fact:  # noqa: FBT001
    if record is None:
        return Fact("missing", note=absent)
    return Fact("met" if holds else "failed", record.digest, "" if holds else why)


def _plain(holds: bool, why: str) -> Fact:  # noqa: FBT001 - one question, one answer
    return Fact("met") if holds else Fact("failed", note=why)


def _complete(_desk: Desk, _project: Project, run: Run) -> Fact:
    named = (run.snapshot, run.contract_report, run.cohort, run.feature_set, run.code_digest)
    return _plain(all(named) and bool(run.packages), "the run record has gaps")


def _not_exploratory(_desk: Desk, _project: Project, run: Run) -> Fact:
    return _plain(not run.exploratory, "; ".join(run.reasons))


def _replayed(desk: Desk, _project: Project, run: Run) -> Fact:
    found = desk.home.catalog.latest(Replay, run=run.digest)
    return _told(found, bool(found and found.same_result), absent="not repeated yet", why="differs")


def _contract(desk: Desk, _project: Project, run: Run) -> Fact:
    if run.contract_report is None:
        return Fact("missing", note="no contract was checked")
    report = desk.home.catalog.get(run.contract_report, ContractReport)
    return _told(report, report.met, absent="", why=report.refusal)


def _leaks(desk: Desk, _project: Project, run: Run) -> Fact:
    found = desk.home.catalog.latest(LeakReport, cohort=run.cohort, features=run.feature_set)
    return _told(
        found,
        bool(found and not found.refused),
        absent="not asked",
        why=found.refusal if found else "",
    )


def _parity(desk: Desk, _project: Project, run: Run) -> Fact:
    built = desk.home.catalog.all(FeatureSet, cohort=run.cohort)
    tables = [item for item in built if item.definition_digest == run.feature_set]
    if not tables:
        return Fact("missing", note="the run's feature table is not here")
    found = desk.home.catalog.latest(
        ParityReport, features=run.feature_set, table=tables[-1].table_digest
    )
    if found is not None and found.predictions < min(ENOUGH, tables[-1].rows):
        few = f"only {found.predictions} predictions were computed again"
        return Fact("missing", found.digest, few)
    differ = ", ".join(item.name for item in found.mismatches) if found else ""
    return _told(
        found,
        bool(found and found.same),
        absent="not computed again; run `attending features parity`",
        why=f"other bits in: {differ or 'there are no predictions'}",
    )


def _agreed(desk: Desk, project: Project, run: Run) -> Fact:
    catalog = desk.home.catalog
    agreement = agreeing.standing_agreement(desk, project)
    fits = [line.seq for line in catalog.list("run") if line.digest == run.digest]
    lines = catalog.list("approval", document=agreement.digest) if agreement else ()
    pairs = [(line, catalog.get(line.digest, Approval)) for line in lines]
    faults = faults_of(desk, (one for _, one in pairs))
    fact = agreed_before_fit(
        agreement,
        {line.seq: one for line, one in pairs if one.digest not in faults},
        Fitted(
            validation_spec=project.validation.digest,
            cohort_spec=run.cohort_spec,
            model_spec=run.model_spec,
            seq=fits[0],
        ),
    )
    seen = agreeing.seen_before_agreed(desk, project, run) if fact.status == "met" else ""
    return Fact("failed", fact.evidence, seen) if seen else fact


def _temporal(_desk: Desk, _project: Project, run: Run) -> Fact:
    return _plain(
        run.split.kind == "temporal", f"the split is {run.split.kind}: {run.split.reason}"
    )


def _validation(desk: Desk, _project: Project, run: Judged) -> Fact:
    report = desk.home.catalog.latest(ValidationReport, run=run.digest)
    if report is None:
        return Fact("missing", note="not validated yet")
    failed = [gate.named for gate in report.gates if gate.outcome == "failed"]
    unshown = [gate.named for gate in report.gates if gate.outcome == "not_shown"]
    if failed:
        return Fact("failed", report.digest, f"failed: {', '.join(failed)}")
    if unshown or not report.gates:
        return Fact("not_shown", report.digest, f"not shown: {', '.join(unshown) or 'no gates'}")
    if why := carried.open_choice(desk, run.digest, report.digest):
        return Fact("missing", report.digest, why)
    return Fact("met", report.digest)


def _side_by_side(desk: Desk, _project: Project, run: Run) -> Fact:
    prior = prior_of(desk, run)
    if prior is None:
        return Fact("met", note="there is no version before it")
    report = desk.home.catalog.latest(ValidationReport, run=run.digest)
    if report is None:
        return Fact("missing", note="not validated yet")
    name = prior_name(desk, prior)
    holds = report.prior == prior.digest
    return _told(report, holds, absent="", why=f"{name}, the version before, is not beside it")


def _silent_gates(desk: Desk, project: Project, run: Run) -> Fact:
    report = desk.home.catalog.latest(SilentReport, run=run.digest)
    if report is None:
        return Fact("missing", note="no silent report; run `attending validate silent`")
    if report.plan != project.validation.digest:
        return Fact("failed", report.digest, "judged by another validation.yaml")
    failed = [name[3:] for name, answer in report.gates.items() if answer == "failed"]
    unshown = [name[3:] for name, answer in report.gates.items() if answer == "not_shown"]
    if failed:
        return Fact("failed", report.digest, f"failed: {', '.join(failed)}")
    if unshown or not report.gates:
        return Fact("not_shown", report.digest, f"not shown: {', '.join(unshown) or 'no gates'}")
    return Fact("met", report.digest)


def _zones(desk: Desk, _project: Project, run: Run) -> Fact:
    snapshot = carried.judged_snapshot(desk, run)
    if snapshot is None:
        return Fact("missing", note="not validated here yet")
    if snapshot.synthetic and not desk.home.synthetic:
        return Fact("failed", note="the data are synthetic and the home is real")
    return _plain(snapshot.real_clock, f"the source's times are {snapshot.time_zone}")


def _availability(desk: Desk, _project: Project, run: Run) -> Fact:
    snapshot = carried.judged_snapshot(desk, run)
    if snapshot is None:
        return Fact("missing", note="not validated here yet")
    assumed = snapshot.assumed_tables
    return _plain(not assumed, f"availability is assumed for {', '.join(assumed)}")


def _card(desk: Desk, _project: Project, run: Judged) -> Fact:
    card = desk.home.catalog.latest(ModelCard, run=run.digest)
    blank = blank_fields(desk, card.digest) if card else ()
    if blank:
        return Fact("missing", card.digest if card else None, f"says nothing: {', '.join(blank)}")
    missing = ", ".join(card.missing) if card else ""
    return _told(
        card, bool(card and card.complete), absent="no card yet", why=f"missing: {missing}"
    )


def _signed_by(desk: Desk, record: Record | None, *, role: str, absent: str) -> Fact:
    if record is None:
        return Fact("missing", note=absent)
    signed = standing_on(desk, record.digest)
    if any(item.role == role and item.meaning == "approval" for item in signed):
        return Fact("met", record.digest)
    return Fact("missing", record.digest, f"not signed by {one_of(role)}")


def _explanation(desk: Desk, _project: Project, run: Run) -> Fact:
    report = desk.home.catalog.latest(StabilityReport, run=run.digest)
    return _signed_by(desk, report, role="clinical_lead", absent="explanations were not tried")


def _stable(desk: Desk, _project: Project, run: Run) -> Fact:
    report = desk.home.catalog.latest(StabilityReport, run=run.digest)
    if report is None or not report.outcome:
        return Fact("missing", note="explanations were not tried")
    unshown = [f"{one.name.replace('_', ' ')}: {one.reason}" for one in report.comparisons
               if one.outcome == "not_shown"]  # fmt: skip
    return Fact(report.outcome, report.digest, "; ".join((*told(report), *unshown)))


def _threshold(desk: Desk, project: Project, run: Run) -> Fact:
    digest = None
    for place in places_to_decide(project):
        decision, why = standing_decision(desk, project, run, place=place)
        digest = decision.digest if decision else None
        if why:
            stale = "decided on another" in why
            return Fact("failed" if stale else "missing", digest, why)
    return Fact("met", digest)


def _release(desk: Desk, project: Project, _run: Judged) -> Fact:
    found = gaps(project.release, {p.person_id for p in desk.home.users.list() if p.active})
    if blank := _blank(desk, project):
        return Fact("missing", note=f"not written yet: {', '.join(blank)}")
    return _plain(not found, "; ".join(found))


def _blank(desk: Desk, project: Project) -> tuple[str, ...]:
    """Return the fields of the release plan that say nothing, or only what the template says."""
    template = shipped_release() if policies.in_use(desk).production else {}
    return missing_fields(dump(project.release), template=template)


def drilled(desk: Desk, _project: Project, run: Judged) -> Fact:
    """Return whether the way back was walked."""
    drill = desk.home.catalog.latest(RollbackDrill, run=run.digest)
    return _told(drill, drill is not None, absent="the way back was not walked")


def _monitors(desk: Desk, project: Project, run: Judged) -> Fact:
    found = desk.home.catalog.latest(Reference, run=run.digest)
    holds = bool(project.monitoring.trust) and found is not None
    return _told(found, holds, absent="no reference was made", why="no trust condition is set")


def vendors(_desk: Desk, project: Project, _run: Judged) -> Fact:
    """Return whether every server of the contract stands in an agreed region."""
    contract = project.contract
    outside = [s.server for s in contract.servers if s.region not in contract.residency]
    return _plain(
        not outside and bool(contract.servers), f"outside the agreed regions: {', '.join(outside)}"
    )


_TRAINED: dict[str, Callable[[Desk, Project, Run], Fact]] = {
    "run.complete": _complete,
    "run.not_exploratory": _not_exploratory,
    "run.replayed": _replayed,
    "data.access_reviewed": access_reviewed,
    "contract.passed": _contract,
    "leaks.none": _leaks,
    "features.parity": _parity,
    "agreement.before_fit": _agreed,
    "split.temporal": _temporal,
}
_VALIDATED: dict[str, Callable[[Desk, Project, Run], Fact]] = {
    "validation.gates": _validation,
    "validation.side_by_side": _side_by_side,
    "split.temporal": _temporal,
    "time.zones_real": _zones,
    "card.complete": _card,
    "explanation.reviewed": _explanation,
    "explanation.stable": _stable,
    "threshold.agreed": _threshold,
}
_SILENT: dict[str, Callable[[Desk, Project, Run], Fact]] = {
    "release.complete": _release,
    "rollback.path_named": ward_facts.way_back,
    "rollback.tested": drilled,
    "incidents.owners_named": ward_facts.owners_named,
    "monitors.configured": _monitors,
    "access.checked": ward_facts.access_checked,
    "vendors.checked": vendors,
    "time.availability_recorded": _availability,
    "calibration.here": calibrated_here,
}
#: Facts that are read from records of any model, also one that was not fitted here.
OF_ANY_MODEL: dict[str, Callable[[Desk, Project, Judged], Fact]] = {
    "validation.gates": _validation,
    "release.complete": _release,
    "rollback.path_named": ward_facts.way_back,
    "incidents.owners_named": ward_facts.owners_named,
    "monitors.configured": _monitors,
    "access.checked": ward_facts.access_checked,
    "silent.complete": ward_facts.silent_long,
    "verdicts.no_block": ward_facts.no_block,
    "reviews.planned": ward_facts.reviews_planned,
    "change.agreed": ward_facts.change_agreed,
    "training.ready": ward_facts.training_ready,
    "limited.complete": ward_facts.limited_long,
    "monitors.running": ward_facts.monitors_running,
    "reviews.current": ward_facts.reviews_current,
    "incidents.closed": ward_facts.incidents_closed,
    "audit.verified": ward_facts.audited,
}
#: What nobody has shown stays missing: a fact without a function here is never met.
_FACTS: dict[Stage, dict[str, Callable[[Desk, Project, Run], Fact]]] = {
    "prototype": {},
    "trained": _TRAINED,
    "validated": _VALIDATED,
    "silent": _SILENT,
    "limited": {
        "silent.complete": ward_facts.silent_long,
        "silent.gates": _silent_gates,
        "verdicts.no_block": ward_facts.no_block,
        "rollback.tested": drilled,
        "reviews.planned": ward_facts.reviews_planned,
        "change.agreed": ward_facts.change_agreed,
        "policy.tried": ward_facts.policy_tried,
        "safety.argued": ward_facts.safety_argued,
        "downtime.ready": ward_facts.downtime_ready,
        "workflow.confirmed": ward_facts.workflow_confirmed,
        "training.ready": ward_facts.guided,
        "time.availability_recorded": _availability,
    },
    "live": {
        "limited.complete": ward_facts.limited_long,
        "verdicts.no_block": ward_facts.no_block,
        "monitors.running": ward_facts.monitors_running,
        "reviews.current": ward_facts.reviews_current,
        "downtime.ready": ward_facts.downtime_ready,
        "training.ready": ward_facts.guided,
        "incidents.closed": ward_facts.incidents_closed,
        "audit.verified": ward_facts.audited,
        "time.availability_recorded": _availability,
    },
    "retired": {},
}
