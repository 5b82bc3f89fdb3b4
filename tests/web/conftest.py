from __future__ import annotations

import pytest

from tests.web.looking import FLAGS
from tests.web.paper_house import PaperHouse
from tests.web.visitor import visitor_of


@pytest.fixture
def house():
    return PaperHouse()


@pytest.fixture
def visitor(house):
    return visitor_of(house)


@pytest.fixture
def signed_in(visitor):
    assert visitor.sign_in().status_code == 303
    return visitor


@pytest.fixture(scope="module")
def browser(chromium):
    """One Chromium for the tests of a module; while it is open no other event loop may run."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()
