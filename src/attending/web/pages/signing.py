"""Signing: what waits for a signature, the exact document, the person once more, and the result.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from attending.digests import digest_bytes
from attending.errors import AttendingError, IntegrityBroken
from attending.lifecycle.awaiting import queue_of
from attending.lifecycle.desk import Desk
from attending.lifecycle.paper_to_sign import paper_bytes, put_before, sign_here, withdraw_here
from attending.web.door import PAGE_POLICY
from attending.web.names import check_digest
from attending.web.policy import SIGNED_IN, Routes
from attending.web.routes import document_policy
from attending.web.show import asks, show
from attending.web.site import check_form, session_of, site_of

ROUTES = Routes()
#: The page of a document shows it in a frame: ours, and of this page alone.
_FRAMED = f"{PAGE_POLICY}; frame-src 'self'"
#: Refusals that say that somebody is not who they say.
_WHO = frozenset({"auth.refused", "sign.other_person"})
Text = Annotated[str, Form(max_length=200)]
Long = Annotated[str, Form(max_length=2000)]


@ROUTES.add("GET", "/sign", policy=SIGNED_IN, nav="Sign")
def queue(request: Request) -> Response:
    """Show what waits for the reader's signature, what a gate asks first."""
    by = asks(request)
    waiting = site_of(request).house.look(queue_of, by, by=by)
    return show(
        request,
        "sign_queue.html.j2",
        crumbs=[("Today", "/")],
        asked=[one for one in waiting if one.gate],
        more=[one for one in waiting if not one.gate],
    )


@ROUTES.add("GET", "/sign/{digest}", policy=SIGNED_IN)
def document(request: Request, digest: str, *, done: str = "") -> Response:
    """Show one document with what is asked of the reader."""
    return _page(request, check_digest(digest), done=done)


@ROUTES.add("GET", "/sign/{digest}/paper/{page}", policy=SIGNED_IN)
def paper(request: Request, digest: str, page: str) -> Response:
    """Return exactly the bytes that stand for a document.

    Raises:
        IntegrityBroken: they are not those that their digest names.
        Refused: other bytes stand for it by now.
    """
    wanted = check_digest(page)
    look = site_of(request).house.look
    data = look(paper_bytes, check_digest(digest), page=wanted, by=asks(request))
    if digest_bytes(data) != wanted:
        raise IntegrityBroken(
            "got a document whose bytes are not those of its digest",
            code="document.digest",
            hint="Run 'attending fsck'.",
        )
    policy = document_policy(data).replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    return HTMLResponse(
        data, headers={"Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}
    )


@ROUTES.add("POST", "/sign/{digest}", policy=SIGNED_IN)
def sign(  # noqa: PLR0913 - a form has these fields
    request: Request,
    digest: str,
    *,
    login: Text,
    passphrase: Text,
    role: Text = "",
    meaning: Text = "",
    statement: Long = "",
    nonce: Text = "",
    token: Text = "",
) -> Response:
    """Sign a document as it was put before the reader, who says once more who they are."""
    check_form(request, token=token, bound_to=session_of(request))
    act = partial(
        sign_here,
        digest=check_digest(digest),
        login=login,
        passphrase=passphrase,
        role=role,
        meaning=meaning,
        statement=statement,
        nonce=nonce,
    )
    return _done(request, digest, act, login=login, done="signed", statement=statement)


@ROUTES.add("POST", "/sign/{digest}/withdraw", policy=SIGNED_IN)
def withdraw(  # noqa: PLR0913 - a form has these fields
    request: Request,
    digest: str,
    *,
    approval: Text,
    login: Text,
    passphrase: Text,
    reason: Long = "",
    token: Text = "",
) -> Response:
    """Withdraw the reader's own signature."""
    check_form(request, token=token, bound_to=session_of(request))
    act = partial(
        withdraw_here,
        approval=check_digest(approval),
        login=login,
        passphrase=passphrase,
        reason=reason,
    )
    return _done(request, check_digest(digest), act, login=login, done="withdrawn")


def _done(
    request: Request,
    digest: str,
    act: Callable[[Desk], object],
    *,
    login: str,
    done: str,
    statement: str = "",
) -> Response:
    """Do an act that asks who one is once more; what is refused is said beside the form."""
    site = site_of(request)
    address = request.client.host if request.client else ""
    site.throttle.check(person=login, address=address)
    try:
        site.house.look(_acted, act, by=asks(request))
    except AttendingError as error:
        if error.code in _WHO:
            site.throttle.failed(person=login, address=address)
        return _page(request, digest, refused=error, statement=statement)
    return RedirectResponse(f"/sign/{digest}?done={done}", status_code=303)


def _acted(desk: Desk, act: Callable[[Desk], object]) -> object:
    return act(desk)


def _page(
    request: Request,
    digest: str,
    *,
    done: str = "",
    refused: AttendingError | None = None,
    statement: str = "",
) -> Response:
    site = site_of(request)
    paper = site.house.look(put_before, digest, by=asks(request))
    answer = show(
        request,
        "sign.html.j2",
        crumbs=[("Today", "/"), ("Sign", "/sign")],
        status=refused.http_status if refused else 200,
        paper=paper,
        done=done if done in ("signed", "withdrawn") else "",
        refused=refused,
        statement=statement,
        login=asks(request),
        provider=site.provider_title,
    )
    answer.headers["Content-Security-Policy"] = _FRAMED
    return answer
