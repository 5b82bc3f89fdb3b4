"""People: who is here in which roles, what each role may sign; an administrator changes it.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from typing import Annotated

from fastapi import Form, Request, Response
from pydantic import BaseModel, StringConstraints

from attending.errors import AttendingError, BadInput
from attending.lifecycle import accounts, inviting
from attending.lifecycle.desk import Desk
from attending.lifecycle.roster import Roster, roster
from attending.web.acts import PASSPHRASE, Act, Field, ask, done
from attending.web.names import check_person
from attending.web.policy import ADMINISTRATORS, PEOPLE, Routes
from attending.web.show import asks, may, show
from attending.web.site import check_form, session_of, site_of

ROUTES = Routes()
Written = Annotated[str, StringConstraints(max_length=200)]
_CRUMBS = [("Today", "/"), ("People", "/people")]
CHANGES = {
    "grant": "give a role",
    "revoke": "take a role",
    "disable": "disable: may act no more; what was signed stays",
    "enable": "enable again",
    "vouch": "answer for the person, who was added before there was an administrator",
}


class Change(BaseModel):
    """What is changed of a person, and the token of the form."""

    what: Written = ""
    role: Written = ""
    passphrase: Written = ""
    token: Written = ""


class Invited(BaseModel):
    """Who is invited, and the token of the form."""

    person: Written = ""
    name: Written = ""
    role: Written = ""
    passphrase: Written = ""
    token: Written = ""


@ROUTES.add("GET", "/people", policy=PEOPLE, nav="People")
def page(request: Request) -> Response:
    """Show everyone who is here, and every role."""
    found = site_of(request).house.look(roster, by=asks(request))
    return show(
        request,
        "people.html.j2",
        crumbs=_CRUMBS[:1],
        found=found,
        me=asks(request),
        may_change=may(request, ADMINISTRATORS),
    )


def _roles(found: Roster) -> tuple[tuple[str, str], ...]:
    return tuple((one.role, f"{one.title}: {one.answers_for}") for one in found.roles)


def _change(found: Roster, person: str) -> Act:
    return Act(
        title=f"Change {person}",
        says=(
            "A role counts from the next request on. Nobody changes their own.",
            "The ledger keeps the change with your name.",
        ),
        path=f"/people/{person}/change",
        button="Change it",
        back="/people",
        fields=(
            Field("what", "What", kind="choice", choices=tuple(CHANGES.items())),
            Field(
                "role", "Role", kind="choice", help="For a role that is given or taken.",
                choices=_roles(found),
            ),
            PASSPHRASE,
        ),
    )  # fmt: skip


@ROUTES.add("GET", "/people/{person}/change", policy=ADMINISTRATORS)
def change_form(request: Request, person: str) -> Response:
    """Ask what is to be changed of a person."""
    found = site_of(request).house.look(roster, by=asks(request))
    return ask(request, _change(found, check_person(person)), crumbs=_CRUMBS)


@ROUTES.add("POST", "/people/{person}/change", policy=ADMINISTRATORS)
def change(request: Request, person: str, form: Annotated[Change, Form()]) -> Response:
    """Change a person."""
    house, by = site_of(request).house, asks(request)
    act = _change(house.look(roster, by=by), check_person(person))

    def do() -> str:
        house.look(_changed, person, form, login=by, by=by)
        return "/people"

    said = form.model_dump(exclude={"token"})
    return done(request, act, crumbs=_CRUMBS, token=form.token, said=said, do=do)


def _changed(desk: Desk, person: str, form: Change, *, login: str) -> None:
    word = {"login": login, "passphrase": form.passphrase}
    if form.what == "grant":
        accounts.grant(desk, person, form.role, **word)
    elif form.what == "revoke":
        accounts.revoke(desk, person, form.role, **word)
    elif form.what in {"disable", "enable"}:
        accounts.set_active(desk, person, active=form.what == "enable", **word)
    elif form.what == "vouch":
        accounts.vouch(desk, person, **word)
    else:
        raise BadInput("got another change", code="people.change", hint="Choose one of the list.")


def _invite(found: Roster) -> Act:
    return Act(
        title="Invite a person",
        says=(
            "The person gets a token from you, and sets a passphrase of their own with it.",
            "The token is shown once, is used once, and ends after 72 hours.",
        ),
        path="/people/invite",
        button="Invite",
        back="/people",
        fields=(
            Field("person", "Login", help="Small letters, digits, dots and hyphens."),
            Field("name", "Name, as it stands beside signatures"),
            Field("role", "Role", kind="choice", choices=_roles(found)),
            PASSPHRASE,
        ),
    )


@ROUTES.add("GET", "/people/invite", policy=ADMINISTRATORS)
def invite_form(request: Request) -> Response:
    """Ask who is to be invited."""
    found = site_of(request).house.look(roster, by=asks(request))
    return ask(request, _invite(found), crumbs=_CRUMBS)


@ROUTES.add("POST", "/people/invite", policy=ADMINISTRATORS)
def invite(request: Request, form: Annotated[Invited, Form()]) -> Response:
    """Invite a person; the token is shown once."""
    check_form(request, token=form.token, bound_to=session_of(request))
    house, by = site_of(request).house, asks(request)
    try:
        token = house.look(
            inviting.invite,
            form.person.strip(),
            printed_name=form.name.strip(),
            roles=[form.role],
            administrator=by,
            passphrase=form.passphrase,
            by=by,
        )
    except AttendingError as error:
        said = form.model_dump(exclude={"token", "passphrase"})
        act = _invite(house.look(roster, by=by))
        return ask(request, act, crumbs=_CRUMBS, said=said, error=error)
    return show(request, "invited.html.j2", crumbs=_CRUMBS, person=form.person, token=token)
