"""The watch: verdicts by day, findings by cause, figures over time; from a finding to an act.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Form, Request, Response
from pydantic import BaseModel, StringConstraints

from attending.lifecycle import incidents, notifying, proposing, releasing, watched
from attending.lifecycle.desk import Desk
from attending.lifecycle.scoring import deployed_of
from attending.lifecycle.updating import block_of
from attending.lifecycle.watched import Watched
from attending.records.incident import INCIDENT_TYPES
from attending.records.recalibration import RecalibrationProposal
from attending.web import plot
from attending.web.acts import MOST_LETTERS, PASSPHRASE, Act, Field, ask, done
from attending.web.ages import ago
from attending.web.names import check_digest, check_slug
from attending.web.policy import MAKERS, READERS, RELEASERS, STAFF, WARD, Routes
from attending.web.show import asks, may, show
from attending.web.site import site_of

ROUTES = Routes()
Text = Annotated[str, Form(max_length=MOST_LETTERS)]
Written = Annotated[str, StringConstraints(max_length=MOST_LETTERS)]
#: Inputs that are drawn; the table has all.
DRAWN = 12
HARMS = (
    ("low", "low: nobody was misled"),
    ("medium", "medium: a score misled or was not there"),
    ("high", "high: a patient may have been harmed"),
)


class Wrong(BaseModel):
    """What went wrong, and the token of the form."""

    title: Written = ""
    kind: Written = ""
    harm: Written = ""
    drill: Written = ""
    finding: Written = ""
    token: Written = ""


@dataclass(frozen=True)
class Pictures:
    """What the page draws, as places."""

    calendar: tuple[plot.Block, ...]
    followed: tuple[plot.Lines, ...]
    months: plot.Lines | None
    weeks: tuple[plot.Bar, ...]
    inputs: tuple[tuple[plot.Bar, ...], ...]
    bins: tuple[tuple[str, ...], ...]


@ROUTES.add("GET", "/watch", policy=READERS, nav="Watch")
def every(request: Request) -> Response:
    """Show every model with today's answer, and lead to its watch."""
    return show(
        request, "watches.html.j2", crumbs=[("Today", "/")], models=site_of(request).house.models()
    )


@ROUTES.add("GET", "/models/{name}/watch", policy=READERS)
def page(request: Request, name: str) -> Response:
    """Show the watch of one model."""
    house, by = site_of(request).house, asks(request)
    seen, now = house.look(_read, check_slug(name), by=by)
    verdict = seen.standing.verdict
    return show(
        request,
        "watch.html.j2",
        crumbs=_crumbs(name)[:-1],
        seen=seen,
        name=name,
        drawn=_drawn(seen, now.date()),
        age=ago(verdict.at, now) if verdict else "",
        why=verdict.why_now(now) if verdict else "",
        to_do=verdict.to_do_now(now) if verdict else "",
        may_take=may(request, STAFF),
        may_propose=may(request, MAKERS),
        may_roll_back=may(request, RELEASERS),
        may_answer=may(request, WARD),
    )


def _read(desk: Desk, model: str) -> tuple[Watched, datetime]:
    return watched.watched(desk, model), desk.at


def _crumbs(name: str) -> list[tuple[str, str]]:
    return [
        ("Today", "/"),
        (name, f"/models/{name}"),
        ("Watch", f"/models/{name}/watch"),
    ]


def _drawn(seen: Watched, today: date) -> Pictures:
    picture = seen.picture
    inputs = picture.inputs[:DRAWN] if picture else ()
    followed = []
    for one in seen.followed:
        points = [(f"{at:%Y-%m-%d}", m.value, m.low, m.high) for at, m in one.points]
        followed.append(plot.lines(points, bound=one.points[-1][1].bound))
    return Pictures(
        calendar=plot.calendar(seen.days, until=today),
        followed=tuple(followed),
        months=plot.months(picture.months) if picture and picture.months else None,
        weeks=plot.weeks(picture.weeks) if picture else (),
        inputs=tuple(plot.shares(one) for one in inputs),
        bins=tuple(plot.bins(one) for one in inputs),
    )


def _acknowledge(name: str, cause: str) -> Act:
    back = f"/models/{name}/watch"
    return Act(
        title="Take up this cause",
        says=(
            f"You take up {cause} of {name}. It is not escalated any more.",
            "The ledger keeps who took it up, when, and these words.",
        ),
        path=f"{back}/acknowledge",
        button="Take it up",
        back=back,
        fields=(
            Field("cause", "Cause", kind="hidden", value=cause),
            Field("says", "What is done about it", kind="area"),
        ),
    )


@ROUTES.add("GET", "/models/{name}/watch/acknowledge", policy=STAFF)
def acknowledge_form(request: Request, name: str, cause: str = "") -> Response:
    """Ask what is done about a cause."""
    return ask(request, _acknowledge(check_slug(name), cause[:200]), crumbs=_crumbs(name))


@ROUTES.add("POST", "/models/{name}/watch/acknowledge", policy=STAFF)
def acknowledge(
    request: Request, name: str, *, cause: Text = "", says: Text = "", token: Text = ""
) -> Response:
    """Take up a cause."""
    act = _acknowledge(check_slug(name), cause)

    def do() -> str:
        site_of(request).house.look(_take_up, name, cause, says=says, by=asks(request))
        return act.back

    said = {"cause": cause, "says": says}
    return done(request, act, crumbs=_crumbs(name), token=token, said=said, do=do)


def _take_up(desk: Desk, model: str, cause: str, *, says: str) -> None:
    notifying.take_up(desk, deployed_of(desk, model), cause, says=says)


def _incident(name: str, finding: str, title: str) -> Act:
    back = f"/models/{name}/watch"
    return Act(
        title="Open an incident",
        says=(
            f"The playbook of the signed plan of {name} starts now, with a clock for each step.",
            "The ledger keeps who opened it and when. Write no patient's name and no value.",
        ),
        path=f"{back}/incident",
        button="Open the incident",
        back=back,
        fields=(
            Field("finding", "Finding", kind="hidden", value=finding),
            Field("title", "What went wrong, in one line", value=title),
            Field(
                "kind", "What kind it is", kind="choice",
                choices=tuple((one, one.replace("_", " ")) for one in INCIDENT_TYPES),
            ),
            Field("harm", "What may have come of it", kind="choice", choices=HARMS, value="medium"),
            Field(
                "drill", "For real, or practised", kind="choice",
                choices=(("", "for real"), ("drill", "a drill: nobody was touched")),
            ),
        ),
    )  # fmt: skip


@ROUTES.add("GET", "/models/{name}/watch/incident", policy=STAFF)
def incident_form(request: Request, name: str, *, finding: str = "", title: str = "") -> Response:
    """Ask what an incident is about."""
    act = _incident(check_slug(name), finding[:64], title[:200])
    return ask(request, act, crumbs=_crumbs(name))


@ROUTES.add("POST", "/models/{name}/watch/incident", policy=STAFF)
def open_incident(request: Request, name: str, form: Annotated[Wrong, Form()]) -> Response:
    """Open an incident; its page comes next."""
    act = _incident(check_slug(name), form.finding, form.title)
    said = form.model_dump(exclude={"token"})

    def do() -> str:
        opened = site_of(request).house.look(_open, name, form, by=asks(request))
        return f"/incidents/{opened}"

    return done(request, act, crumbs=_crumbs(name), token=form.token, said=said, do=do)


def _open(desk: Desk, model: str, said: Wrong) -> str:
    return incidents.open_incident(
        desk,
        watched.under_plan(desk, model),
        type=incidents.checked_type(said.kind),
        harm=incidents.checked_harm(said.harm),
        title=said.title.strip(),
        finding=said.finding or None,
        drill=bool(said.drill),
    ).digest


def _recalibrate(name: str) -> Act:
    back = f"/models/{name}/watch"
    return Act(
        title="Propose an update",
        says=(
            f"The matured outcomes of {name} are weighed by closed testing; it can take a minute.",
            "They may ask for nothing, another level, another line, or a new fit.",
            "Nothing changes by itself: the clinical owner signs, and every gate is passed again.",
            "The ledger keeps the proposal.",
        ),
        path=f"{back}/recalibrate",
        button="Weigh the outcomes and propose",
        back=back,
    )


@ROUTES.add("GET", "/models/{name}/watch/recalibrate", policy=MAKERS)
def recalibrate_form(request: Request, name: str) -> Response:
    """Ask whether an update is to be proposed."""
    return ask(request, _recalibrate(check_slug(name)), crumbs=_crumbs(name))


@ROUTES.add("POST", "/models/{name}/watch/recalibrate", policy=MAKERS)
def recalibrate(request: Request, name: str, *, token: Text = "") -> Response:
    """Propose an update; the proposal comes next."""

    def do() -> str:
        found = site_of(request).house.look(
            proposing.propose_from_home, check_slug(name), by=asks(request)
        )
        return f"/models/{name}/watch/proposals/{found.digest}"

    act = _recalibrate(check_slug(name))
    return done(request, act, crumbs=_crumbs(name), token=token, said={}, do=do)


@ROUTES.add("GET", "/models/{name}/watch/proposals/{digest}", policy=READERS)
def proposal(request: Request, name: str, digest: str) -> Response:
    """Show a proposal: on what it rests, what it asks for, and who signs it."""
    found = site_of(request).house.look(_proposal, check_digest(digest), by=asks(request))
    return show(
        request,
        "proposal.html.j2",
        crumbs=_crumbs(check_slug(name)),
        found=found,
        digest=digest,
        block=block_of(found),
    )


def _proposal(desk: Desk, digest: str) -> RecalibrationProposal:
    return desk.home.catalog.get(digest, RecalibrationProposal)


def _roll_back(name: str) -> Act:
    back = f"/models/{name}/watch"
    return Act(
        title="Take the version back",
        says=(
            f"The version of {name} that readers get falls to validated, at once.",
            "The version before it answers again; without one the agreed fallback, or nothing.",
            "It must pass its gates again. The ledger keeps the act, signed by you.",
        ),
        path=f"{back}/roll-back",
        button="Roll back now",
        back=back,
        fields=(Field("reason", "Why, in a sentence", kind="area"), PASSPHRASE),
        grave=True,
    )


@ROUTES.add("GET", "/models/{name}/watch/roll-back", policy=RELEASERS)
def roll_back_form(request: Request, name: str) -> Response:
    """Ask why the version is to be taken back."""
    return ask(request, _roll_back(check_slug(name)), crumbs=_crumbs(name))


@ROUTES.add("POST", "/models/{name}/watch/roll-back", policy=RELEASERS)
def roll_back(
    request: Request, name: str, *, reason: Text = "", passphrase: Text = "", token: Text = ""
) -> Response:
    """Take the version back."""
    act, by = _roll_back(check_slug(name)), asks(request)

    def do() -> str:
        site_of(request).house.look(
            _take_back, name, person=by, passphrase=passphrase, reason=reason, by=by
        )
        return act.back

    said = {"reason": reason, "passphrase": passphrase}
    return done(request, act, crumbs=_crumbs(name), token=token, said=said, do=do)


def _take_back(desk: Desk, model: str, *, person: str, passphrase: str, reason: str) -> None:
    plan = watched.under_plan(desk, model)
    releasing.rollback(desk, plan, person=person, passphrase=passphrase, reason=reason)
