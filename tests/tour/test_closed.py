"""What another site, the next reader of a browser and a forged form get: nothing, on any page."""

from __future__ import annotations

import time

import pytest
from lxml import html

from attending.web.door import HEADERS
from tests.tour.walking import readable
from tests.web.visitor import visitor_of

FORGED = "0" * 64


def posted(text):
    """Return the forms of a page that change something: where to, and their fields as they are."""
    for form in html.fromstring(text).xpath("//form[@method='post']"):
        fields = {one.get("name"): one.get("value") or "x" for one in form.xpath(".//*[@name]")}
        yield form.get("action"), fields


@pytest.mark.fault("X10")
def test_x10_no_form_of_any_page_is_taken_with_another_token(house, tour, pages):
    seen, wrong = set(), {}
    for person, found in pages.items():
        visitor = visitor_of(house)
        visitor.sign_in(person, tour.secrets[person])
        for path in readable(found):
            for action, fields in posted(found[path].content):
                if (person, action) in seen:
                    continue
                seen.add((person, action))
                assert "token" in fields, (path, action)
                answer = visitor.post(action, data={**fields, "token": FORGED})
                if answer.status_code != 403:
                    wrong[f"{person} {action}"] = answer.status_code
        # The control: with the token of the page the same visitor is heard.
        token = visitor.form_token("/")
        assert visitor.post("/theme", data={"theme": "dark", "token": token}).status_code == 303
    assert wrong == {}
    assert len({action for _, action in seen}) >= 3


def test_no_page_of_anybody_is_kept_or_framed(pages):
    for person, found in pages.items():
        for path, answer in found.items():
            assert answer.headers["cache-control"] == "no-store", (person, path)
            # Where one signs, our own page frames the paper; no other site frames anything.
            ours = "/paper/" in path
            framed = answer.headers["x-frame-options"]
            assert framed == ("SAMEORIGIN" if ours else "DENY"), (person, path)
            policy = answer.headers["content-security-policy"]
            who = "'self'" if ours else "'none'"
            assert f"frame-ancestors {who}" in policy, (person, path)
            if "text/html" in answer.headers["content-type"]:
                assert "unsafe" not in policy, (person, path)
            else:
                assert policy.startswith("default-src 'none'"), (person, path)
            if path in readable({path: answer}):
                assert policy.startswith(HEADERS["Content-Security-Policy"]), (person, path)


@pytest.mark.browser
def test_after_signing_out_going_back_shows_nothing(opened, address):
    with opened("nora") as page:
        page.goto(f"{address}/models/readmission-30d")
        shown = page.inner_text("main")
        assert "readmission-30d" in shown  # the control: signed in, it is there
        page.goto(address)
        page.click("text=Sign out")
        page.wait_for_url(f"{address}/login")
        for _ in range(2):
            page.go_back()
            page.wait_for_load_state()
            assert page.url.startswith(f"{address}/login"), page.url
            assert "readmission-30d" not in page.inner_text("body")


@pytest.mark.browser
@pytest.mark.fault("X21")
def test_x21_no_page_stands_in_a_frame_of_another_site(opened, address):
    with opened("omar") as page:
        cookies = page.context.cookies()
        assert {one["sameSite"] for one in cookies} == {"Strict"}
        # The control: a page without our headers stands in such a frame.
        page.goto("about:blank")
        page.set_content("<iframe src='data:text/html,<p id=inside>inside</p>'></iframe>")
        assert page.frames[1].wait_for_selector("#inside")
        for path in ("/", "/login", "/models/readmission-30d"):
            page.goto("about:blank")
            page.set_content(f"<iframe id=f src='{address}{path}'></iframe>")
            page.wait_for_timeout(100)
            refused_within(page, seconds=60)
            assert all("readmission" not in frame.content() for frame in page.frames[1:])


def refused_within(page, *, seconds):
    """Wait until the browser has put its own page of refusal into the frame."""
    until = time.monotonic() + seconds
    while not page.frames[1].url.startswith("chrome-error:"):
        assert time.monotonic() < until, page.frames[1].url
        page.wait_for_timeout(50)


@pytest.mark.browser
def test_without_scripts_every_page_says_the_same(opened, address, pages):
    paths = readable(pages["clara"])
    with opened("clara", java_script_enabled=False) as page:
        for path in paths:
            page.goto(address + path)
            titles = html.fromstring(page.content()).xpath("//main//h1 | //main//h2 | //main//h3")
            served = html.fromstring(pages["clara"][path].content)
            wanted = served.xpath("//main//h1 | //main//h2 | //main//h3")
            said = [" ".join(one.text_content().split()) for one in titles]
            assert said == [" ".join(one.text_content().split()) for one in wanted], path
            assert page.locator("main").inner_text().strip(), path
