"""The app: routes with policies behind one door, over one house."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError

from attending.errors import AttendingError
from attending.specs.limits import LimitsSpec
from attending.web import first_look, hooks, intake, predictions, routes, sign_in, theme, worklist
from attending.web.budget import Budget
from attending.web.door import Door
from attending.web.ehr_tokens import asking
from attending.web.fair_share import FairShare
from attending.web.pages import (
    audit,
    catalogue,
    glossary,
    incidents,
    model,
    patient,
    people,
    search,
    signing,
    validation,
    watch,
)
from attending.web.policy import Routes, authorize
from attending.web.problems import malformed, refused
from attending.web.provider import Provider
from attending.web.shared import Shared
from attending.web.site import Site
from attending.web.throttle import Throttle
from attending.web.traces import Traced

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from attending.lifecycle.ehr import EhrPolicy
    from attending.lifecycle.provider import ProviderPolicy
    from attending.web.house import House
    from attending.web.traces import Traces

#: Every route that there is: pages for people, then what machines ask.
ROUTES = Routes.joined(
    routes.ROUTES,
    predictions.ROUTES,
    hooks.ROUTES,
    intake.ROUTES,
    worklist.ROUTES,
    sign_in.ROUTES,
    theme.ROUTES,
    first_look.ROUTES,
    glossary.ROUTES,
    model.ROUTES,
    validation.ROUTES,
    signing.ROUTES,
    patient.ROUTES,
    watch.ROUTES,
    incidents.ROUTES,
    audit.ROUTES,
    people.ROUTES,
    catalogue.ROUTES,
    search.ROUTES,
)
#: After so long a thread that scores lets the one that listens go on; Python's own 5 ms, at each of
#: the pieces in which a body comes, would be what a client waits for most.
SWITCH_SECONDS = 0.0005
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


def create_app(  # noqa: PLR0913 - each is of its own kind
    house: House,
    *,
    hosts: frozenset[str] = LOOPBACK,
    secure: bool = False,
    ehr: EhrPolicy | None = None,
    provider: ProviderPolicy | None = None,
    limits: LimitsSpec | None = None,
    shared: Shared | None = None,
    traces: Traces | None = None,
) -> FastAPI:
    """Return the web application over one house.

    Args:
        house: what the pages ask; see `attending.web.house.House`.
        hosts: names under which the service may be asked, without a port; the name to which the
            provider sends people back is one too.
        secure: behind TLS; cookies are then `Secure`.
        provider: where persons may sign in beside here; None where there is none.
        limits: what one asker may take; the defaults when None.
        ehr: the record systems that may ask, and their keys; None where none may.
        shared: what the workers of one service hold together; nothing where this one is alone.
        traces: where spans of requests go; nowhere when None.
    """
    shared = shared or Shared()
    app = FastAPI(
        title="attending",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(authorize)],
        lifespan=_checked,
    )
    asked = None if ehr is None else asking(ehr, house.first_use)
    there = None if provider is None else Provider(provider, house.first_use)
    app.state.site = Site(
        house,
        ehr_or_none=asked,
        provider_or_none=there,
        secure=secure,
        secret=shared.secret,
        throttle=Throttle(cells=shared.cells),
    )
    app.state.routes = ROUTES
    ROUTES.mount(app)
    ROUTES.check(app)
    app.add_exception_handler(AttendingError, refused)
    for status in range(400, 500):
        app.add_exception_handler(status, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_middleware(FairShare, limits=limits or LimitsSpec(), cells=shared.cells)
    app.add_middleware(Budget, coming=partial(_coming, app))
    if traces is not None:
        app.add_middleware(Traced, traces=traces)
    named = set() if provider is None else {str(urlsplit(provider.spec.redirect).hostname)}
    app.add_middleware(Door, hosts=hosts | named)
    return app


def _coming(app: FastAPI) -> AbstractAsyncContextManager[None]:
    site: Site = app.state.site
    return site.turns.coming()


@asynccontextmanager
async def _checked(app: FastAPI) -> AsyncIterator[None]:
    """Refuse to start when a route was added later without a policy."""
    ROUTES.check(app)
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    yield
    sys.setswitchinterval(before)
