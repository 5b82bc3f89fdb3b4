"""The page bench knows the routes of the application as they are."""

from __future__ import annotations

from attending.web.app import ROUTES
from benchmarks.pages_routes import NOT_TIMED, gone, unexplained


def test_a_route_that_is_neither_timed_nor_named_with_its_reason_is_told():
    every = {f"{one.method} {one.path}" for one in ROUTES.declared()}
    assert gone() == []
    assert all(len(reason) > 10 for reason in NOT_TIMED.values())
    assert unexplained(every) == []
    assert unexplained(every - {"GET /sign"}) == ["GET /sign"]
    # No page that a reader finds in the navigation is left out.
    shown = {f"{one.method} {one.path}" for one in ROUTES.declared() if one.nav}
    assert shown
    assert not shown & NOT_TIMED.keys()
