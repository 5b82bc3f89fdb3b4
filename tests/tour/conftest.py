"""The tour, built once; one front desk over it, and a signed-in visitor for each person."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager

import pytest

from attending.web.app import create_app
from attending.web.front_desk import FrontDesk
from tests.tour.built import built
from tests.tour.walked import walked
from tests.web.looking import FLAGS, serving


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The tour as it was built; nobody changes it."""
    base = tmp_path_factory.getbasetemp()
    return built(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base)


@pytest.fixture(scope="module")
def tour(made, tmp_path_factory):
    """A copy of it for one module, to look at and to work in."""
    home = tmp_path_factory.mktemp("tour") / "hospital"
    shutil.copytree(made.home, home)
    return type(made)(home, made.said)


@pytest.fixture(scope="module")
def house(tour):
    return FrontDesk.open(tour.home, clock=lambda: tour.at)


@pytest.fixture(scope="module")
def address(house):
    with serving(create_app(house)) as found:
        yield found


@pytest.fixture(scope="session")
def pages(made, tmp_path_factory):
    """What each person reaches in the tour as it was built, by login and path."""
    return walked(made, tmp_path_factory.mktemp("walked"))


@pytest.fixture(scope="module")
def browser(chromium):
    """One Chromium for the tests of a module."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def opened(browser, address, tour):
    """Give a page of the browser to a person who has signed in."""

    @contextmanager
    def page_of(person, **context):
        made = browser.new_context(**context)
        page = made.new_page()
        page.goto(f"{address}/login")
        page.fill("#person", person)
        page.fill("#passphrase", tour.secrets[person])
        page.click("button.main")
        page.wait_for_url(f"{address}/")
        yield page
        made.close()

    return page_of
