"""Verbs of service: release, score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    ERR,
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    ProjectOption,
    SnapshotOption,
    clock,
    emit,
    home_path,
    passphrase_from,
    progress,
    table,
)
from attending.cli.trust import PassphraseOption
from attending.digests import short
from attending.lifecycle import (
    canaries,
    deciding,
    emergencies,
    holding,
    releasing,
    retiring,
    rolling_back,
    scoring,
    signing,
    training,
)
from attending.lifecycle.decided_thresholds import ALL
from attending.lifecycle.projects import open_project
from attending.specs.release import check_stage
from attending.times import parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment

VersionOption = Annotated[str, typer.Option("--version", help="Such as v1. Else the newest.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="One sentence.")]
AsOption = Annotated[str, typer.Option("--as", help="Who signs the act, by login.")]


def release_propose(
    run: Annotated[str, typer.Option(help="The start of a run's digest. Else the newest.")] = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Keep the release plan, data permission and threshold decision, so that they can be signed.

    Example: attending release propose --project P --by dana --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = signing.propose_specs(desk, asked)
        decided = _decided(desk, asked, run)
    documents = {**found, **decided}
    emit(documents, as_json=as_json, lines=[f"{kind}: {d}" for kind, d in documents.items()])


def _decided(desk: Desk, asked: Project, run: str) -> dict[str, str]:
    """Return the digests of the threshold decisions, one a place; none before a validation."""
    found = training.latest_run(desk, asked, run)
    if not deciding.validated(desk, found):
        return {}
    made = deciding.decide_thresholds(desk, asked, found)
    return {
        "threshold" if one.place == ALL else f"threshold {one.place}": one.digest for one in made
    }


def release_drill(
    run: Annotated[str, typer.Option(help="The start of a run's digest. Else the newest.")] = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Walk the way back: roll back in memory and compute the fallback score for real.

    Example: attending release drill --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        drill = releasing.drill_rollback(desk, asked, releasing.model_of_drill(desk, asked, run))
        review = releasing.review_access(desk)
    emit(
        {"drill": drill.content(), "access": review.content()},
        as_json=as_json,
        lines=[*drill.steps, f"access and ledger reviewed: {'ok' if review.ok else 'not ok'}"],
    )


def release_advance(
    stage: Annotated[str, typer.Argument(help="The next stage.")],
    run: Annotated[str, typer.Option(help="The start of a run's digest. Else the newest.")] = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Advance one stage; the gate's open conditions end it with exit 3.

    Example: attending release advance silent --project P --by omar --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        stands = releasing.advance(desk, asked, check_stage(stage), run=run)
        kept = canaries.keep_at_release(desk, asked, stands)
    lines = [f"{stands.model}@{stands.version} stage={stands.stage}", *([kept] if kept else [])]
    emit({"digest": stands.digest, **stands.content()}, as_json=as_json, lines=lines)


def release_status(
    model: Annotated[str, typer.Argument(help="A model's name. Else all.")] = "",
    project: Annotated[
        Path | None, typer.Option("--project", "-p", help="Compare its plan with the signed one.")
    ] = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where every version stands, and whether what was signed for it still holds.

    Changed bytes end with exit 4; a void or old signature, or a plan that drifted, with exit 3.

    Example: attending release status readmission-30d --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = releasing.status(desk, model)
        held = {d.digest: holding.signatures_of(desk, d) for d in found}
        told = [{**d.content(), "signatures": [one.says for one in held[d.digest]]} for d in found]
        late = [one for one in emergencies.all_owed(desk) if one.due <= desk.at]
        _tell_status(found, told, as_json=as_json)
        for one in late:
            ERR.print(f"OVERDUE review: {one.what} by {one.by}", markup=False)
        for stands in found:
            holding.require_held(desk, stands)
        if project is not None:
            releasing.drifted(desk, open_project(project))


def _tell_status(
    found: Sequence[Deployment], told: Sequence[dict[str, Any]], *, as_json: bool
) -> None:
    if not as_json:
        table(
            ("model", "version", "stage", "answers", "since", "run"),
            [(d.model, d.version, d.stage, d.serves, d.effective_at, short(d.run)) for d in found],
        )
    lines = [line for one in told for line in one["signatures"]]
    emit(list(told), as_json=as_json, lines=lines)


def _act(name: str, project: Path, *, home: Path | None, at: str | None, **said: str) -> list[str]:
    acts: dict[str, Callable[..., tuple[Deployment, ...]]] = {
        "rollback": releasing.rollback,
        "disable": releasing.disable,
        "enable": releasing.enable,
        "retire": retiring.retire,
    }
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), actor=said["person"]) as desk:
        found = acts[name](desk, asked, **said)
    return [f"{d.model}@{d.version} stage={d.stage} answers={d.serves}" for d in found]


def release_rollback(
    person: AsOption,
    reason: ReasonOption,
    project: ProjectOption = Path(),
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back the version that answers; the one before it or the fallback answers at once.

    Example: attending release rollback --as omar --reason "alerts doubled" --project P --home H
    """
    said = {"person": person, "passphrase": passphrase_from(passphrase_file), "reason": reason}
    lines = _act("rollback", project, home=home, at=at, **said)
    emit({"stands": lines}, as_json=as_json, lines=lines)


def release_criteria(
    act: Annotated[
        bool, typer.Option("--act", help="Take back the version that breaches one.")
    ] = False,
    version: VersionOption = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold the signed plan's rollback criteria against what happened; --act takes back.

    Example: attending release criteria --act --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at)) as desk:
        if act:
            found = rolling_back.enforce(desk, asked, version=version)
        else:
            found = rolling_back.Taken(rolling_back.criteria(desk, asked, version=version))
    lines = [one.words for one in found.judged]
    lines += [f"taken back: {d.model}@{d.version} stage={d.stage}" for d in found.stands]
    content = {
        "criteria": [vars(one) for one in found.judged],
        "stands": [d.content() for d in found.stands],
        "incident": found.incident,
    }
    emit(content, as_json=as_json, lines=lines)


def release_disable(
    person: AsOption,
    reason: ReasonOption,
    project: ProjectOption = Path(),
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a version at once; nobody is answered until it is enabled, signed.

    Example: attending release disable --as omar --reason "feed is down" --project P --home H
    """
    said = {"person": person, "passphrase": passphrase_from(passphrase_file), "reason": reason}
    lines = _act("disable", project, home=home, at=at, **said)
    emit({"stands": lines}, as_json=as_json, lines=lines)


def release_enable(
    person: AsOption,
    reason: ReasonOption,
    project: ProjectOption = Path(),
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a disabled version answer again, in the stage that it had.

    Example: attending release enable --as omar --reason "feed is back" --project P --home H
    """
    said = {"person": person, "passphrase": passphrase_from(passphrase_file), "reason": reason}
    lines = _act("enable", project, home=home, at=at, **said)
    emit({"stands": lines}, as_json=as_json, lines=lines)


def release_retire(
    person: AsOption,
    reason: ReasonOption,
    version: VersionOption = "",
    project: ProjectOption = Path(),
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a version for good, the newest unless named; callers read since when, records stay.

    Example: attending release retire --version v1 --as clara --reason "v2 does it better"
    --project P --home H
    """
    said = {"person": person, "passphrase": passphrase_from(passphrase_file), "reason": reason}
    lines = _act("retire", project, home=home, at=at, version=version, **said)
    emit({"stands": lines}, as_json=as_json, lines=lines)


def score(
    project: ProjectOption = Path(),
    snapshot: SnapshotOption = "",
    since: Annotated[
        str, typer.Option(help="First prediction time. Else the start of silent.")
    ] = "",
    until: Annotated[str, typer.Option(help="Last prediction time, not included. Else now.")] = "",
    outcomes: Annotated[bool, typer.Option(help="Join outcomes after scoring.")] = True,
    version: VersionOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Score every patient who is due, obeying scope and verdict, and join outcomes.

    Example: attending score --project P --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("scoring") as each,
    ):
        done = scoring.score(
            desk,
            asked,
            snapshot=snapshot,
            since=parse_instant(since, where="--since") if since else None,
            until=parse_instant(until, where="--until") if until else None,
            version=version,
            each=each,
        )
        joined = (
            scoring.join_outcomes(desk, asked, snapshot=snapshot, version=version)
            if outcomes
            else None
        )
    b = done.record
    lines = [
        (
            f"{b.n} predictions: {b.n_live} with the model's score, {b.n_fallback} fallback, "
            f"{b.n_no_score} without a score, {b.n_flagged} flagged"
        ),
        *(f"  {reason.reason}: {reason.n}" for reason in b.reasons),
    ]
    if joined is not None:
        lines.append(
            f"outcomes: {joined.n_matured} mature ({joined.n_events} events), "
            f"{joined.n_immature} not yet, {joined.n_competing} competing, {joined.n_lost} lost"
        )
    content = {"batch": b.content(), "outcomes": joined.content() if joined else None}
    emit(content, as_json=as_json, lines=lines)
