"""Every kind of document that stands alone, as the app shows it: it fits and axe finds nothing.

Such a document comes with a policy that forbids it every script, so one that a test puts in never
ends: it waits for a turn that it is not given. The context of the browser sets the policy aside;
the bytes are the same.
"""

from __future__ import annotations

from contextlib import suppress

import pytest

from attending.errors import BadInput
from attending.lifecycle import papers
from attending.lifecycle.desk import open_desk
from attending.lifecycle.signing import kind_of
from tests.web.looking import look_here, violations


@pytest.fixture(scope="module")
def kept(tour):
    """By kind the longest document that was kept, and by kind the longest record without one."""
    with open_desk(tour.home, at=tour.at) as desk:
        found = dict(_longest(desk, _documents(desk)))
        found |= _longest(desk, _records(desk))
    return found


def _documents(desk):
    for page, (title, _) in papers.pages(desk).items():
        kind = title.partition(" of ")[0]  # a report of later predictions is a report
        yield kind, page, f"/documents/{page}"


def _records(desk):
    for record in (one.digest for one in desk.home.catalog.list()):
        if record in papers.newest_pages(desk):
            continue
        with suppress(BadInput):  # one that nobody signs is not shown so
            kind, page = kind_of(desk, record), papers.rendered(desk, record)
            yield f"record: {kind}", page, f"/sign/{record}/paper/{page}"


def _longest(desk, told):
    found: dict[str, list[tuple[int, str]]] = {}
    for name, page, path in told:
        found.setdefault(name, []).append((len(desk.home.artifacts.read(page)), path))
    return {name: max(some)[1] for name, some in found.items()}


@pytest.mark.browser
def test_every_kind_of_document_fits_and_axe_finds_nothing_in_either_theme(opened, address, kept):
    assert {"Model card", "Validation report", "Silent report", "record: run"} <= set(kept)
    wrong = {}
    with opened("clara", bypass_csp=True) as page:
        for name, path in kept.items():
            answer = page.goto(address + path)
            policy = answer.headers["content-security-policy"].split("; ")
            assert "sandbox" in policy, name  # what a reader's browser gets forbids every script
            if found := look_here(page, f"document-{name}"):
                wrong[name] = found
        page.set_content("<main><h1>A</h1><p style='color:#ccc'>pale</p><img src='data:,'></main>")
        assert {one.partition(":")[0] for one in violations(page)} >= {
            "color-contrast",
            "image-alt",
        }
    assert wrong == {}
