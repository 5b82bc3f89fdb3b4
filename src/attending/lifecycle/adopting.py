"""A model that others built comes under governance: proposed with its evidence, signed, entered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.documents.adopted_facts import (
    adopted_inputs,
    adopted_limits,
    adopted_parity,
    adopted_summary,
    inputs_read,
)
from attending.documents.adoption_page import AdoptionSources, adoption_page
from attending.documents.card_assembly import CardSources, assemble_card
from attending.documents.model_card import ADOPTED, card_document
from attending.documents.validation_report import validation_report
from attending.errors import BadInput, Refused
from attending.lifecycle import policies, recorded
from attending.lifecycle.adopted_gates import conditions
from attending.lifecycle.adopted_history import HISTORY, doubled, keep_history
from attending.lifecycle.adopted_rows import ScoredRows, asked_of, read_rows, require_parity
from attending.lifecycle.adopted_wording import of_adoption, told_to_adopters
from attending.lifecycle.bringing import bring
from attending.lifecycle.desk import keep, note, required
from attending.lifecycle.papers import keep_page
from attending.lifecycle.people import is_person, printed_names
from attending.lifecycle.plans import require_own_plan
from attending.lifecycle.signing import propose_specs
from attending.lifecycle.standing import standing_on
from attending.monitor import reference as references
from attending.records.adoption import AdoptedModel, Adoption
from attending.records.ledger import Subject
from attending.records.monitoring import Reference
from attending.records.release import Deployment
from attending.serve.served import STAGES as SERVED
from attending.statistics.auroc import auroc_interval
from attending.times import DAY, format_instant

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.adopted_gates import Conditions
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.models.protocol import Matrix
    from attending.records.card import ModelCard
    from attending.records.governance import Approval
    from attending.records.validation import ValidationReport
    from attending.types import Instant

#: The specs that are signed of a model that was not fitted here.
_SIGNED = ("release", "retraining", "training_material")


def propose(
    desk: Desk, project: Project, scores: Path, *, model: Path | None, mlflow: Path | None
) -> Adoption:
    """Return the act by which a model comes in, kept with its evidence, to be signed.

    Args:
        desk: its actor is the author and may not sign.
        project: with adopt.yaml, release.yaml and monitoring.yaml.
        scores: a file of the old system's scores and what came of them.
        model: its file, where there is one.
        mlflow: the folder of the MLflow run that made it, where there is one.

    Raises:
        BadInput: a file that cannot be read in one way only, or nobody is named who proposes.
        Refused: a model file that could run code, scores that are not the model's, or a condition
            that failed.
    """
    _require_author(desk)
    spec = project.adopt
    require_own_plan(project)
    brought = bring(spec, model=model, mlflow=mlflow)
    rows = _noted(read_rows(scores, asked_of(spec), brought.fitted))
    require_parity(rows)
    known = brought.model
    if brought.data is not None:
        desk.home.artifacts.put(brought.data)
    keys = {"model": known.model, "run": known.digest}
    keep(desk, known, action="adopt.bring", keys=keys, details={"form": known.form})
    report = _judged(desk, project, rows, known=known)
    reference = _reference(project, rows, known, report=report)
    keep(desk, reference, action="monitor.reference", keys={**keys, "scope": "proposed"})
    documents = propose_specs(desk, project, _SIGNED)
    held = conditions(desk, project, known, stage=spec.stage)
    until = desk.at + timedelta(microseconds=_accepted_for(desk, project))
    card = _card(desk, project, known, report=report, rows=rows, held=held, until=until)
    adoption = Adoption(
        model=known.model,
        run=known.digest,
        stage=spec.stage,
        adopt_spec=spec.digest,
        release=documents["release"],
        release_spec=project.release.digest,
        scores=rows.read.file,
        event=spec.columns.event,
        percent=spec.columns.percent,
        report=report.digest,
        reference=reference.digest,
        card=card.digest,
        parity=rows.parity,
        accepts=held.accepts,
        met=held.met,
        reason=spec.reason,
        expires_at=until,
        authors=(desk.actor,),
    )
    details = {"stage": spec.stage, "not_shown": len(held.accepts)}
    keys |= {HISTORY: keep_history(desk, rows)}
    keep(desk, adoption, action="adopt.propose", keys=keys, details=details)
    _keep_act(desk, adoption, known, card=card, held=held)
    return adoption


def _require_author(desk: Desk) -> None:
    """Refuse a proposal by nobody: who proposes may not sign, so it must be known who did.

    Raises:
        BadInput: no person of this home.
    """
    if not is_person(desk, desk.actor):
        raise BadInput(
            f"'{desk.actor}' is no person of this home, and somebody proposes the model",
            code="adopt.author",
            hint="Say who: `--by LOGIN` (see `attending user ls`). Who proposes may not sign.",
            where="--by",
        )


def _noted(rows: ScoredRows) -> ScoredRows:
    """Return the rows with a note where some stand there twice."""
    note = doubled(rows)
    if not note:
        return rows
    file = rows.read.file
    said = file.model_copy(update={"notes": (*file.notes, note)})
    return replace(rows, read=rows.read._replace(file=said))


def _keep_act(
    desk: Desk, adoption: Adoption, known: AdoptedModel, *, card: ModelCard, held: Conditions
) -> None:
    """Keep the page of an adoption, which is what is read and signed."""
    signers = sorted(policies.in_use(desk).exception_signers)
    sources = AdoptionSources(
        adoption=adoption,
        model=known,
        card=card,
        asked=held.asked,
        signers=tuple(f"the {role.replace('_', ' ')}" for role in signers),
        names=printed_names(desk),
    )
    page = adoption_page(sources, synthetic=desk.home.synthetic)
    keep_page(desk, page, of=adoption.digest, title=f"Adoption of {adoption.model}")


def _accepted_for(desk: Desk, project: Project) -> int:
    """Return for how long what is not shown is accepted, in microseconds.

    Raises:
        BadInput: longer than a signature counts here, or no time at all.
    """
    asked, days = project.adopt.accepted_for, policies.in_use(desk).spec.serves_days
    if not 0 < asked <= days * DAY:
        raise BadInput(
            f"expected a length of at most {days} days",
            code="adopt.expiry",
            hint="Write accepted_for: 180d; then look again and have it signed anew.",
            where="adopt.yaml: accepted_for",
        )
    return asked


def _judged(
    desk: Desk, project: Project, rows: ScoredRows, *, known: AdoptedModel
) -> ValidationReport:
    """Return the validation of the scores, kept, with its readable report."""
    plan, threshold = project.folder.path("validation"), project.release.threshold.value
    ways = recorded.Ways(
        spec=plan if plan.is_file() else None,
        thresholds=() if threshold is None else (threshold,),
        model=known.model,
        unasked=of_adoption(recorded.UNASKED),
    )
    with told_to_adopters():
        judged = recorded.judge(rows.read, ways)
    report = judged.report
    keys = {"model": known.model, "run": known.digest}
    keep(desk, report, action="validate.adopted", keys=keys)
    facts = [*recorded.facts(judged.file), *inputs_read(known)]
    page = validation_report(report, synthetic=desk.home.synthetic, facts=facts)
    keep_page(desk, page, of=report.digest, title="Validation report")
    return report


def _reference(
    project: Project, rows: ScoredRows, known: AdoptedModel, *, report: ValidationReport
) -> Reference:
    """Return the picture of the scores, and of the inputs where they are here, to watch against."""
    table = rows.read.table
    outcome = table["outcome"].to_numpy(zero_copy_only=False).astype(np.float64)
    mature = ~np.isnan(outcome)
    ranked = auroc_interval(outcome[mature], rows.risk[mature])
    auroc = None
    if ranked.low is not None and ranked.high is not None:
        auroc = (ranked.value, ranked.low, ranked.high)
    about = references.About(
        model=known.model,
        version="",
        threshold=project.release.threshold.value,
        auroc=auroc,
        sources=dict.fromkeys(known.features, "file of scores"),
        labels={name: name for name in known.features},
        weights=dict.fromkeys(known.features, 1.0 / max(len(known.features), 1)),
        made_from=(known.digest, report.digest),
    )
    times = table["prediction_time"].to_numpy() if "prediction_time" in table.column_names else None
    return references.reference(
        inputs_table(known, rows.x, len(table)),
        rows.risk,
        list(known.features),
        about=about,
        outcome=outcome,
        times=None if times is None else times.astype("datetime64[us]"),
    )


def inputs_table(known: AdoptedModel, x: Matrix | None, rows: int) -> pa.Table:
    """Return the inputs as monitors take them; of scores only a table that has rows alone."""
    if x is None:
        return pa.table({"row": np.arange(rows)})
    named = {name: pa.array(x[:, at]) for at, name in enumerate(known.features)}
    return pa.table(named)


def _card(  # noqa: PLR0913 - a card has these sources
    desk: Desk,
    project: Project,
    known: AdoptedModel,
    *,
    report: ValidationReport,
    rows: ScoredRows,
    held: Conditions,
    until: Instant,
) -> ModelCard:
    """Return the card, which lists what is not shown, kept.

    Raises:
        Refused: a section that nobody wrote.
    """
    sources = CardSources(
        run=known,
        release=project.release,
        report=report,
        monitoring=project.monitoring,
        inputs=adopted_inputs(known),
        limitations=adopted_limits(known, held.accepts, held.asked),
        made=adopted_parity(rows.parity),
        names=printed_names(desk),
    )
    told = adopted_summary(
        held.accepts, until=format_instant(until)[:10], reason=project.adopt.reason
    )
    card = assemble_card(sources, version=ADOPTED, synthetic=desk.home.synthetic).model_copy(
        update={"exceptions": (told,)}
    )
    # A file without groups leaves that section empty, and the card says so.
    lacks = [name for name in card.missing if name != "subgroups"]
    if lacks:
        raise Refused(
            f"the card lacks: {', '.join(lacks).replace('_', ' ')}",
            code="adopt.card",
            hint="Write them in release.yaml and monitoring.yaml.",
        )
    keep(desk, card, action="card.build", keys={"model": known.model, "run": known.digest})
    keep_page(desk, card_document(card), of=card.digest, title="Model card")
    return card


def enter(desk: Desk, project: Project) -> Deployment:
    """Return where the model stands, once its adoption is signed.

    Raises:
        NotFound: nothing was proposed.
        Refused: a signature is missing, it has ended, or a spec was changed since.
    """
    require_own_plan(project)
    adoption = newest(desk, project.name)
    _require_current(desk, project, adoption)
    _require_signed(desk, adoption)
    history = desk.home.deployments.history(project.name)
    before = [one for one in history if one.run == adoption.run and one.version]
    known = desk.home.catalog.get(adoption.run, AdoptedModel)
    with desk.home.database.transaction() as unit:
        last = history[-1].digest if history else None
        desk.home.deployments.require_unchanged(unit, project.name, seen=last)
        version = (
            before[-1].version
            if before
            else desk.home.deployments.give_version(unit, model=project.name, run=adoption.run)
        )
        stands = Deployment(
            model=project.name,
            version=version,
            stage=adoption.stage,
            run=adoption.run,
            artifacts={"model": known.file} if known.file else {},
            release_spec=adoption.release_spec,
            previous=before[-1].digest if before else None,
            act="adopt",
            serves="version" if adoption.stage in SERVED else "none",
            effective_at=desk.at,
            by=desk.actor,
            reason=adoption.reason,
        )
        digest = desk.home.deployments.enter(unit, stands, sites=_sites(project, adoption.stage))
        note(
            desk,
            unit,
            action="adopt.enter",
            subject=Subject(kind="deployment", digest=digest),
            details={"version": version, "stage": adoption.stage, "adoption": adoption.digest},
        )
    _watch_from(desk, adoption, version=version)
    return stands


def newest(desk: Desk, model: str) -> Adoption:
    """Return the adoption that was proposed last.

    Raises:
        NotFound: there is none.
    """
    found: Adoption = required(
        desk.home.catalog.latest(Adoption, model=model),
        "adoption",
        hint="Run `attending adopt SCORES` first.",
    )
    return found


def of_version(desk: Desk, stands: Deployment) -> Adoption | None:
    """Return the adoption on which a version stands, None for one that was fitted here."""
    mine = adoptions_of(desk, stands)
    return mine[-1] if mine else None


def adoptions_of(desk: Desk, stands: Deployment) -> tuple[Adoption, ...]:
    """Return the signed adoptions of a version, oldest first."""
    made = desk.home.catalog.all(Adoption, model=stands.model)
    return tuple(one for one in made if one.run == stands.run and signed(desk, one))


def entered_at(desk: Desk, stands: Deployment) -> Instant:
    """Return when a version first came to where its scores are taken."""
    history = desk.home.deployments.history(stands.model, version=stands.version)
    return min(one.effective_at for one in history if one.stage in SERVED)


def signed(desk: Desk, adoption: Adoption) -> bool:
    """Return whether every role that accepts an exception has signed, each another person."""
    return not _open_roles(desk, adoption)


def _require_current(desk: Desk, project: Project, adoption: Adoption) -> None:
    changed = [
        name
        for name, holds in (
            ("adopt.yaml", project.adopt.digest == adoption.adopt_spec),
            ("release.yaml", project.release.digest == adoption.release_spec),
        )
        if not holds
    ]
    if changed or adoption.expires_at <= desk.at:
        why = f"{' and '.join(changed)} changed since" if changed else "its acceptance has ended"
        raise Refused(
            f"the adoption that was proposed does not count any more: {why}",
            code="adopt.stale",
            hint="Run `attending adopt` again and have it signed.",
        )


def _require_signed(desk: Desk, adoption: Adoption) -> None:
    left = _open_roles(desk, adoption)
    if left:
        raise Refused(
            f"the adoption is not signed by: {', '.join(left)}",
            code="adopt.unsigned",
            hint=f"Each signs it: `attending sign {adoption.digest[:12]} --role {left[0]}`.",
        )
    if not standing_on(desk, adoption.release):
        raise Refused(
            "nobody has signed the release plan",
            code="adopt.unsigned",
            hint=f"Sign it: `attending sign {adoption.release[:12]} --role operator`.",
        )


def _open_roles(desk: Desk, adoption: Adoption) -> list[str]:
    """Return the roles of which no person has signed; one person counts for one role."""
    in_use = policies.in_use(desk)
    signers: dict[str, Approval] = {}
    for one in standing_on(desk, adoption.digest):
        opened = one.opened_at is not None or not in_use.production
        if one.meaning == "approval" and opened:
            taken = {other.signer for other in signers.values()}
            if one.role not in signers and one.signer not in taken:
                signers[one.role] = one
    return sorted(set(in_use.exception_signers) - set(signers))


def _sites(project: Project, stage: str) -> tuple[str, ...]:
    covers = next((one for one in project.release.stages if one.stage == stage), None)
    return (covers.sites if covers else ()) or project.release.scope.sites


def _watch_from(desk: Desk, adoption: Adoption, *, version: str) -> None:
    """Keep the reference under the version that it was given."""
    made = desk.home.catalog.get(adoption.reference, Reference)
    keep(
        desk,
        made.model_copy(update={"version": version}),
        action="monitor.reference",
        keys={
            "model": adoption.model, "version": version, "run": adoption.run, "scope": "all",
        },
    )  # fmt: skip
