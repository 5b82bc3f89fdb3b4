"""Incidents: what is open with its clocks, the playbook, whom it touched, letters, the review.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, StringConstraints

from attending.errors import AttendingError
from attending.lifecycle import incidents
from attending.lifecycle.desk import Desk, in_view
from attending.lifecycle.incidents import Standing
from attending.lifecycle.people import printed_names
from attending.lifecycle.signing import approvals_on
from attending.records.governance import Approval
from attending.records.incident import READERS as FOR_WHOM
from attending.records.incident import STEPS
from attending.times import format_instant, parse_instant
from attending.web.acts import MOST_LETTERS, Act, Field, ask, done
from attending.web.ages import left
from attending.web.names import check_digest
from attending.web.policy import CARERS, READERS, STAFF, Routes
from attending.web.show import asks, may, show
from attending.web.site import check_form, session_of, site_of
from attending.web.tables import cell

ROUTES = Routes()
Text = Annotated[str, Form(max_length=MOST_LETTERS)]
Written = Annotated[str, StringConstraints(max_length=MOST_LETTERS)]
_STEP_SAYS = {
    "notify": "Tell those whom the plan names",
    "contain": "Stop the harm",
    "assess": "Count whom it touched",
    "communicate": "Tell clinicians, patients and leadership",
}


class Review(BaseModel):
    """What a review says, and the token of the form."""

    root_cause: Written = ""
    clinical_impact: Written = ""
    threshold: Written = ""
    prevention: Written = ""
    token: Written = ""


@dataclass(frozen=True)
class Opened:
    """One incident as its page shows it: where it stands, who signed, the letters, the clock.

    Attributes:
        letters: by reader, the text and whether it says everything.
        turn: the step that is next; empty when all are done.
        names: by login the printed name.
    """

    stands: Standing
    signatures: tuple[Approval, ...]
    letters: dict[str, tuple[str, bool]]
    turn: str
    now: datetime
    names: dict[str, str]


@ROUTES.add("GET", "/incidents", policy=READERS, nav="Incidents")
def every(request: Request) -> Response:
    """Show open incidents with what is late, then those that are closed."""
    found, now = site_of(request).house.look(_every, by=asks(request))
    return show(
        request,
        "incidents.html.j2",
        crumbs=[("Today", "/")],
        open_ones=[one for one in found if not one.closed],
        closed=[one for one in reversed(found) if one.closed],
        now=now,
        models=site_of(request).house.models(),
        may_work=may(request, STAFF),
    )


def _every(desk: Desk) -> tuple[tuple[Standing, ...], datetime]:
    return incidents.incidents(in_view(desk)), desk.at


@ROUTES.add("GET", "/incidents/{digest}", policy=READERS)
def page(request: Request, digest: str) -> Response:
    """Show one incident: playbook with clocks, impact, letters, review and who signed it."""
    by = asks(request)
    found = site_of(request).house.look(_opened, check_digest(digest), by=by)
    owners = {task.step: by in task.owners for task in found.stands.incident.tasks}
    return show(
        request,
        "incident.html.j2",
        crumbs=_crumbs(),
        found=found,
        mine=owners,
        step_says=_STEP_SAYS,
        clock={task.step: left(task.due, found.now) for task in found.stands.open_tasks()},
        may_work=may(request, STAFF),
        may_read_list=may(request, CARERS),
    )


def _opened(desk: Desk, digest: str) -> Opened:
    stands = incidents.standing_of(desk, digest)
    left = [task.step for task in stands.open_tasks()]
    return Opened(
        stands=stands,
        signatures=approvals_on(desk, stands.review.digest) if stands.review else (),
        letters=_letters(desk, digest),
        turn=next((step for step in STEPS if step in left), ""),
        now=desk.at,
        names=printed_names(desk),
    )


def _letters(desk: Desk, digest: str) -> dict[str, tuple[str, bool]]:
    """Return the letters; none where the plan of the version is not signed any longer."""
    try:
        return {who: incidents.letter_of(desk, digest, reader=who) for who in FOR_WHOM}
    except AttendingError:
        return {}


def _crumbs(digest: str = "") -> list[tuple[str, str]]:
    above = [("Today", "/"), ("Incidents", "/incidents")]
    return [*above, ("The incident", f"/incidents/{digest}")] if digest else above


@ROUTES.add("GET", "/incidents/{digest}/step", policy=STAFF)
def step_form(request: Request, digest: str, step: str = "") -> Response:
    """Ask what was done at one step of the playbook; without a step, show the incident."""
    if not step:
        return RedirectResponse(f"/incidents/{check_digest(digest)}", status_code=303)
    act = _step(check_digest(digest), incidents.checked_step(step))
    return ask(request, act, crumbs=_crumbs(digest))


def _step(digest: str, step: str) -> Act:
    return Act(
        title=f"{_STEP_SAYS[step]}: done",
        says=(
            f"You say that the step {step} of the playbook is done. Only its owners may, in order.",
            "It is kept once and stays as it is. Write no patient's name and no value.",
        ),
        path=f"/incidents/{digest}/step",
        button="It is done",
        back=f"/incidents/{digest}",
        fields=(
            Field("step", "Step", kind="hidden", value=step),
            Field("says", "What was done", kind="area"),
        ),
    )


@ROUTES.add("POST", "/incidents/{digest}/step", policy=STAFF)
def step_done(
    request: Request, digest: str, *, step: Text = "", says: Text = "", token: Text = ""
) -> Response:
    """Keep that one step of the playbook is done."""
    named = incidents.checked_step(step)
    act = _step(check_digest(digest), named)

    def do() -> str:
        site_of(request).house.look(
            incidents.do_step, digest, step=named, says=says.strip(), by=asks(request)
        )
        return act.back

    said = {"step": step, "says": says}
    return done(request, act, crumbs=_crumbs(digest), token=token, said=said, do=do)


@ROUTES.add("GET", "/incidents/{digest}/impact", policy=STAFF)
def impact_form(request: Request, digest: str) -> Response:
    """Ask over which predictions an incident reached."""
    found = site_of(request).house.look(_opened, check_digest(digest), by=asks(request))
    since = format_instant(found.stands.incident.since)
    act = _impact(digest, since=since, until=format_instant(found.now))
    return ask(request, act, crumbs=_crumbs(digest))


def _impact(digest: str, *, since: str = "", until: str = "") -> Act:
    return Act(
        title="Count whom it touched",
        says=(
            "Everyone whom the version scored in this time is counted and listed.",
            "The list is kept; it is read with a purpose alone.",
        ),
        path=f"/incidents/{digest}/impact",
        button="Count them",
        back=f"/incidents/{digest}",
        fields=(
            Field("since", "The first prediction time", value=since, help="In UTC, as here."),
            Field("until", "The end, not included", value=until, help="In UTC, as here."),
        ),
    )


@ROUTES.add("POST", "/incidents/{digest}/impact", policy=STAFF)
def impact(
    request: Request, digest: str, *, since: Text = "", until: Text = "", token: Text = ""
) -> Response:
    """Count whom an incident touched."""
    act = _impact(check_digest(digest))

    def do() -> str:
        first = parse_instant(since, where="since")
        end = parse_instant(until, where="until")
        site_of(request).house.look(
            incidents.assess, digest, since=first, until=end, by=asks(request)
        )
        return act.back

    said = {"since": since, "until": until}
    return done(request, act, crumbs=_crumbs(digest), token=token, said=said, do=do)


@ROUTES.add("GET", "/incidents/{digest}/review", policy=STAFF)
def review_form(request: Request, digest: str) -> Response:
    """Ask what was behind an incident."""
    return ask(request, _review(check_digest(digest)), crumbs=_crumbs(digest))


def _review(digest: str) -> Act:
    return Act(
        title="Write the review",
        says=(
            "The incident closes when a clinical lead and an operator have signed this review.",
            "Who writes it does not sign it.",
        ),
        path=f"/incidents/{digest}/review",
        button="Keep the review, to be signed",
        back=f"/incidents/{digest}",
        fields=(
            Field("root_cause", "The technical cause", kind="area"),
            Field("clinical_impact", "What it did to patients and to care", kind="area"),
            Field("threshold", "Would another threshold have done better?", kind="area"),
            Field("prevention", "What is changed so that it does not happen again", kind="area"),
        ),
    )


@ROUTES.add("POST", "/incidents/{digest}/review", policy=STAFF)
def review(request: Request, digest: str, form: Annotated[Review, Form()]) -> Response:
    """Keep a review, to be signed."""
    act, said = _review(check_digest(digest)), form.model_dump(exclude={"token"})

    def do() -> str:
        site_of(request).house.look(incidents.review, digest, **said, by=asks(request))
        return act.back

    return done(request, act, crumbs=_crumbs(digest), token=form.token, said=said, do=do)


@ROUTES.add("POST", "/incidents/{digest}/list", policy=CARERS)
def touched(request: Request, digest: str, *, purpose: Text = "", token: Text = "") -> Response:
    """Return the list of those whom an incident touched as CSV; the purpose is kept."""
    check_form(request, token=token, bound_to=session_of(request))
    rows = site_of(request).house.look(
        incidents.touched, check_digest(digest), purpose=purpose, by=asks(request)
    )
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(rows.column_names)
    for row in rows.to_pylist():
        writer.writerow([cell(value) for value in row.values()])
    name = f"incident-{digest[:12]}.csv"
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(out.getvalue(), headers=headers)
