"""The compliance dossier of a run, put together from what the home holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.deployer_paper import paper_title
from attending.documents.dossier import dossier_document
from attending.documents.numbers import percent
from attending.errors import Refused
from attending.features.lineage import uses
from attending.govern.policy import default_exception_signers
from attending.lifecycle import emergencies
from attending.lifecycle.agreeing import exceptions_of, signed_exceptions
from attending.lifecycle.carried import cohort_of, snapshot_of
from attending.lifecycle.desk import keep
from attending.lifecycle.papers import keep_page
from attending.lifecycle.policies import asks as asked_words
from attending.lifecycle.policies import in_use
from attending.records.card import ModelCard
from attending.records.cohort import Cohort
from attending.records.deployer import DeployerPaper
from attending.records.dossier import (
    Dossier,
    DossierException,
    DossierFeature,
    DossierGate,
    DossierReview,
    DossierSignature,
    DossierStep,
)
from attending.records.governance import Approval, GateDecision, Withdrawal
from attending.records.validation import ValidationReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment
    from attending.records.run import Run


def write_dossier(desk: Desk, project: Project, run: Run) -> Dossier:
    """Return the compliance dossier of a run, kept, with its readable document.

    Raises:
        Refused: the run has no validation report or no card, or the card has gaps.
    """
    card = _card(desk, run)
    stands = deployment_of(desk, run)
    signatures, gates = _signatures(desk, run), _gates(desk, run)
    reviews = _reviews(desk, run)
    asked = (
        ("the version stands in no stage", stands is not None),
        ("no gate was asked for this run", bool(gates)),
        ("nobody has signed the card", _is_signed(signatures, card.digest)),
        (
            "a review afterwards is overdue",
            not any(one.state == emergencies.OVERDUE for one in reviews),
        ),
    )
    dossier = Dossier(
        model=run.model,
        version=stands.version if stands else card.version,
        stage=stands.stage if stands else "not deployed",
        synthetic=desk.home.synthetic,
        as_of=desk.at,
        intended=_intended(card),
        non_intended=(*card.non_intended, *card.excluded),
        lineage=_lineage(desk, run, card=card, stands=stands),
        features=_features(project),
        signatures=signatures,
        exceptions=_exceptions(desk, project),
        gates=gates,
        missing=tuple(words for words, held in asked if not held),
        compensation=in_use(desk).compensation,
        reviews=reviews,
    )
    keep(desk, dossier, action="dossier.write", keys={"model": run.model, "run": run.digest})
    keep_page(desk, dossier_document(dossier), of=dossier.digest, title="Compliance dossier")
    return dossier


def _card(desk: Desk, run: Run) -> ModelCard:
    """Return the newest card of the run; a dossier without its boundaries is none."""
    catalog = desk.home.catalog
    card = catalog.latest(ModelCard, run=run.digest)
    lacks = [] if catalog.latest(ValidationReport, run=run.digest) else ["a validation report"]
    if card is None:
        lacks.append("a model card")
    else:
        lacks += [f"card: {name.replace('_', ' ')}" for name in card.missing]
    if lacks or card is None:
        raise Refused(
            f"the dossier lacks: {', '.join(lacks)}",
            code="dossier.incomplete",
            hint="Run `attending validate model`, `explain stability` and `card build` first.",
        )
    return card


def deployment_of(desk: Desk, run: Run) -> Deployment | None:
    """Return where the run stands now; a fresh run stands at prototype, which is no stage."""
    history = [item for item in desk.home.deployments.history(run.model) if item.run == run.digest]
    return history[-1] if history and history[-1].stage != "prototype" else None


def _intended(card: ModelCard) -> tuple[tuple[str, str], ...]:
    threshold = "none is agreed" if card.threshold is None else f"{percent(card.threshold)} or more"
    return (
        ("Patients", card.population),
        ("Foretold", card.outcome),
        ("When", card.decision_point),
        ("Users", ", ".join(card.users)),
        ("Risk level", card.risk_level),
        ("Oversight", card.oversight),
        ("Threshold", threshold),
    )


def _lineage(
    desk: Desk, run: Run, *, card: ModelCard, stands: Deployment | None
) -> tuple[DossierStep, ...]:
    """Return the steps from source tables to the deployed files, in their order."""
    snapshot = snapshot_of(desk, run)
    cohort = desk.home.catalog.get(cohort_of(desk, run), Cohort)
    tables = [
        DossierStep(
            step="Source table",
            says=f"{one.table}: {one.accepted:,} of {one.rows_in:,} rows accepted",
        )
        for one in snapshot.account.tables
    ]
    plan = (stands and stands.release_spec) or card.made_from.get("release_spec", "")
    return (
        *tables,
        DossierStep(step="Snapshot", says="events as they were taken in", digest=snapshot.digest),
        DossierStep(step="Cohort", says=f"{cohort.rows:,} predictions", digest=cohort.digest),
        DossierStep(step="Features", says="their definitions", digest=run.feature_set),
        DossierStep(step="Feature table", says="their values", digest=run.feature_table),
        DossierStep(step="Run", says=f"attending {run.code_digest[:12]}", digest=run.digest),
        *(
            DossierStep(step="File of the run", says=item.name, digest=item.digest)
            for item in run.artifacts
        ),
        DossierStep(
            step="Validation report",
            says="of the run",
            digest=card.made_from.get("validation", ""),
        ),
        DossierStep(step="Model card", says=card.version, digest=card.digest),
        DossierStep(step="Release plan", says="release.yaml", digest=plan),
    )


def _features(project: Project) -> tuple[DossierFeature, ...]:
    spec = project.features
    return tuple(
        DossierFeature(name=one.name, label=spec.feature(one.name).label, codes=one.codes)
        for one in uses(spec)
    )


def _signatures(desk: Desk, run: Run) -> tuple[DossierSignature, ...]:
    """Return the signatures on records of this run, and on those of the model of no run."""
    catalog = desk.home.catalog
    lines = {line.digest for line in catalog.list(model=run.model)}
    mine = {one for one in lines if catalog.keys(one).get("run", run.digest) == run.digest}
    taken_back = {one.approval for one in catalog.all(Withdrawal)}
    found = [one for one in catalog.all(Approval) if one.document in {*mine, run.digest}]
    return tuple(
        DossierSignature(
            document_kind=_document(desk, one),
            document=one.document,
            signer=one.printed_name,
            role=one.role,
            meaning=one.meaning,
            signed_at=one.signed_at,
            taken_back=one.digest in taken_back,
        )
        for one in sorted(found, key=lambda one: one.signed_at)
    )


def _document(desk: Desk, signed: Approval) -> str:
    """Return what was signed: of a paper of who deploys, its title."""
    if signed.document_kind != DeployerPaper.kind:
        return signed.document_kind
    return paper_title(desk.home.catalog.get(signed.document, DeployerPaper).paper).lower()


def _is_signed(signatures: tuple[DossierSignature, ...], digest: str) -> bool:
    return any(one.document == digest and not one.taken_back for one in signatures)


def _exceptions(desk: Desk, project: Project) -> tuple[DossierException, ...]:
    roles = frozenset(default_exception_signers())
    asks = asked_words(desk, project.release.risk_level)
    found = []
    for item in exceptions_of(desk, project):
        signed = item in signed_exceptions(desk, project, item.condition, roles=roles)
        standing = "in force" if signed else "not signed by all"
        found.append(
            DossierException(
                condition=asks.get(item.condition, item.condition),
                reason=item.reason,
                compensation=item.compensation,
                expires_at=item.expires_at,
                standing=standing if item.expires_at > desk.at else "expired",
            )
        )
    return tuple(found)


def _reviews(desk: Desk, run: Run) -> tuple[DossierReview, ...]:
    """Return the reviews afterwards of the gates that this run has passed, done and owed."""
    return tuple(
        DossierReview(
            what=one.what,
            due=one.due,
            state=one.state(desk.at),
            by=one.review.person_id if one.review else "",
            finding=one.review.finding if one.review else "",
        )
        for one in emergencies.gates_to_review(desk, run.model)
        if one.run == run.digest
    )


def _gates(desk: Desk, run: Run) -> tuple[DossierGate, ...]:
    asked = {one.name: one.asks for gate in in_use(desk).spec.gates for one in gate.facts}
    decisions = desk.home.catalog.all(GateDecision, model=run.model)
    newest = {item.to_stage: item for item in decisions if item.run == run.digest}
    return tuple(
        DossierGate(
            gate=item.gate,
            to_stage=item.to_stage,
            as_of=item.as_of,
            allowed=item.allowed,
            met=sum(one.passes for one in item.conditions),
            asked=len(item.conditions),
            open=tuple(_in_words(one.name, asked) for one in item.open_conditions()),
        )
        for item in newest.values()
    )


def _in_words(name: str, asked: Mapping[str, str]) -> str:
    """Return what a condition asks; a signature says what is signed, and as what.

    >>> _in_words("silent.gates", {"silent.gates": "validation met its gates"})
    'validation met its gates'
    >>> _in_words("signed.silent_report.nurse_leader", {})
    'silent report signed by a nurse leader'
    >>> _in_words("signed.card.operator", {})
    'card signed by an operator'
    """
    kind, *rest = name.replace("_", " ").split(".")
    if kind == "signed" and len(rest) == 2:
        article = "an" if rest[1][0] in "aeiou" else "a"
        return f"{rest[0]} signed by {article} {rest[1]}"
    return asked.get(name, name)
