"""Verbs of trust: agree, sign, gate, user, audit, fsck."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli import gates
from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    ProjectOption,
    SparkOption,
    clock,
    emit,
    home_path,
    passphrase_from,
    table,
)
from attending.cli.run import tell_stops
from attending.digests import short
from attending.errors import IntegrityBroken
from attending.lifecycle import (
    adopted_asking,
    agreeing,
    auditing,
    bundling,
    checking,
    cohorts,
    gating,
    prediction_trail,
    signing,
    witnessing,
)
from attending.lifecycle.projects import open_project
from attending.records.governance import GateDecision
from attending.records.ledger import AuditReport
from attending.specs.release import check_stage
from attending.times import format_instant, parse_instant

PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Read the passphrase from this file.")
]


def conditions(decision: GateDecision) -> None:
    """Print the conditions of a gate and whose each open one is."""
    table(
        ("condition", "status", "whose", "note"),
        [
            (
                c.name,
                "met by exception" if c.excepted_by and c.status != "met" else c.status,
                "" if c.passes else c.whose,
                c.note,
            )
            for c in decision.conditions
        ],
        title=f"{decision.gate}: {decision.from_stage} to {decision.to_stage}",
        whole=("condition",),
    )


def witness_table(report: AuditReport) -> None:
    """Print what each witness says, and whether it is independent of the store."""
    table(
        ("witness", "kind", "agree", "entries", "newest", "independent"),
        [
            (
                one.name,
                one.kind,
                one.checkpoints,
                one.witnessed,
                format_instant(one.newest_at) if one.newest_at else "",
                f"no: {one.self_witnessed}" if one.self_witnessed else "yes",
            )
            for one in report.witnesses
        ],
    )


def agree(
    project: ProjectOption = Path(),
    signer: Annotated[
        list[str] | None, typer.Option("--signer", help="Who must sign; give it again for each.")
    ] = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Propose the validation plan as it stands, to be signed before anything is fitted.

    Example: attending agree --project P --signer clara --by dana --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        agreement = agreeing.propose_agreement(desk, asked, signers=signer or [])
    emit(
        {"digest": agreement.digest, **agreement.content()},
        as_json=as_json,
        lines=[
            f"agreement {agreement.digest}",
            "to be signed by "
            + ", ".join(agreement.signers)
            + ": attending sign "
            + short(agreement.digest),
        ],
    )


def sign(
    document: Annotated[str, typer.Argument(help="The start of the document's digest.")],
    person: Annotated[str, typer.Option("--as", help="Who signs, by login.")],
    role: Annotated[str, typer.Option(help="In which role.")],
    statement: Annotated[str, typer.Option(help="What is said by signing.")],
    meaning: Annotated[str, typer.Option(help="review, approval or responsibility.")] = "approval",
    kind: Annotated[str, typer.Option(help="The kind of document, where it is not clear.")] = "",
    nonce: Annotated[
        str, typer.Option(help="The number that came with `document show`. Else the newest.")
    ] = "",
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign exactly one document, giving your passphrase again. Nobody signs their own work.

    The document is named by the first 6 characters of its digest, or more.

    Example: attending sign 3f9a12 --as clara --role clinical_lead --statement "Fit" --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        approval = signing.sign(
            desk,
            document,
            kind=kind,
            person=person,
            passphrase=passphrase,
            role=role,
            meaning=meaning,
            statement=statement,
            nonce=nonce,
        )
    emit(
        {"digest": approval.digest, **approval.content()},
        as_json=as_json,
        lines=[
            (
                f"signed: {approval.printed_name}, {approval.role}, {approval.meaning} of "
                f"{approval.document_kind} {short(approval.document)}"
            )
        ],
    )


def gate_check(
    stage: Annotated[
        str, typer.Argument(help="The stage that is asked for, or `pretrain` before a fit.")
    ],
    run: Annotated[str, typer.Option(help="The start of a run's digest. Else the newest.")] = "",
    project: ProjectOption = Path(),
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ask a gate: every condition, how it stands, whose it is. A no ends with exit 3.

    `attending gate check pretrain` prints the checklist before training. Of an adopted model it
    says what is not shown and until when that is accepted.

    Example: attending gate check validated --project P --home H
    """
    asked = open_project(project)
    if stage == gates.PRETRAIN:
        gates.pretrain(asked, home=home, at=at, by=by, spark=spark, js=as_json)
        return
    with open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk:
        to = check_stage(stage)
        if asked.adopted:
            decision = adopted_asking.check(desk, asked, to)
        else:
            decision = gating.check(desk, asked, to, run=run)
    if not as_json:
        conditions(decision)
    emit({"digest": decision.digest, **decision.content()}, as_json=as_json)
    gating.require_allowed(decision, shown=True)


def gate_leaks(
    project: ProjectOption = Path(),
    corpus: Annotated[
        bool, typer.Option("--corpus", help="Try the gates on the corpus of planted leaks.")
    ] = False,
    mimic: Annotated[
        Path | None, typer.Option("--mimic", help="The MIMIC-IV demo, for its part of the corpus.")
    ] = None,
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ask whether any feature would see the future; a leak ends with exit 3.

    `attending gate leaks --corpus` needs no project: it tries the gates on planted leaks and
    their clean twins, and ends with how many were caught and how many were refused wrongly.

    Example: attending gate leaks --project P --home H
    """
    if corpus:
        gates.tell_corpus(mimic=mimic, js=as_json)
        return
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk:
        report = checking.check_leaks(desk, asked, cohorts.built_cohort(desk, asked))
    if not as_json:
        table(
            ("feature", "source", "with a row", "newest not known", "median gap, h", "answer"),
            [
                (
                    f.feature,
                    ", ".join(f.sources),
                    f.with_row,
                    f.newest_unknown,
                    "" if f.median_gap_hours is None else f"{f.median_gap_hours:.1f}",
                    f.verdict,
                )
                for f in report.features
            ],
            whole=("feature",),
        )
    emit(
        {"digest": report.digest, **report.content()},
        as_json=as_json,
        lines=gates.leak_sum(report),
    )
    checking.require_no_leaks(report)


def gate_except(
    condition: Annotated[str, typer.Argument(help="The condition, such as split.temporal.")],
    reason: Annotated[str, typer.Option(help="Why it cannot be met.")],
    compensation: Annotated[str, typer.Option(help="What is done instead.")],
    expires: Annotated[str, typer.Option(help="Until when, such as 2027-01-01T00:00:00Z.")],
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Ask for an exception: visible, expiring, and signed by two roles before it counts.

    Example: attending gate except split.temporal --reason "no calendar"
    --compensation "5 folds" --expires 2027-01-01T00:00:00Z --project P --by dana --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        exception = agreeing.propose_exception(
            desk,
            asked,
            condition=condition,
            reason=reason,
            compensation=compensation,
            expires_at=parse_instant(expires, where="--expires"),
        )
    emit(
        {"digest": exception.digest, **exception.content()},
        as_json=as_json,
        lines=[f"exception {exception.digest}: to be signed by clinical lead and compliance"],
    )


def audit_verify(
    witness: Annotated[
        list[Path] | None,
        typer.Option(
            "--witness",
            help="A folder or file of checkpoints that was kept elsewhere. Give it again for each.",
        ),
    ] = None,
    head: Annotated[
        list[str] | None,
        typer.Option("--head", help="A printed head, typed in from paper. Give it again for each."),
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Verify this bundle instead; no home is needed.")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="The keys that you hold, for a bundle: a `keys.txt`.")
    ] = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify the whole ledger against all its witnesses, or a bundle; damage ends with exit 4.

    It says of each witness whether the store's own user could change it (self-witnessed).

    Example: attending audit verify --witness /mnt/pharmacy/checkpoints --home H
    """
    if bundle is not None:
        found = bundling.verify_bundle(bundle, held=keys)
        emit(found.model_dump(mode="json"), as_json=as_json, lines=[found.statement])
        found.require()
        return
    with open_desk(home_path(home), at=clock(at)) as desk:
        report = witnessing.verify(desk, brought=witness or (), heads=head or ())
    if not as_json:
        witness_table(report)
    emit(report.content(), as_json=as_json, lines=[report.statement])
    report.require()


def audit_checkpoint(
    home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False
) -> None:
    """Sign a checkpoint over the ledger and bring it to every witness.

    Beside the home's own folder that is each place of policy/witnesses.yaml. Where we may not
    write, its own user fetches it; one that is not there ends with exit 5.

    Example: attending audit checkpoint --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        made, delivered = witnessing.checkpoint(desk)
    lines = [f"{made.size} entries, root {made.root}"]
    lines += [f"{name}: {what}" for name, what in delivered.items()]
    emit({**made.content(), "delivered": delivered}, as_json=as_json, lines=lines)
    witnessing.require_delivered(delivered)


def audit_head(home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False) -> None:
    """Print the head of the ledger: one line to keep on paper, for `audit verify --head`.

    Example: attending audit head --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        text = witnessing.head(desk)
    emit({"head": text}, as_json=as_json, lines=[text])


def audit_compare(
    head: Annotated[str, typer.Argument(help="The head, typed in from paper.")],
    person: Annotated[str, typer.Option("--as", help="Who holds the paper, by login.")],
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that you held a printed head against the ledger; if they differ it ends with exit 4.

    For seven days it counts at the gate before live as a witness that the store cannot change.

    Example: attending audit compare 42-0123-4567-89ab-cdef-0123-4567-89ab-cdef-9c75 --as caro
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        done = witnessing.compare(desk, head, person=person, passphrase=passphrase)
    lines = [f"the ledger begins with the {done.size} entries of the paper"]
    emit({"digest": done.digest, **done.content()}, as_json=as_json, lines=lines)


def audit_trail(
    subject: Annotated[
        str, typer.Argument(help="A prediction's request id; or a digest, a person or a model.")
    ],
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lead from one score back to its source; or list every ledger entry about one thing.

    Of a prediction: the entry that bound it, the source files, the definitions, the run, its files,
    and every signature. No value of the patient is shown.

    Example: attending audit trail 3f9a... --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        if auditing.is_prediction(desk, subject):
            tell_stops(prediction_trail.trail(desk, subject), as_json=as_json)
            return
        entries = auditing.trail(desk, subject)
    if not as_json:
        table(
            ("seq", "at", "who", "did", "to"),
            [
                (e.seq, e.at, e.actor, e.action, f"{e.subject_kind} {short(e.subject)}")
                for e in entries
            ],
        )
    emit([e.content() for e in entries], as_json=as_json)


def audit_ask(
    model: Annotated[str, typer.Argument(help="The model's name.")],
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer who approved, when data were pulled, which metrics, which incidents, when retired.

    Example: attending audit ask readmission-30d --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = auditing.ask(desk, model=model)
    lines = [f"model: {found['model']}"]
    for key, answers in found.items():
        if isinstance(answers, list):
            lines += [f"{key.replace('_', ' ')}:", *(f"  {one}" for one in answers or ["none"])]
    emit(found, as_json=as_json, lines=lines)


def audit_export(
    into: Annotated[
        Path, typer.Argument(help="A folder, or with --model a file, that is not there yet.")
    ],
    model: Annotated[
        str, typer.Option(help="Export all about this model, as one signed bundle.")
    ] = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Export the ledger, or a signed bundle about one model; Python alone verifies either.

    Example: attending audit export readmission.tar --model readmission-30d --by caro --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        if model:
            made = bundling.export_bundle(desk, into, model=model)
            said = {"file": str(into), "digest": made.digest, "files": len(made.files)}
            emit(said, as_json=as_json, lines=[f"{len(made.files)} files about {model} in {into}"])
            return
        where = auditing.export(desk, into)
    emit({"folder": str(where)}, as_json=as_json, lines=[f"ledger exported to {where}"])


def fsck(home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False) -> None:
    """Check artifacts, snapshots, rows and ledger against each other; damage ends with exit 4.

    Example: attending fsck --home H
    """  # noqa: DOC501 - the door prints it
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = auditing.fsck(desk)
    broken = {key: value for key, value in found.items() if value}
    emit(
        found,
        as_json=as_json,
        lines=[f"{key}: {len(value) or 'no'} findings" for key, value in found.items()],
    )
    if broken:
        raise IntegrityBroken(
            f"damage in {', '.join(broken)}",
            code="home.damaged",
            hint="Stop, keep the files as they are, and restore from a backup.",
        )
