"""The pages of a model in Chromium: they fit, axe finds nothing, keys and no script suffice."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest

from attending.web.app import create_app
from tests.web.example_home import MODEL, REQUEST
from tests.web.looking import THEMES, WIDTHS, amiss, keep_picture, serving, sign_in, violations

VALIDATION = f"/models/{MODEL}/validation"
WHY = "review of silent alerts of the north ward"


@pytest.fixture(scope="module")
def seen(made_home, tmp_path_factory):
    """The small real home, served: what it is, and its address."""
    root = tmp_path_factory.mktemp("seen") / "home"
    shutil.copytree(made_home.root, root)
    home = replace(made_home, root=root)
    with serving(create_app(home.house())) as address:
        yield home, address


@contextmanager
def reader(browser, seen, person="clara", **how):
    """Give a page of a browser in which a person is signed in, and what its console said."""
    home, address = seen
    context = browser.new_context(**how)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    sign_in(page, address, person, home.secrets[person])
    yield page, said
    context.close()


@pytest.mark.browser
def test_the_pages_of_a_model_read_well_wide_and_narrow_light_and_dark(browser, seen):
    home, address = seen
    paths = (
        *("/models", f"/models/{MODEL}", "/validation", VALIDATION, "/sign"),
        *(f"/sign/{home.card}", "/patients"),
    )
    wrong = {}
    with reader(browser, seen) as (page, said):
        for width, theme in zip(WIDTHS, THEMES, strict=True):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            for path in paths:
                page.goto(address + path)
                wrong[path, width] = looked_at(page, f"{path}-{width}-{theme}")
            page.goto(f"{address}/models/{MODEL}/predictions/{REQUEST}")
            page.fill("#purpose", WHY)
            page.keyboard.press("Enter")
            page.wait_for_selector("#inputs")
            wrong["prediction", width] = looked_at(page, f"prediction-{width}-{theme}")
        assert {what: some for what, some in wrong.items() if some} == {}
        assert said == []


def looked_at(page, name):
    """Return what is wrong with the page that is open, with all that folds out folded out."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    keep_picture(page, "model-" + re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:60])
    return amiss(page) + violations(page)


@pytest.mark.browser
def test_every_picture_is_drawn_and_asks_nobody_else(browser, seen):
    _, address = seen
    asked = []
    with reader(browser, seen) as (page, said):
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address + VALIDATION)
        page.evaluate("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
        drawn = page.evaluate("Promise.all([...document.images].map(i => i.decode()))")
        assert len(drawn) > 6  # one that cannot be drawn fails
        keep_picture(page, "validation-drawn")
        assert all(url.startswith(address) for url in asked)
        assert said == []


@pytest.mark.browser
def test_a_slider_moves_all_figures_together_by_key_and_the_form_takes_the_threshold(browser, seen):
    _, address = seen
    figures = "[...document.querySelectorAll('.dials dd')].map(d => d.textContent)"
    with reader(browser, seen) as (page, said):
        page.goto(f"{address}{VALIDATION}?risk=30")
        first = page.evaluate(figures)
        page.focus("[data-slider=risk]")
        for _ in range(4):
            page.keyboard.press("ArrowLeft")
        moved = page.evaluate(figures)
        assert all(a != b for a, b in zip(first, moved, strict=True))
        # What the slider shows is what the server shows for the same threshold.
        page.goto(f"{address}{VALIDATION}?risk={moved[0][:-2]}")
        assert page.evaluate(figures) == moved
        page.focus("[data-slider=alerts]")
        page.keyboard.press("ArrowLeft")
        fewer = page.evaluate(figures)
        assert float(fewer[3]) < float(moved[3])
        page.click("form:has([data-chosen]) button")
        page.wait_for_url(f"{address}/sign/**")
        assert page.frame_locator("iframe").locator("text=threshold").count()
        assert said == []


@pytest.mark.browser
def test_reading_deciding_and_signing_need_no_script(browser, seen):
    home, address = seen
    with reader(browser, seen, java_script_enabled=False) as (page, _):
        page.goto(f"{address}{VALIDATION}")
        assert page.locator("[data-slider]").first.is_hidden()
        page.fill("#alerts", "3")
        page.locator("form:has(#alerts) button").click()
        assert "alerts=3" in page.url
        page.goto(f"{address}/sign")
        page.locator(f"a[href='/sign/{home.report}']").click()
        page.locator("[name=meaning][value=approval]").check()
        page.fill("#statement", "I have read it whole.")
        page.fill("#passphrase-sign", home.secrets["clara"])
        page.locator("form.act button.main").click()
        assert page.url.endswith("?done=signed")
        assert "Your signature stands below" in page.inner_text("[role=status]")
