"""The app: routes with policies behind one door, over one house."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError

from attending.errors import AttendingError
from attending.web import hooks, intake, predictions, routes, worklist
from attending.web.budget import Budget
from attending.web.door import Door
from attending.web.ehr_tokens import asking
from attending.web.policy import Routes, authorize
from attending.web.problems import malformed, refused
from attending.web.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from attending.lifecycle.ehr import EhrPolicy
    from attending.web.house import House

#: Every route that there is: pages for people, then what machines ask.
ROUTES = Routes.joined(
    routes.ROUTES, predictions.ROUTES, hooks.ROUTES, intake.ROUTES, worklist.ROUTES
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


def create_app(
    house: House,
    *,
    hosts: frozenset[str] = LOOPBACK,
    secure: bool = False,
    ehr: EhrPolicy | None = None,
) -> FastAPI:
    """Return the web application over one house.

    Args:
        house: what the pages ask; see `attending.web.house.House`.
        hosts: names under which the service may be asked, without a port.
        secure: behind TLS; cookies are then `Secure`.
        ehr: the record systems that may ask, and their keys; None where none may.
    """
    app = FastAPI(
        title="attending",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(authorize)],
        lifespan=_checked,
    )
    app.state.site = Site(house, ehr_or_none=None if ehr is None else asking(ehr), secure=secure)
    app.state.routes = ROUTES
    ROUTES.mount(app)
    ROUTES.check(app)
    app.add_exception_handler(AttendingError, refused)
    for status in range(400, 500):
        app.add_exception_handler(status, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_middleware(Budget)
    app.add_middleware(Door, hosts=hosts)
    return app


@asynccontextmanager
async def _checked(app: FastAPI) -> AsyncIterator[None]:
    """Refuse to start when a route was added later without a policy."""
    ROUTES.check(app)
    yield
