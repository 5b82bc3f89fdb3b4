"""A page as an answer: the template, in the frame that says where one is and who one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse

from attending.web.navigation import entries
from attending.web.render import page
from attending.web.site import person_of, session_of, site_of
from attending.web.theme import theme_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request, Response

    from attending.web.policy import Policy


#: What a page before signing in leaves out of the frame.
OUTSIDE: dict[str, Any] = {"person": None, "navigation": ()}


def show(
    request: Request,
    template: str,
    *,
    crumbs: Sequence[tuple[str, str]] = (),
    status: int = 200,
    **values: Any,  # noqa: ANN401 - what the template shows
) -> Response:
    """Return a page in its frame.

    Args:
        request: who asks for what.
        template: its file.
        crumbs: the pages above this one, each with its path, from the outermost.
        status: of the answer.
        values: what the template shows.
    """
    shown = framed(request) | {"crumbs": tuple(crumbs)} | values
    body = page(template, **shown)
    return HTMLResponse(body, status_code=status)


def framed(request: Request) -> dict[str, Any]:
    """Return what the frame of every page shows: home, person, navigation, theme, token."""
    site, person = site_of(request), person_of(request)
    path = request.url.path
    about = site.house.about()
    routes = request.app.state.routes
    return {
        "home": about,
        "synthetic": about.synthetic,
        "person": person,
        "path": path,
        "navigation": entries(routes, roles=person.roles, path=path) if person else (),
        "theme": theme_of(request),
        "form_token": site.form_token(session_of(request)),
    }


def asks(request: Request) -> str:
    """Return the login of who asks, for the ledger; empty where nobody is signed in."""
    person = person_of(request)
    return person.person if person else ""


def may(request: Request, policy: Policy) -> bool:
    """Return whether who asks holds one of the roles of a policy: a page offers nothing else."""
    person = person_of(request)
    return person is not None and bool(policy.roles.intersection(person.roles))
