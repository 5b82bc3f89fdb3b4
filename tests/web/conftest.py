from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from tests.web.example_home import make_example_home
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


@pytest.fixture(scope="session")
def made_home(tmp_path_factory):
    """A small real home, made once; nobody changes it."""
    return make_example_home(tmp_path_factory.mktemp("example"))


@pytest.fixture
def example(made_home, tmp_path):
    """A copy of the small real home, to be changed."""
    shutil.copytree(made_home.root, tmp_path / "home")
    return replace(made_home, root=tmp_path / "home")


@pytest.fixture
def enter(example):
    """Give a visitor of the small real home, signed in as one of its persons."""

    def entered(person):
        visitor = visitor_of(example.house())
        assert visitor.sign_in(person, example.secrets[person]).status_code == 303
        return visitor

    return entered
