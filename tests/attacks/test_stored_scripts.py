"""Sixty texts that would be script, in every field that people or data can fill, on every page."""

from __future__ import annotations

import pytest

from attending.web.app import create_app
from attending.web.front_desk import FrontDesk
from tests.attacks.payloads import HEARD, PAYLOADS, TOUCHED
from tests.attacks.poisoned_home import poisoned
from tests.tour.walking import readable, walk
from tests.web.looking import FLAGS, serving
from tests.web.visitor import visitor_of

#: Of the payloads, how many run in a page that forgets to escape: the rest wait for a click or a
#: place of their own, such as inside an attribute.
RUN_UNESCAPED = 30


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The poisoned ward, and a front desk over it."""
    made, poison = poisoned(tmp_path_factory.mktemp("poisoned"))
    made.desk.home.close()
    made.poison = poison
    made.house = FrontDesk.open(made.desk.home.root, clock=lambda: made.now)
    return made


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


def unescaped(browser):
    """Return the numbers of the payloads that run in a page of their own that does not escape."""
    page, ran = browser.new_page(), set()
    page.add_init_script(HEARD)
    page.on("dialog", lambda dialog: dialog.dismiss())
    for text in PAYLOADS:
        page.goto("about:blank")
        page.evaluate("(text) => { document.open(); document.write(text); document.close(); }",
                      f"<!doctype html><main><p>{text}</p></main>")  # fmt: skip
        page.wait_for_timeout(15)
        page.evaluate(HEARD.split("document.")[0].replace("heard = {", "heard = window.heard || {"))
        ran |= set(page.evaluate("window.heard ? window.heard.ran : []"))
    page.close()
    return ran


@pytest.mark.browser
@pytest.mark.fault("X09")
def test_x09_no_stored_text_runs_on_any_page_of_anybody(browser, home):
    assert len(set(PAYLOADS)) == 60
    assert len(unescaped(browser)) >= RUN_UNESCAPED  # the control: unescaped, they are code
    assert home.poison.given == set(PAYLOADS)  # each of them was stored
    wrong: dict[str, object] = {}
    shown: set[str] = set()
    behind: set[str] = set()
    with serving(create_app(home.house)) as address:
        for person, secret in home.secrets.items():
            reader = visitor_of(home.house)
            assert reader.sign_in(person, secret).status_code == 303
            paths = readable(walk(reader))
            cares = reader.get(home.told[0]).status_code == 200
            wrong |= look(
                browser, address, paths, told=home.told if cares else (), person=person,
                secret=secret, shown=shown, behind=behind,
            )  # fmt: skip
    assert wrong == {}
    assert {PAYLOADS[0], *home.in_predictions} <= behind  # on the pages of patients too
    assert len(shown) > len(PAYLOADS) // 2  # they are on the pages, as text


def look(browser, address, paths, *, told, person, secret, shown, behind):
    """Return by page what ran, what the policy refused and what was asked of elsewhere.

    Args:
        browser: in which they are opened.
        address: of the pages; `paths` are open at once, `told` when one says why one looks.
        person: who looks, with the passphrase `secret`.
        shown: takes the payloads that stood on the pages; `behind` those behind a purpose.
    """
    context = browser.new_context()
    context.add_init_script(HEARD)
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto(f"{address}/login")
    page.fill("#person", person)
    page.fill("#passphrase", secret)
    page.click("button.main")
    page.wait_for_url(f"{address}/")
    found = {}

    def hear(path, shown=shown):
        heard = page.evaluate(TOUCHED)
        text = page.evaluate("document.documentElement.textContent")
        shown.update(one for one in PAYLOADS if one in text)
        elsewhere = [url for url in asked if not url.startswith((address, "data:"))]
        if heard["ran"] or heard["refused"] or elsewhere or said:
            found[f"{person} {path}"] = (heard, elsewhere, list(said))
        asked.clear()
        said.clear()

    for path in paths:
        page.goto(address + path)
        hear(path)
    for path in told:
        page.goto(address + path)
        hear(path)
        page.fill("#purpose", f"Round. {PAYLOADS[0]}")
        with page.expect_navigation():
            page.press("#purpose", "Enter")
        assert "This look stands in the ledger" in page.inner_text("main")
        hear(f"behind the purpose of {path}", behind)
        for one in page.locator("form[action$='/page'] button").all()[:1]:
            with page.expect_navigation():
                one.click()
            hear(f"the page for the clinician of {path}", behind)
    context.close()
    return found
