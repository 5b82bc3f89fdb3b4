"""The routes: each shows a record or offers a verb, declares a policy, and computes nothing.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

import base64
import hashlib
import re
import secrets
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from attending.digests import digest_bytes
from attending.errors import IntegrityBroken, NotFound
from attending.lifecycle.owing import owed_by
from attending.web.first_look import notes, put_away
from attending.web.names import check_digest, check_file, inside
from attending.web.navigation import entries
from attending.web.policy import METRICS, PUBLIC, READERS, SIGNED_IN, Routes
from attending.web.render import asset, file_bytes
from attending.web.show import OUTSIDE, may, show
from attending.web.site import Site, check_form, person_of, session_of, site_of

ROUTES = Routes()
_MEDIA = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)
_WRONG = "The name or the passphrase is wrong."
Text = Annotated[str, Form(max_length=200)]


@ROUTES.add("GET", "/healthz", policy=PUBLIC)
def healthz(request: Request) -> Response:
    """Answer whether the parts that the service depends on are up."""
    health = site_of(request).house.health()
    return JSONResponse(health.model_dump(mode="json"), status_code=200 if health.ok else 503)


@ROUTES.add("GET", "/livez", policy=PUBLIC)
def livez() -> Response:
    """Answer that the process runs, and nothing more."""
    return JSONResponse({"ok": True})


@ROUTES.add("GET", "/readyz", policy=PUBLIC)
def readyz(request: Request) -> Response:
    """Answer whether the store opens and every model that is served here would answer now."""
    found = site_of(request).house.readiness()
    return JSONResponse(found.model_dump(mode="json"), status_code=200 if found.ok else 503)


@ROUTES.add("GET", "/metrics", policy=METRICS)
def metrics(request: Request) -> Response:
    """Return counts and latencies of answers as OpenMetrics, without a patient in them."""
    kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    text = "\n".join([*site_of(request).house.metrics(), "# EOF", ""])
    return Response(text, headers={"Content-Type": kind})


@ROUTES.add("GET", "/static/{file}", policy=PUBLIC)
def static(request: Request, file: str) -> Response:
    """Return one of our own files; under the address of its content it may be kept for ever.

    Raises:
        NotFound: we serve no such file.
    """
    data = file_bytes(check_file(file))
    if data is None:
        raise NotFound("got a file name that is not served here", code="web.file")
    headers = {"Content-Type": _MEDIA[file.rpartition(".")[2]]}
    if asset(file) == f"{request.url.path}?{request.url.query}":
        headers["Cache-Control"] = _FOR_EVER
    return Response(data, headers=headers)


@ROUTES.add("GET", "/", policy=SIGNED_IN, nav="Today")
def home(request: Request) -> Response:
    """Show what waits for the reader, and every model with its stage and today's verdict."""
    house, person = site_of(request).house, person_of(request)
    by, roles = (person.person, person.roles) if person else ("", ())
    owed = house.look(owed_by, by, roles, by=by)
    synthetic = house.about().synthetic
    first = notes(roles, entries(request.app.state.routes, roles=roles, path="/"))
    return show(
        request,
        "home.html.j2",
        models=house.models(),
        owed=owed,
        first=first if synthetic else (),
        put_away=put_away(request),
        may_watch=may(request, READERS),
    )


@ROUTES.add("GET", "/documents/{digest}", policy=SIGNED_IN)
def document(request: Request, digest: str) -> Response:
    """Return a stand-alone document, byte for byte as it was signed.

    Raises:
        IntegrityBroken: the bytes are not those that the digest names.
    """
    data = site_of(request).house.document(check_digest(digest))
    if digest_bytes(data) != digest:
        raise IntegrityBroken(
            "got a document whose bytes are not those of its digest",
            code="document.digest",
            hint="Run 'attending fsck'.",
        )
    return HTMLResponse(data, headers={"Content-Security-Policy": document_policy(data)})


def document_policy(data: bytes) -> str:
    """Return the content policy of a stand-alone document: its own style and pictures only.

    >>> document_policy(b"<p>no style</p>").partition(";")[0]
    "default-src 'none'"
    """
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(style).digest()).decode()}'"
        for style in _STYLE.findall(data)
    ]
    styles = " ".join(hashes) or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    )


@ROUTES.add("GET", "/login", policy=PUBLIC)
def login_form(request: Request, next: str = "/") -> Response:  # noqa: A002 - the query's name
    """Show the form to sign in."""
    return _login_page(request, back=inside(next))


@ROUTES.add("POST", "/login", policy=PUBLIC)
def login(
    request: Request, *, person: Text, passphrase: Text, token: Text = "", back: Text = "/"
) -> Response:
    """Sign in: a new session, or the same answer for a wrong name and a wrong passphrase."""
    site = site_of(request)
    bound_to = request.cookies.get(site.cookie_name("form"), "")
    check_form(request, token=token, bound_to=bound_to)
    address = request.client.host if request.client else ""
    site.throttle.check(person=person, address=address)
    session = site.house.login(person, passphrase)
    if session is None:
        site.throttle.failed(person=person, address=address)
        return _login_page(request, back=inside(back), wrong=_WRONG)
    _end(request, site)
    answer = RedirectResponse(inside(back), status_code=303)
    site.set_cookie(answer, purpose="session", value=session)
    return answer


@ROUTES.add("POST", "/logout", policy=SIGNED_IN)
def logout(request: Request, token: Text = "") -> Response:
    """Sign out: the session ends in the house, not only in the browser."""
    site = site_of(request)
    check_form(request, token=token, bound_to=session_of(request))
    _end(request, site)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(site.cookie_name("session"), path="/", secure=site.secure, httponly=True)
    return answer


def _end(request: Request, site: Site) -> None:
    if old := session_of(request):
        site.house.logout(old)


def _login_page(request: Request, *, back: str, wrong: str = "") -> Response:
    """Show the form with a token that is bound to a fresh cookie."""
    site = site_of(request)
    bound_to = secrets.token_urlsafe(32)
    answer = show(
        request,
        "login.html.j2",
        status=401 if wrong else 200,
        token=site.form_token(bound_to),
        back=back,
        wrong=wrong,
        provider=site.provider_title,
        **OUTSIDE,
    )
    site.set_cookie(answer, purpose="form", value=bound_to)
    return answer
