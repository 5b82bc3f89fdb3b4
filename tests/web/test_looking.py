"""The look at a page sees what is wrong in one form of it alone: narrow, wide, light or dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import attending.web
from tests.web.looking import look_at

#: A page of which the narrow form is too wide, or has a label that runs out of its cell, and the
#: dark one cannot be read.
AMISS = """<!doctype html><html lang="en"><title>A page</title><style>
  :root { color-scheme: light dark } body { background: #fff; color: #111 }
  @media (max-width: 400px) { .narrow { width: 900px } .label td { position: relative }
    .label td::before { content: attr(data-label); position: absolute; width: 3rem } }
  @media (prefers-color-scheme: dark) { .dark { color: #eee } }
</style><main><h1>A page</h1><p class="%s">A sentence that is read.</p>
  <div class="%s"><table><tr><td data-label="Gates of the whole plan">met</td></tr></table></div>
  </main>"""
#: What a script would ask to show one width or theme in another way than the style sheet does.
ASKS = re.compile(
    r"matchMedia|innerWidth|clientWidth|offsetWidth|ResizeObserver|'resize'|\"resize\""
)


@pytest.fixture
def page(browser):
    """A page of the browser whose every address shows what its path names."""

    def answer(route):
        named = route.request.url.rpartition("/")[2]
        route.fulfill(content_type="text/html", body=AMISS.replace("%s", named))

    made = browser.new_page()
    made.route("**/*", answer)
    yield made
    made.close()


@pytest.mark.browser
def test_each_form_is_looked_at_and_a_fault_is_told_with_its_form_alone(page):
    found = look_at(page, "http://looked.invalid", ("/sound", "/narrow", "/label", "/dark"))
    assert set(found) == {
        *(f"/{what} 390 {theme}" for what in ("narrow", "label") for theme in ("light", "dark")),
        *(f"/dark {width} dark" for width in (1280, 390)),
    }
    assert "the page is 9" in found["/narrow 390 light"][0]
    assert "longer than its cell: Gates of the whole plan" in found["/label 390 light"]
    assert found["/dark 390 dark"][0].startswith("color-contrast: ")


def test_no_script_asks_for_the_width_or_the_colours():
    """So a page that is made narrow or dark is the page that was opened so."""
    assert ASKS.search("if (matchMedia('(max-width: 400px)').matches) ...")  # the control
    told = Path(attending.web.__file__).parent / "static"
    scripts = sorted(told.glob("*.js"))
    assert scripts
    assert [one.name for one in scripts if ASKS.search(one.read_text(encoding="utf-8"))] == []
