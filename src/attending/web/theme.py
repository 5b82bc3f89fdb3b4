"""Light, dark, or as the reader's system says: a choice that a cookie holds.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from attending.web.names import inside
from attending.web.policy import SIGNED_IN, Routes
from attending.web.site import check_form, session_of, site_of

ROUTES = Routes()
THEMES = ("light", "dark")
_YEAR_SECONDS = 365 * 24 * 3600
Text = Annotated[str, Form(max_length=200)]


def theme_of(request: Request) -> str:
    """Return `light` or `dark` as the reader chose, empty where the system decides."""
    said = request.cookies.get(site_of(request).cookie_name("theme"), "")
    return said if said in THEMES else ""


@ROUTES.add("POST", "/theme", policy=SIGNED_IN)
def choose(request: Request, *, theme: Text = "", back: Text = "/", token: Text = "") -> Response:
    """Keep the reader's choice for a year; anything but light and dark gives it up."""
    check_form(request, token=token, bound_to=session_of(request))
    site = site_of(request)
    answer = RedirectResponse(inside(back), status_code=303)
    name = site.cookie_name("theme")
    if theme in THEMES:
        answer.set_cookie(
            name,
            theme,
            max_age=_YEAR_SECONDS,
            httponly=True,
            samesite="strict",
            secure=site.secure,
            path="/",
        )
    else:
        answer.delete_cookie(name, path="/", secure=site.secure, httponly=True)
    return answer
