"""Refusals as answers: a problem for machines, a plain page for people; the same four fields."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException
from fastapi.datastructures import Headers
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from attending.errors import AttendingError
from attending.web.render import page
from attending.web.show import framed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request, Response

    from attending.web.asgi import Scope

#: When a service that is down or full may be asked again.
_RETRY_SECONDS = "2"
_UNEXPECTED = {
    "code": "server.unexpected",
    "message": "this answer could not be made",
    "hint": "Try again; if it stays so, tell who runs this service.",
    "where": "",
}


def wants_page(headers: Headers) -> bool:
    """Return whether a browser asks, which wants a page rather than JSON."""
    return "text/html" in headers.get("accept", "")


def described(error: Exception) -> tuple[int, dict[str, str]]:
    """Return the HTTP status and the four fields of a refusal; nothing of an unexpected error.

    >>> described(KeyError("a secret"))[1]["message"]
    'this answer could not be made'
    """
    if isinstance(error, AttendingError):
        return error.http_status, error.as_problem()
    # The router below FastAPI has a refusal of its own; both say a status and a detail.
    status, said = getattr(error, "status_code", None), str(getattr(error, "detail", ""))
    if isinstance(status, int):
        phrase = HTTPStatus(status).phrase.lower()
        return status, {
            "code": f"http.{phrase.replace(' ', '_')}",
            "message": said[:1].lower() + said[1:],
            "hint": "",
            "where": "",
        }
    return 500, dict(_UNEXPECTED)


def problem(scope: Scope, error: Exception, *, frame: Mapping[str, Any] | None = None) -> Response:
    """Return the answer that a refusal gets, as the asker can read it.

    Args:
        scope: of the request.
        error: why it is refused.
        frame: what the frame of a page shows; a bare page without it.
    """
    status, fields = described(error)
    headers = dict(getattr(error, "headers", None) or {})
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        headers.setdefault("Retry-After", _RETRY_SECONDS)
    if wants_page(Headers(scope=scope)):
        body = page("problem.html.j2", problem=fields, status=status, **(frame or {}))
        return HTMLResponse(body, status_code=status, headers=headers)
    content: dict[str, Any] = {"type": "about:blank", "title": fields["message"], "status": status}
    return JSONResponse(
        content | fields,
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )


def refused(request: Request, error: Exception) -> Response:
    """Answer a refusal; a browser that is not signed in is sent to the sign-in page."""
    unknown = getattr(error, "status_code", None) == 401
    if unknown and request.method == "GET" and wants_page(request.headers):
        return RedirectResponse(f"/login?next={request.url.path}", status_code=303)
    return problem(request.scope, error, frame=_frame(request))


def _frame(request: Request) -> Mapping[str, Any] | None:
    """Return the frame of a page, None for a machine or when the home does not open."""
    if not wants_page(request.headers):
        return None
    try:
        return framed(request)
    except AttendingError:
        return None


def malformed(request: Request, error: Exception) -> Response:
    """Answer a request that FastAPI could not read; the fields are named, never their values."""
    said: list[dict[str, Any]] = getattr(error, "errors", list)()
    fields = sorted({".".join(str(part) for part in item["loc"]) for item in said})
    named = HTTPException(422, f"expected other fields: {', '.join(fields)}")
    return problem(request.scope, named, frame=_frame(request))
