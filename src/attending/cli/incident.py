"""Verbs on incidents: open, work the playbook, count whom it touched, review, write to people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    ProjectOption,
    clock,
    emit,
    home_path,
    table,
)
from attending.digests import short
from attending.errors import BadInput, did_you_mean
from attending.lifecycle import incidents
from attending.lifecycle.projects import open_project
from attending.records.incident import INCIDENT_TYPES, READERS, STEPS
from attending.times import format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.incidents import Standing
    from attending.types import Instant


IncidentArgument = Annotated[str, typer.Argument(help="The start of the incident's digest.")]
_HARMS = ("low", "medium", "high")


def _one_of(word: str, known: Sequence[str], *, what: str) -> Any:  # noqa: ANN401 - a literal
    if word not in known:
        raise BadInput(
            f"got {what} '{word}', expected one of {', '.join(known)}",
            code=f"incident.{what}",
            hint=did_you_mean(word, known),
        )
    return word


def incident_open(
    kind: Annotated[str, typer.Argument(metavar="TYPE", help=", ".join(INCIDENT_TYPES))],
    title: Annotated[str, typer.Option(help="One line, without a patient's name or value.")],
    harm: Annotated[str, typer.Option(help="What may have come of it: low, medium, high.")],
    since: Annotated[str, typer.Option(help="When it began to matter. Else now.")] = "",
    version: Annotated[str, typer.Option("--version", help="Such as v1. Else the newest.")] = "",
    finding: Annotated[str, typer.Option(help="The digest of what told of it.")] = "",
    drill: Annotated[bool, typer.Option("--drill", help="Practise: nobody was touched.")] = False,
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Open an incident: the signed plan's playbook starts, with a clock for each step.

    Example: attending incident open outage --title "no scores" --harm low --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = incidents.open_incident(
            desk,
            asked,
            type=cast("Any", _one_of(kind, INCIDENT_TYPES, what="type")),
            harm=cast("Any", _one_of(harm, _HARMS, what="harm")),
            title=title,
            since=parse_instant(since, where="--since") if since else None,
            version=version,
            finding=finding or None,
            drill=drill,
        )
        now = desk.at
    _show(found, now, as_json=as_json)


def incident_ls(
    model: Annotated[str, typer.Option(help="Only of this model.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """List open incidents, what is overdue and whose it is.

    Example: attending incident ls --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = incidents.incidents(desk, model=model, open_only=not all_)
        now = desk.at
    if not as_json:
        table(
            ("incident", "model", "type", "harm", "state", "overdue", "title"),
            [
                (
                    short(one.digest),
                    f"{one.incident.model} {one.incident.version}",
                    one.incident.type + (" (drill)" if one.incident.drill else ""),
                    one.incident.harm,
                    one.state,
                    ", ".join(one.overdue(now)) or "-",
                    one.incident.title,
                )
                for one in found
            ],
        )
    emit([_content(one, now) for one in found], as_json=as_json)


def incident_show(
    incident: IncidentArgument,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one incident: the playbook with its clocks, what was done, whom it touched.

    Example: attending incident show 3f2a --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = incidents.standing_of(desk, incident)
        now = desk.at
    _show(found, now, as_json=as_json)


def incident_step(
    incident: IncidentArgument,
    step: Annotated[str, typer.Argument(help=", ".join(STEPS))],
    says: Annotated[str, typer.Option(help="What was done.")],
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Say that one step of the playbook is done; its owners only, in order.

    Example: attending incident step 3f2a contain --says "version disabled" --by omar --home H
    """
    wanted = cast("Any", _one_of(step, STEPS, what="step"))
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = incidents.do_step(desk, incident, step=wanted, says=says)
        now = desk.at
    _show(found, now, as_json=as_json)


def incident_impact(
    incident: IncidentArgument,
    since: Annotated[str, typer.Option(help="The first prediction time.")],
    until: Annotated[str, typer.Option(help="The last prediction time, not included.")],
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Count whom the incident touched, and keep the list of them.

    Example: attending incident impact 3f2a --since 2026-01-02T00:00:00Z --until \
        2026-01-03T00:00:00Z --by clara --home H
    """
    first, end = parse_instant(since, where="--since"), parse_instant(until, where="--until")
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = incidents.assess(desk, incident, since=first, until=end)
    lines = [
        (
            f"{found.predictions} predictions of {found.patients} patients; {found.flagged} "
            f"flagged, {found.told} shown to somebody, {found.answered} answered by a reader"
        ),
        *(f"  {one.site or 'no site'}: {_few(one.predictions)}" for one in found.sites),
    ]
    emit(found.content(), as_json=as_json, lines=lines)


def _few(count: int | None) -> str:
    return f"fewer than {incidents.FEWEST}" if count is None else str(count)


def incident_list(
    incident: IncidentArgument,
    purpose: Annotated[str, typer.Option(help="Why it is read; kept in the ledger.")],
    out: Annotated[Path, typer.Option(help="A Parquet file that is not there yet.")],
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write the list of those whom the incident touched: requests, patients, scores.

    Example: attending incident list 3f2a --purpose "call the patients" --out touched.parquet
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        rows = incidents.write_touched(desk, incident, purpose=purpose, out=out)
    emit({"file": str(out), "rows": rows}, as_json=as_json, lines=[f"{out}: {rows} predictions"])


def incident_review(
    incident: IncidentArgument,
    root_cause: Annotated[str, typer.Option(help="The technical cause.")],
    clinical_impact: Annotated[str, typer.Option(help="What it did to patients and care.")],
    threshold: Annotated[str, typer.Option(help="Would another threshold have done better?")],
    prevention: Annotated[str, typer.Option(help="What is changed.")],
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write the review; the incident closes when a clinical lead and an operator have signed it.

    Example: attending incident review 3f2a --root-cause "..." --clinical-impact "..." \
        --threshold "..." --prevention "..." --by dana --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = incidents.review(
            desk,
            incident,
            root_cause=root_cause,
            clinical_impact=clinical_impact,
            threshold=threshold,
            prevention=prevention,
        )
    emit(
        {"digest": found.digest, **found.content()},
        as_json=as_json,
        lines=[f"review {short(found.digest)}: to be signed by a clinical lead and an operator"],
    )


def incident_letter(
    incident: IncidentArgument,
    to: Annotated[str, typer.Option(help=", ".join(READERS))],
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a letter about the incident, filled from its records; gaps are marked.

    Example: attending incident letter 3f2a --to clinicians --home H
    """
    reader = cast("Any", _one_of(to, READERS, what="reader"))
    with open_desk(home_path(home), at=clock(at)) as desk:
        text, whole = incidents.letter_of(desk, incident, reader=reader)
    content = {"to": reader, "ready": whole, "text": text}
    emit(content, as_json=as_json, lines=text.splitlines())


def _show(found: Standing, now: Instant, *, as_json: bool) -> None:
    one = found.incident
    drill = " (a drill)" if one.drill else ""
    lines = [
        f"incident {short(found.digest)}{drill}: {one.title}",
        f"{one.model} {one.version}, {one.type}, harm {one.harm}, {found.state}",
        *(_task_line(found, task.step, now) for task in one.tasks),
    ]
    if found.overdue(now):
        lines.append(f"overdue: {', '.join(found.overdue(now))}")
    emit(_content(found, now), as_json=as_json, lines=lines)


def _task_line(found: Standing, step: str, now: Instant) -> str:
    task = next(one for one in found.incident.tasks if one.step == step)
    done = found.done.get(step)
    if done is not None:
        when = f"done {format_instant(done.done_at)} by {done.done_by}"
        return f"  {step}: {when}{', late' if done.late else ''}: {done.says}"
    late = ", OVERDUE" if task.due < now else ""
    due = f"due {format_instant(task.due)}{late}, {' or '.join(task.owners)}"
    return f"  {step}: {due}: {task.what}"


def _content(found: Standing, now: Instant) -> dict[str, Any]:
    return {
        "digest": found.digest,
        "state": found.state,
        "overdue": list(found.overdue(now)),
        "incident": found.incident.content(),
        "done": {step: one.content() for step, one in found.done.items()},
        "impact": found.impact.content() if found.impact else None,
        "review": {"digest": found.review.digest, **found.review.content()}
        if found.review
        else None,
        "signed_by": list(found.signed),
    }
