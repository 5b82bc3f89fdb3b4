"""The pages in Chromium: nothing is asked of elsewhere, nothing breaks the content policy."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, contextmanager

import pytest

from attending.lifecycle import inviting
from attending.lifecycle.desk import create_home
from attending.web.app import create_app
from attending.web.front_desk import FrontDesk
from tests.web.at_provider import running
from tests.web.looking import amiss, look_at, serving, sign_in, violations
from tests.web.paper_house import DIGEST, PASSPHRASE, PaperHouse
from tests.web.test_provider import now

PATHS = (
    *("/login", "/", "/models/readmission-30d", "/models/unknown", "/glossary"),
    f"/documents/{DIGEST}",
)


@pytest.fixture(scope="module")
def address():
    with serving(create_app(PaperHouse())) as found:
        yield found


@contextmanager
def served(house):
    """Give the address of a house's pages, and the provider where persons sign in beside."""
    import uvicorn

    with socket.socket() as listening, ExitStack() as stack:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)  # a browser may come before the server has started
        address = f"http://localhost:{listening.getsockname()[1]}"
        provider = stack.enter_context(running(f"{address}/login/provider/back"))
        app = create_app(house, provider=provider.policy())
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield address, provider.address
        server.should_exit = True
        thread.join(timeout=60)


@pytest.mark.browser
def test_a_person_goes_to_the_provider_and_comes_back_signed_in(browser, tmp_path):
    """Cookies, redirects and the content policy, as a real browser takes them."""
    house = FrontDesk.open(with_invited(tmp_path / "home"), clock=now)
    token = (tmp_path / "token").read_text()
    context = browser.new_context()
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    with served(house) as (address, provider):
        page.goto(f"{address}/login")
        page.click("text=Take up an invitation")
        page.fill("#invitation", token)
        page.click("button.main")
        page.wait_for_url(f"{provider}/**")
        page.fill("[name=sub]", "s-clara")
        page.click("button")
        page.wait_for_url(f"{address}/")
        assert "Dr Clara Moss" in page.inner_text("header")
        page.click("text=Sign out")
        page.wait_for_url(f"{address}/login")
        page.click("text=Sign in with Hospital account")
        page.wait_for_url(f"{address}/")
        assert "Dr Clara Moss" in page.inner_text("header")
        page.goto(f"{address}/confirm")
        page.click("a.main")
        page.wait_for_url(f"{provider}/**")
        page.fill("[name=sub]", "s-clara")
        page.click("button")
        page.wait_for_url(f"{address}/login/provider/back**")
        assert page.inner_text("code").startswith("once_")
    context.close()
    assert [text for text in said if "Content Security Policy" in text] == []


def with_invited(root):
    """Return a home with an administrator and an invitation of Clara, its token beside."""
    desk = create_home(root, at=now())
    inviting.accept(desk, inviting.begin(desk, "ada", printed_name="Ada Berg"), PASSPHRASE)
    token = inviting.invite(
        desk, "clara", printed_name="Dr Clara Moss", roles=["clinical_lead"], administrator="ada",
        passphrase=PASSPHRASE,
    )  # fmt: skip
    desk.home.close()
    root.with_name("token").write_text(token)
    return root


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_keep_to_the_policy_and_ask_nobody_else(browser, address, width):
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, address, "ada", PASSPHRASE)
    assert page.title() == "Today · attending"
    for path in PATHS:
        page.goto(address + path)
        widest = page.evaluate("document.documentElement.scrollWidth")
        assert widest <= width, path
        assert not page.evaluate("[...document.images].filter(i => !i.naturalWidth).length"), path
    page.goto(f"{address}/documents/{DIGEST}")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(18, 52, 86)"
    elsewhere = [url for url in asked if not url.startswith((address, "data:"))]
    assert elsewhere == []
    assert [text for text in said if "Content Security Policy" in text] == []
    context.close()


@pytest.mark.browser
@pytest.mark.fault("X09")
def test_a_hostile_name_runs_nothing_in_a_browser(browser):
    page = browser.new_page()
    alerts = []

    def heard(dialog):
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", heard)
    page.set_content("<p><img src=x onerror=alert(1)></p>")
    page.wait_for_timeout(200)
    assert alerts == ["1"]  # the control: unescaped and without a policy it runs
    from attending.web.render import page as rendered

    hostile = "<img src=x onerror=alert(2)><script>alert(3)</script>"
    page.set_content(rendered("problem.html.j2", status=404, problem={
        "message": hostile, "hint": hostile, "where": hostile, "code": hostile,
    }))  # fmt: skip
    page.wait_for_timeout(200)
    assert alerts == ["1"]
    page.close()


@pytest.mark.browser
def test_pages_read_well_wide_and_narrow_light_and_dark(browser, address):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.set_content("<main><img src='data:,'><p style='width:900px'>wide</p></main>")
    assert amiss(page)  # the controls: both looks see what is wrong
    assert any(one.startswith("image-alt") for one in violations(page))
    page.goto(f"{address}/login")
    assert (amiss(page), violations(page)) == ([], [])
    sign_in(page, address, "ada", PASSPHRASE)
    paths = ("/", "/models/readmission-30d", "/models/unknown", "/glossary")
    assert look_at(page, address, paths, prefix="paper-") == {}
    page.close()


@pytest.mark.browser
def test_the_colours_that_a_reader_chose_stay_until_given_up(browser, address):
    page = browser.new_page(color_scheme="light")
    sign_in(page, address, "ada", PASSPHRASE)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.goto(f"{address}/glossary")
    page.click("text=Dark")
    page.wait_for_url(f"{address}/glossary")
    assert page.evaluate(ground) != light
    page.goto(address)
    assert page.get_attribute("html", "data-theme") == "dark"
    page.click("text=As the system")
    assert page.evaluate(ground) == light
    page.close()


@pytest.mark.browser
def test_the_filter_of_the_glossary_helps_and_is_not_needed(browser, address):
    page = browser.new_page()
    sign_in(page, address, "ada", PASSPHRASE)
    page.goto(f"{address}/glossary")
    page.fill("#filter", "recalibrate")
    assert page.locator("[data-row]:visible").count() < 5
    context = browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    sign_in(bare, address, "ada", PASSPHRASE)
    bare.goto(f"{address}/glossary")
    assert bare.locator("#filter").is_hidden()
    assert bare.locator("[data-row]:visible").count() > 200
    context.close()
    page.close()
