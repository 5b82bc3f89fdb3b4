"""A reader without a mouse: goes by Tab, writes, chooses by arrows, presses by Enter or Space."""

from __future__ import annotations

import re
from contextlib import contextmanager
from urllib.parse import urlsplit

from attending.web.app import ROUTES

#: So many presses of Tab lead around any page, with all that a framed document leads to.
MOST = 900
#: Routes that machines alone send to; none of them has a form.
MACHINES = frozenset({
    "/v1/models/{name}/predictions",
    "/v1/intake/{feed}",
    "/cds-services/{name}",
    "/cds-services/{name}/feedback",
})  # fmt: skip
_PLACE = re.compile(r"\\\{[^}]*\\\}")
_AT = "(selector) => document.activeElement.matches(selector)"
_VALUE = "() => document.activeElement.value"


def form_routes():
    """Return every route that a form is sent to."""
    posts = {one.path for one in ROUTES.declared() if one.method == "POST"}
    assert posts >= MACHINES
    return posts - MACHINES


def route_sent(path):
    """Return the route to which a form was sent, of several the one that says most itself."""
    found = [
        one for one in form_routes() if re.fullmatch(_PLACE.sub("[^/]+", re.escape(one)), path)
    ]
    return min(found, key=lambda one: one.count("{"))


class Keyboard:
    """A page of the browser that nobody points at.

    Attributes:
        sent: the routes to which forms were sent.
        answers: the status of the answer to each form.
    """

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.sent, self.answers = set(), {}
        page.on("response", self._hear)

    def _hear(self, response):
        if response.request.method == "POST" and response.url.startswith(self.address):
            route = route_sent(urlsplit(response.url).path)
            self.sent.add(route)
            self.answers.setdefault(route, []).append(response.status)

    def open(self, path):
        """Open an address, as one writes it."""
        self.page.goto(self.address + path)

    def to(self, selector):
        """Press Tab until the thing has the focus."""
        for _ in range(MOST):
            if self.page.evaluate(_AT, selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never comes to {selector} of {self.page.url}")

    def write(self, selector, text):
        """Write into a field, over what stands there."""
        self.to(selector)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        assert self.page.evaluate(_VALUE) == text, selector

    def choose(self, selector, value):
        """Choose a value of a list, or of a group of buttons, by the arrows."""
        self.to(selector)
        self.page.keyboard.press("Space" if "radio" in selector else "Home")
        for _ in range(100):
            if self.page.evaluate(_VALUE) == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no arrow comes to {value} in {selector}")

    def press(self, selector, key="Enter"):
        """Go to a button, a link or a field and press a key there; the next page comes."""
        self.to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def unfold(self, selector):
        """Open what is folded up."""
        self.to(selector)
        self.page.keyboard.press("Enter")

    def said(self):
        """Return what the page says."""
        return self.page.inner_text("main")

    def sign_in(self, person, passphrase):
        """Sign in: the first field has the focus."""
        self.open("/login")
        assert self.page.evaluate(_AT, "#person")
        self.write("#person", person)
        self.write("#passphrase", passphrase)
        with self.page.expect_navigation(url=f"{self.address}/"):
            self.page.keyboard.press("Enter")


@contextmanager
def at_keyboard(browser, address, person, passphrase):
    """Give the keyboard to a person who has signed in with it."""
    context = browser.new_context()
    keys = Keyboard(context.new_page(), address)
    keys.sign_in(person, passphrase)
    yield keys
    context.close()
