"""Routes by which persons sign in, take up invitations and confirm at the hospital's provider.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

import secrets
from dataclasses import asdict
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from attending.errors import Denied
from attending.web.names import inside
from attending.web.policy import PUBLIC, SIGNED_IN, Routes
from attending.web.provider import FLOW_SECONDS, Flow, NotBelieved, Provider
from attending.web.render import page
from attending.web.sealed import opened, sealed
from attending.web.show import OUTSIDE, show
from attending.web.site import Site, check_form, person_of, session_of, site_of

ROUTES = Routes()
Text = Annotated[str, Form(max_length=200)]


@ROUTES.add("GET", "/login/provider", policy=PUBLIC)
def begin(request: Request, next: str = "/") -> Response:  # noqa: A002 - the query's name
    """Send the browser to the provider to sign in."""
    return _begun(site_of(request), "sign_in", back=inside(next))


@ROUTES.add("GET", "/login/provider/back", policy=PUBLIC)
def back(request: Request) -> Response:
    """Return the page that leads on, for a browser that comes back from the provider.

    Raises:
        NotBelieved: it is not what was asked for; the ledger says so.
        Denied: the account leads to nobody here, or to another person.
        DependencyDown: the provider does not answer.
    """
    site = site_of(request)
    there = site.provider
    address = request.client.host if request.client else ""
    site.throttle.check(person=f"provider {address}", address=address)
    try:
        answer = _finished(request, site, there)
    except Denied as error:
        site.throttle.failed(person=f"provider {address}", address=address)
        if isinstance(error, NotBelieved):
            site.house.provider_refused(error.code)
        raise
    answer.delete_cookie(site.cookie_name("flow"), path="/", secure=site.secure, httponly=True)
    return answer


def _finished(request: Request, site: Site, there: Provider) -> Response:
    flow = _flow_of(request, site)
    subject = there.finish(flow, dict(request.query_params))
    issuer = there.spec.issuer
    if flow.purpose == "confirm":
        code = site.house.provider_confirm(flow.person, issuer=issuer, subject=subject)
        return show(request, "code.html.j2", code=code)
    if flow.purpose == "invitation":
        session = site.house.provider_accept(flow.invitation, issuer=issuer, subject=subject)
    else:
        session = site.house.provider_login(issuer=issuer, subject=subject)
    if old := session_of(request):
        site.house.logout(old)
    answer = _onward(site, flow.back)
    site.set_cookie(answer, purpose="session", value=session)
    return answer


@ROUTES.add("GET", "/invitation", policy=PUBLIC)
def invitation_form(request: Request) -> Response:
    """Show the form in which an invitation is taken up with an account at the provider."""
    site = site_of(request)
    bound_to = secrets.token_urlsafe(32)
    title, token = site.provider.spec.title, site.form_token(bound_to)
    answer = show(request, "invitation.html.j2", title=title, token=token, **OUTSIDE)
    site.set_cookie(answer, purpose="form", value=bound_to)
    return answer


@ROUTES.add("POST", "/invitation", policy=PUBLIC)
def invitation(request: Request, *, invitation: Text, token: Text = "") -> Response:
    """Send the browser to the provider to sign in with the account that will be the person's."""
    site = site_of(request)
    check_form(request, token=token, bound_to=request.cookies.get(site.cookie_name("form"), ""))
    return _begun(site, "invitation", invitation=invitation.strip())


@ROUTES.add("GET", "/confirm", policy=SIGNED_IN)
def confirm_page(request: Request) -> Response:
    """Show what a code is and how to get one."""
    title = site_of(request).provider.spec.title
    return show(request, "confirm.html.j2", title=title)


@ROUTES.add("GET", "/confirm/provider", policy=SIGNED_IN)
def confirm(request: Request) -> Response:
    """Send the browser to the provider to sign in anew, for one act."""
    person = person_of(request)
    return _begun(site_of(request), "confirm", person=person.person if person else "")


def _begun(site: Site, purpose: str, **about: str) -> Response:
    """Send the browser on; its flow stays with it in a cookie that only we can make."""
    flow, address = site.provider.begin(purpose, **about)
    answer: Response
    if purpose == "invitation":  # a form may only lead to a page of ours
        answer = _onward(site, address)
    else:
        answer = RedirectResponse(address, status_code=303)
    answer.set_cookie(
        site.cookie_name("flow"),
        sealed(site.secret, "flow", asdict(flow)),
        max_age=FLOW_SECONDS,
        httponly=True,
        samesite="lax",  # it must come back with the browser that another site sends here
        secure=site.secure,
        path="/",
    )
    return answer


def _onward(site: Site, address: str) -> Response:
    """Return a page of ours that leads on: what a form or another site began ends here."""
    return HTMLResponse(page("onward.html.j2", address=address, synthetic=site.house.synthetic()))


def _flow_of(request: Request, site: Site) -> Flow:
    held = opened(site.secret, "flow", request.cookies.get(site.cookie_name("flow"), ""))
    if held is None:
        raise NotBelieved("flow")
    return Flow(**held)
