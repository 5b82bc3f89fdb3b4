"""Incidents: opened by a person or a monitor, worked by the playbook, closed by signatures."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pyarrow as pa

from attending.documents.incident_letters import Told, letter, ready
from attending.errors import BadInput, Denied, NotFound, Refused, did_you_mean
from attending.govern.playbook import CLOSERS, REVIEW_DAYS, tasks
from attending.lifecycle.desk import keep, keep_in, note
from attending.lifecycle.people import printed_names
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.scoring import deployed_of, request_of
from attending.lifecycle.signing import standing_approvals
from attending.lifecycle.tables import table_bytes, table_from
from attending.records.incident import (
    HARMS,
    INCIDENT_TYPES,
    STEPS,
    Incident,
    IncidentImpact,
    IncidentReview,
    IncidentStep,
    SiteCount,
)
from attending.records.ledger import Subject
from attending.stores.files import write_once

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.records.incident import Harm, IncidentType, Reader, Step, Task
    from attending.records.release import Deployment
    from attending.stores.unit import Unit
    from attending.types import Instant

W = TypeVar("W")
#: Fewer predictions of a site than this are not told apart.
FEWEST = 11
_SHORTEST_PURPOSE, _SHORTEST_PART = 10, 20
_NOTHING = frozenset({"", "tbd", "n/a", "na", "none", "to be done", "unknown", "-"})
_IMPACT = pa.schema(
    [
        ("request_id", pa.string()),
        ("subject_id", pa.int64()),
        ("prediction_time", pa.string()),
        ("site", pa.string()),
        ("stage", pa.string()),
        ("score", pa.float64()),
        ("flagged", pa.bool_()),
        ("answers", pa.int32()),
    ]
)


class Named(Protocol):
    """What has the name of a model: a project, or a plan that was signed."""

    @property
    def name(self) -> str:
        """Return the model's name."""
        ...


@dataclass(frozen=True)
class Standing:
    """Where an incident stands."""

    digest: str
    incident: Incident
    done: dict[str, IncidentStep]
    impact: IncidentImpact | None
    review: IncidentReview | None
    signed: tuple[str, ...]

    @property
    def closed(self) -> bool:
        """Return whether every role that closes it has signed its review."""
        return set(CLOSERS) <= set(self.signed)

    def open_tasks(self) -> tuple[Task, ...]:
        """Return the steps that are not done."""
        return tuple(task for task in self.incident.tasks if task.step not in self.done)

    def overdue(self, at: Instant) -> tuple[str, ...]:
        """Return what should have been done by an instant: steps, and the review."""
        if self.closed:
            return ()
        late = [task.step for task in self.open_tasks() if task.due < at]
        owed = self.incident.opened_at + timedelta(days=REVIEW_DAYS[self.incident.harm])
        return (*late, *(["review"] if owed < at else []))

    @property
    def state(self) -> str:
        """Return where it stands, in one word."""
        if self.closed:
            return "closed"
        if self.review is not None:
            return "in review"
        return "contained" if "contain" in self.done else "open"


def open_incident(  # noqa: PLR0913 - an incident has these parts
    desk: Desk,
    project: Named,
    *,
    type: IncidentType,  # noqa: A002 - the record's word
    harm: Harm,
    title: str,
    since: Instant | None = None,
    version: str = "",
    finding: str | None = None,
    drill: bool = False,
) -> Standing:
    """Return an incident that is now open, with the steps of the signed plan and their clocks.

    Args:
        desk: where, when, and who opens it.
        project: whose model it is about.
        type: what went wrong.
        harm: what may have come of it; sets the clocks.
        title: one line, without a patient's name or value.
        since: when it began to matter; now if absent.
        version: such as `v1`; the newest that scores when empty.
        finding: the digest of the monitor report or verdict that told of it.
        drill: the playbook is practised.

    Raises:
        Refused: no version stands in silent or later, or its plan is not signed.
        NotFound: there is no such finding.
        BadInput: it began after now.
    """
    if since is not None and since > desk.at:
        raise BadInput("got an incident that begins after now", code="incident.since")
    record = drawn(
        desk,
        deployed_of(desk, project.name, version),
        type=type,
        harm=harm,
        title=title,
        since=since,
        finding=finding,
        drill=drill,
    )
    with desk.home.database.transaction() as unit:
        digest = keep_opened(desk, unit, record)
    return standing_of(desk, digest)


def drawn(  # noqa: PLR0913 - an incident has these parts
    desk: Desk,
    stands: Deployment,
    *,
    type: IncidentType,  # noqa: A002 - the record's word
    harm: Harm,
    title: str,
    since: Instant | None = None,
    finding: str | None = None,
    drill: bool = False,
) -> Incident:
    """Return an incident about a version as `open_incident` opens it; nothing is kept.

    Raises:
        Refused: the plan of the version is not signed.
        NotFound: there is no such finding.
    """
    plan = signed_plan(desk, stands).spec
    return Incident(
        model=stands.model,
        version=stands.version,
        type=type,
        harm=harm,
        title=title,
        since=since or desk.at,
        opened_at=desk.at,
        opened_by=desk.actor,
        finding=desk.home.catalog.find(finding) if finding else None,
        drill=drill,
        tasks=tasks(plan, harm=harm, at=desk.at),
    )


def keep_opened(desk: Desk, unit: Unit, record: Incident) -> str:
    """Return the digest of an incident that is now open, kept with its ledger entry."""
    return keep_in(
        desk,
        unit,
        record,
        action="incident.open",
        keys={"model": record.model, "version": record.version},
        details={"type": record.type, "harm": record.harm, "drill": record.drill},
    )


def checked_type(word: str) -> IncidentType:
    """Return the type of incident of that name; an unknown one is bad input."""
    return _checked(word, INCIDENT_TYPES, what="type")


def checked_harm(word: str) -> Harm:
    """Return the harm of that name; an unknown one is bad input."""
    return _checked(word, HARMS, what="harm")


def checked_step(word: str) -> Step:
    """Return the step of the playbook of that name; an unknown one is bad input."""
    return _checked(word, STEPS, what="step")


def _checked(word: str, known: tuple[W, ...], *, what: str) -> W:
    for one in known:
        if one == word:
            return one
    raise BadInput(
        f"got another {what} than {', '.join(map(str, known))}",
        code=f"incident.{what}",
        hint=did_you_mean(word, [str(one) for one in known]),
    )


def standing_of(desk: Desk, incident: str) -> Standing:
    """Return where an incident stands.

    Args:
        desk: where.
        incident: the start of its digest.

    Raises:
        NotFound: there is no such incident.
    """
    catalog = desk.home.catalog
    digest = catalog.find(incident)
    if catalog.content(digest)["kind"] != Incident.kind:
        raise NotFound("that digest names no incident", code="incident.missing")
    review = catalog.latest(IncidentReview, incident=digest)
    signed = standing_approvals(desk, review.digest) if review else ()
    return Standing(
        digest=digest,
        incident=catalog.get(digest, Incident),
        done={one.step: one for one in catalog.all(IncidentStep, incident=digest)},
        impact=catalog.latest(IncidentImpact, incident=digest),
        review=review,
        signed=tuple(one.role for one in signed),
    )


def incidents(desk: Desk, *, model: str = "", open_only: bool = False) -> tuple[Standing, ...]:
    """Return where the incidents of a model, or of all, stand; oldest first."""
    keys = {"model": model} if model else {}
    found = [standing_of(desk, one.digest) for one in desk.home.catalog.all(Incident, **keys)]
    return tuple(one for one in found if not (open_only and one.closed))


def do_step(desk: Desk, incident: str, *, step: Step, says: str) -> Standing:
    """Return where an incident stands after one step of its playbook was done.

    Args:
        desk: where, when, and who did it.
        incident: the start of its digest.
        step: of the playbook; each is done once, in order.
        says: what was done, without a patient's name or value.

    Raises:
        Denied: the step is another person's.
        Refused: the step is done, an earlier one is not, or the incident is closed.
    """
    stands = standing_of(desk, incident)
    task = next(one for one in stands.incident.tasks if one.step == step)
    if desk.actor not in task.owners:
        raise Denied(f"this step is for {' or '.join(task.owners)}", code="incident.owner")
    before = [one for one in STEPS[: STEPS.index(step)] if one not in stands.done]
    if stands.closed or step in stands.done or before:
        raise Refused(
            f"step {step} cannot be done now",
            code="incident.order",
            hint=f"First: {', '.join(before)}." if before else "It is done.",
        )
    record = IncidentStep(
        incident=stands.digest,
        step=step,
        says=says,
        done_at=desk.at,
        done_by=desk.actor,
        late=desk.at > task.due,
    )
    keep(
        desk,
        record,
        action="incident.step",
        keys={"incident": stands.digest, "step": step},
        details={"step": step, "late": record.late},
    )
    return standing_of(desk, stands.digest)


def assess(desk: Desk, incident: str, *, since: Instant, until: Instant) -> IncidentImpact:
    """Return whom an incident touched: everyone whom its version scored in a time, listed.

    Args:
        desk: where, when, and who asks; the list is an artifact of the home.
        incident: the start of its digest.
        since: the first prediction time.
        until: the end of prediction times, not included.

    Raises:
        BadInput: the end lies before the beginning.
    """
    if until <= since:
        raise BadInput("got an end that lies before the beginning", code="incident.period")
    stands = standing_of(desk, incident)
    model, version = stands.incident.model, stands.incident.version
    rows = _touched(desk, model, version, since=since, until=until)
    table = pa.Table.from_pylist(rows, schema=_IMPACT)
    sites = Counter(row["site"] or "" for row in rows)
    record = IncidentImpact(
        incident=stands.digest,
        since=since,
        until=until,
        predictions=len(rows),
        patients=len({row["subject_id"] for row in rows}),
        flagged=sum(bool(row["flagged"]) for row in rows),
        told=sum(row["stage"] != "silent" for row in rows),
        answered=sum(row["answers"] > 0 for row in rows),
        sites=tuple(
            SiteCount(site=site, predictions=n if n >= FEWEST else None)
            for site, n in sorted(sites.items())
        ),
        list=desk.home.artifacts.put(table_bytes(table)),
    )
    keep(
        desk,
        record,
        action="incident.impact",
        keys={"incident": stands.digest, "model": model},
        details={"predictions": record.predictions, "patients": record.patients},
    )
    return record


def _touched(
    desk: Desk, model: str, version: str, *, since: Instant, until: Instant
) -> list[dict[str, Any]]:
    said = Counter(one.request_id for one in desk.home.predictions.answers_of_model(model))
    made = map(json.loads, desk.home.predictions.contents(model, since=since, until=until))
    rows = []
    for content in made:
        request = request_of(content)
        if content["version"] == version:
            plain = {name: content[name] for name in ("prediction_time", "site", "stage")}
            scored = {name: content[name] for name in ("score", "flagged")}
            whose = {"request_id": request, "subject_id": int(content["subject_id"])}
            rows.append(whose | plain | scored | {"answers": said[request]})
    return rows


def touched(desk: Desk, incident: str, *, purpose: str) -> pa.Table:
    """Return the list of those whom an incident touched; who reads it and why is kept.

    Args:
        desk: where, when, and who reads it.
        incident: the start of its digest.
        purpose: one sentence.

    Raises:
        NotFound: nobody has assessed it yet.
        BadInput: no purpose is given.
    """
    if len(purpose.strip()) < _SHORTEST_PURPOSE:
        raise BadInput("expected the purpose in a sentence", code="incident.purpose")
    stands = standing_of(desk, incident)
    if stands.impact is None:
        raise NotFound("nobody has assessed this incident yet", code="incident.impact")
    with desk.home.database.transaction() as unit:
        subject = Subject(kind=IncidentImpact.kind, digest=stands.impact.digest)
        note(desk, unit, action="incident.read", subject=subject, details={"purpose": purpose})
    return table_from(desk.home.artifacts.read(stands.impact.list))


def write_touched(desk: Desk, incident: str, *, purpose: str, out: Path) -> int:
    """Return how many predictions were written into a new Parquet file.

    Args:
        desk: where, when, and who reads it.
        incident: the start of its digest.
        purpose: one sentence.
        out: a file that is not there yet.

    Raises:
        BadInput: the file is there, or no purpose is given.
        NotFound: nobody has assessed the incident yet.
    """
    if out.exists():
        raise BadInput("there is a file already", code="incident.out", where=str(out))
    table = touched(desk, incident, purpose=purpose)
    write_once(out, table_bytes(table), mode=0o600)
    return int(table.num_rows)


def review(
    desk: Desk,
    incident: str,
    *,
    root_cause: str,
    clinical_impact: str,
    threshold: str,
    prevention: str,
) -> IncidentReview:
    """Return the review of an incident, kept to be signed; the incident closes by the signatures.

    Args:
        desk: where, when, and who writes it.
        incident: the start of its digest.
        root_cause: the technical cause.
        clinical_impact: what it did to patients and to care.
        threshold: whether another threshold would have done better, and what follows.
        prevention: what is changed so that it does not happen again.

    Raises:
        Refused: a step of the playbook is not done, nobody was counted, or it is closed.
        BadInput: a part says nothing.
    """
    stands = standing_of(desk, incident)
    left = [one.step for one in stands.open_tasks()]
    if stands.closed or left or stands.impact is None:
        why = "it is closed" if stands.closed else "steps are left or nobody was counted"
        raise Refused(
            f"this incident cannot be reviewed now: {why}",
            code="incident.not_worked",
            hint=f"Left: {', '.join(left) or 'attending incident impact'}.",
        )
    parts = {
        "root_cause": root_cause,
        "clinical_impact": clinical_impact,
        "threshold": threshold,
        "prevention": prevention,
    }
    empty = [name for name, says in parts.items() if _says_nothing(says)]
    if empty:
        raise BadInput(
            f"{', '.join(empty)} say nothing",
            code="incident.empty",
            hint="Write what was found; where it is nothing, say how that is known.",
        )
    record = IncidentReview(
        incident=stands.digest,
        model=stands.incident.model,
        impact=stands.impact.digest,
        steps=tuple(stands.done[step].digest for step in STEPS),
        authors=(desk.actor,),
        **parts,
    )
    keep(
        desk,
        record,
        action="incident.review",
        keys={"incident": stands.digest, "model": record.model},
    )
    return record


def _says_nothing(text: str) -> bool:
    return text.strip().lower().rstrip(".") in _NOTHING or len(text.strip()) < _SHORTEST_PART


def letter_of(desk: Desk, incident: str, *, reader: Reader) -> tuple[str, bool]:
    """Return a letter about an incident, filled from its records, and whether it says everything.

    Args:
        desk: where.
        incident: the start of its digest.
        reader: for whom.

    Raises:
        NotFound: there is no such incident.
    """
    stands = standing_of(desk, incident)
    history = desk.home.deployments.history(stands.incident.model, version=stands.incident.version)
    plan = next(one for one in reversed(history) if one.release_spec)
    spec = signed_plan(desk, plan).spec
    told = Told(
        stands.incident, spec, stands.impact, stands.review, printed_names(desk),
        contained=stands.done["contain"].says if "contain" in stands.done else "",
        closed=stands.closed,
    )  # fmt: skip
    text = letter(told, reader)
    return text, ready(text)
