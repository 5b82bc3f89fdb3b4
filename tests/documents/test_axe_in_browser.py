"""Every kind of stand-alone document in Chromium: it fits, and axe finds nothing wrong."""

from __future__ import annotations

from importlib import resources

import pytest

from tests.documents.every_page import every_page
from tests.web.looking import FLAGS, look_here, violations

#: Templates that others are made of.
PARTS = {"document.html.j2", "parts.html.j2"}


@pytest.fixture(scope="module")
def page(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser.new_page()
        browser.close()


@pytest.mark.browser
def test_every_kind_of_document_fits_and_axe_finds_nothing_in_either_theme(page, tmp_path):
    wrong = {}
    for name, data in every_page().items():
        (tmp_path / "document.html").write_bytes(data)
        page.goto((tmp_path / "document.html").as_uri())
        if found := look_here(page, f"document-{name}"):
            wrong[name] = found
    assert [f"{a}: {b}" for a, b in wrong.items()] == []
    # The control: a mark that is outside every part of the page is found.
    page.set_content("<p>A mark</p><main><h1>A document</h1><img src='data:,'></main>")
    assert {one.partition(":")[0] for one in violations(page)} >= {"region", "image-alt"}


def test_no_template_is_without_a_document_here(monkeypatch):
    from attending.documents import pages

    used: set[str] = set()
    whole = pages._templates()
    monkeypatch.setattr(pages, "_templates", lambda: _Telling(whole, used), raising=True)
    every_page()
    folder = resources.files("attending.documents") / "templates"
    known = {one.name for one in folder.iterdir() if one.name.endswith(".html.j2")}
    assert known - PARTS - used == set()


class _Telling:
    """Templates that tell which of them are used."""

    def __init__(self, templates, used):
        self.templates, self.used = templates, used

    def get_template(self, name):
        self.used.add(name)
        return self.templates.get_template(name)
