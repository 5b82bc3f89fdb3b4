"""How pages look: axe finds nothing in both themes, nothing is cut or wider than the screen.

Pictures of every page are left under `build/screenshots`, to be looked at.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.paper_house import PASSPHRASE
from tests.web.test_in_browser import address, browser

__all__ = ["address", "browser"]

PAGES = {
    "today": "/",
    "model": "/models/readmission-30d",
    "glossary": "/glossary",
    "not-here": "/models/unknown",
}
PICTURES = Path("build/screenshots")
CUT = """() => [...document.querySelectorAll("main *, header *, nav *")].filter((one) => {
  const style = getComputedStyle(one);
  if (style.overflowX === "visible" || style.clipPath !== "none") return false;
  if (style.overflowX === "auto") return false;
  return one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0;
}).map((one) => one.outerHTML.slice(0, 120))"""


def sign_in(page, address):
    """Sign in as the clinical lead."""
    page.goto(f"{address}/login")
    page.fill("#person", "ada")
    page.fill("#passphrase", PASSPHRASE)
    page.click("button.main")
    page.wait_for_url(f"{address}/")


@pytest.fixture(scope="module")
def axe():
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_is_accessible_and_fits(browser, address, axe, theme, width):
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_content("<img src='data:,'><p style='color:#eee;background:#fff'>faint</p>")
    control = axe.run(page)
    assert control.violations_count >= 2  # the control: what is wrong is found
    sign_in(page, address)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, path in PAGES.items():
        page.goto(address + path)
        page.screenshot(path=PICTURES / f"{name}-{theme}-{width}.png", full_page=True)
        found = axe.run(page).response["violations"]
        said = [(one["id"], [node["html"][:90] for node in one["nodes"]]) for one in found]
        assert said == [], (name, theme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        assert page.evaluate(CUT) == [], (name, width)
    context.close()


@pytest.mark.browser
def test_a_reader_chooses_the_colours_and_they_stay(browser, address):
    context = browser.new_context(color_scheme="light", java_script_enabled=False)
    page = context.new_page()
    sign_in(page, address)
    assert page.get_attribute("html", "data-theme") is None
    page.click("footer button:has-text('Dark')")
    assert page.get_attribute("html", "data-theme") == "dark"
    page.goto(f"{address}/models/readmission-30d")
    assert page.get_attribute("html", "data-theme") == "dark"
    page.click("footer button:has-text('As the system')")
    assert page.get_attribute("html", "data-theme") is None
    assert page.url == f"{address}/models/readmission-30d"
    context.close()


@pytest.mark.browser
def test_the_keyboard_reaches_the_content_first_and_then_every_place(browser, address):
    page = browser.new_page()
    sign_in(page, address)
    page.goto(f"{address}/glossary")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    words = page.locator("#words [data-row]")
    page.fill("#filter", "worklist")
    assert 0 < words.locator("visible=true").count() < words.count()
    page.close()
