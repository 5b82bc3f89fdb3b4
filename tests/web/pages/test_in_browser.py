"""The pages of the ward round in Chromium: wide and narrow, light and dark, by keyboard, bare."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from attending.web.app import create_app
from tests.web.looking import keep_picture, look_at, look_here, serving, sign_in, violations
from tests.web.pages.round_home import MODEL

WATCH = f"/models/{MODEL}/watch"


@pytest.fixture(scope="module")
def address(made_round, tmp_path_factory):
    """The home served; a copy, for signing in leaves entries."""
    root = Path(shutil.copytree(made_round.root, tmp_path_factory.mktemp("browsed") / "home"))
    with serving(create_app(replace(made_round, root=root).house())) as found:
        yield found


def entered(browser, address, made, person, **options):
    context = browser.new_context(**options)
    page = context.new_page()
    sign_in(page, address, person, made.secrets[person])
    return page


@pytest.mark.browser
@pytest.mark.parametrize(
    ("person", "paths"),
    [
        ("omar", ("/", "/watch", WATCH, f"{WATCH}/roll-back", "/incidents")),
        ("dana", (f"{WATCH}/incident",)),
        ("caro", (f"/audit?model={MODEL}&act=approval.", "/people", "/search?q=omar")),
        (
            "erik",
            (
                "/catalogue",
                "/catalogue/features/sodium_last",
                "/catalogue/features/sodium_last/lineage",
            ),
        ),
    ],
)
def test_pages_read_well_and_axe_finds_nothing(browser, address, made_round, person, paths):
    page = entered(browser, address, made_round, person)
    if person == "omar":
        paths = (*paths, f"/incidents/{made_round.incident}")
    said = []
    page.on("console", lambda message: said.append(message.text))
    assert look_at(page, address, paths, prefix="round-") == {}
    assert [text for text in said if "Content Security Policy" in text] == []
    page.set_viewport_size({"width": 390, "height": 900})
    for path in paths:
        page.goto(address + path)
        assert violations(page) == [], path
    page.context.close()


@pytest.mark.browser
def test_what_is_folded_up_reads_well_when_it_is_opened(browser, address, made_round):
    page = entered(browser, address, made_round, "omar")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address + WATCH)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
        keep_picture(page, f"round-watch-opened-{width}")
    page.context.close()


@pytest.mark.browser
def test_a_finding_is_taken_up_by_keyboard_and_without_a_script(browser, address, made_round):
    page = entered(browser, address, made_round, "nora", java_script_enabled=False)
    page.goto(address + WATCH)
    page.locator("article.cause a:has-text('Take it up')").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/acknowledge**")
    page.locator("textarea").focus()
    page.keyboard.type("The laboratory mends the feed.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(address + WATCH)
    assert "by nora: The laboratory mends the feed." in page.inner_text("main")
    page.context.close()


@pytest.mark.browser
def test_a_proposal_reads_well_after_the_form_that_made_it(browser, address, made_round):
    page = entered(browser, address, made_round, "dana")
    page.goto(f"{address}{WATCH}/recalibrate")
    with page.expect_navigation():
        page.locator("main button.main").click()
    assert "/watch/proposals/" in page.url
    assert look_here(page, "proposal") == []
    page.context.close()
