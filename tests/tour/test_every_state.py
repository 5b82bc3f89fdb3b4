"""Each kind of page in its states: empty, filled, refused, not there, behind a purpose, done."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from attending.lifecycle import simulating
from attending.lifecycle.desk import create_home
from attending.web.app import create_app
from attending.web.front_desk import FrontDesk
from tests.web.example_home import put_into
from tests.web.looking import look_here, serving, sign_in, violations

LIVE, SILENT = "/models/readmission-30d", "/models/mortality-30d"
WHY = "Round of the ward this morning"


class Looker:
    """A reader who looks at the page that is open, and remembers what is wrong with it."""

    def __init__(self, page, address):
        self.page, self.address, self.wrong, self.seen = page, address, {}, []

    def look(self, name, says, path=""):
        """Open a path where there is one, and look; the page must say what its state says."""
        if path:
            self.page.goto(self.address + path)
        assert says in self.page.inner_text("body"), (name, self.page.url)
        if found := look_here(self.page, name.replace(" ", "-")):
            self.wrong[name] = found
        self.seen.append(name)

    def press(self, selector):
        """Press a button or follow a link."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()


def outside(at, tour):
    at.page.context.clear_cookies()
    at.look("sign-in", "Passphrase", "/login")
    at.page.fill("#person", "nobody")
    at.page.fill("#passphrase", "a wrong one")
    at.press("button.main")
    at.look("sign-in refused", "is wrong")


def nora(at, tour):
    at.look("worklist empty", "Nobody is on the list now.", "/worklist/readmission-30d")
    at.look("purpose", "Why you look", f"{LIVE}/predictions")
    at.page.fill("#purpose", " " * 12)
    at.press("form.act button")
    at.look("purpose refused", "Not shown.")
    at.page.fill("#purpose", WHY)
    at.press("form.act button")
    at.look("predictions", "This look stands in the ledger")
    at.press("tbody button")
    at.look("prediction of the fallback", "The model did not answer")
    at.page.goto(f"{at.address}{SILENT}/predictions")
    at.page.fill("#purpose", WHY)
    at.press("form.act button")
    at.press("tbody button")
    at.look("prediction", "what moved the score most first")
    at.look("purpose of one", "One prediction of", at.page.url.removeprefix(at.address))


def omar(at, tour):
    at.look("not there", "404", "/models/none")
    at.look("not for this role", "403", "/people")
    at.look("asked wrongly", "422", "/audit?since=yesterday")
    at.look("search", "Try a name", "/search")
    at.look("search found", "found, the best first", "/search?q=readmission")
    at.look("search none", "Nothing has all these words.", "/search?q=zzzz")
    at.look("audit none", "No entry is like this.", "/audit?until=1990-01-01")
    at.look("audit of one", "in one answer", "/audit?model=readmission-30d")
    at.look("audit older", "The newest", "/audit?before=60")
    at.press("form[action='/audit/verify'] button")
    at.look("verified", "agree")
    at.page.goto(f"{at.address}{LIVE}/watch/roll-back")
    at.page.fill("#reason", "To see it refused.")
    at.page.fill("#passphrase", tour.secrets["clara"])
    at.press("main button.main")
    at.look("act refused", "Not done.")
    at.page.goto(f"{at.address}/incidents")
    at.press("section[aria-labelledby=open] tbody a")
    here = at.page.url.removeprefix(at.address)
    at.look("incident", "Playbook", here)
    at.look("impact", "Count them", f"{here}/impact")
    at.look("review", "The technical cause", f"{here}/review")
    at.look("nothing to decide", "No version scores", "/models/ed-return-7d/watch")


def clara(at, tour):
    at.page.goto(f"{at.address}/models/ed-return-7d/validation")
    at.press("form[action$='/threshold'] button")
    at.look("sign", "Nobody has signed it yet.")
    for name, who, says in (("refused", "omar", "Not done."), ("done", "clara", "Signed.")):
        at.page.press("input[name=meaning][value=approval]", "Space")
        at.page.fill("#statement", "From this risk on a nurse calls the next day.")
        at.page.fill("#passphrase-sign", tour.secrets[who])
        at.press("form.act button.main")
        at.look(f"sign {name}", says)
    path = at.page.url.removeprefix(at.address).partition("?")[0]
    at.look("silent model", "silent", "/models/mortality-30d")
    at.look("signed before", "You have signed it.", path)


def dana(at, tour):
    at.look("queue of a maker", "What waits for your signature", "/sign")
    at.page.goto(f"{at.address}{LIVE}/watch/recalibrate")
    at.press("main button.main")
    at.look("update refused", "Not done.")
    at.look("feature", "Sodium", "/catalogue/features/sodium_last")


def ada(at, tour):
    at.look("today of who minds persons", "Should we use", "/")
    at.page.goto(f"{at.address}/people/invite")
    at.page.fill("#person", "nils")
    at.page.fill("#name", "Nils Berg")
    at.page.fill("#passphrase", tour.secrets["omar"])
    at.press("main button.main")
    at.look("invitation refused", "Not done.")
    at.page.fill("#passphrase", tour.secrets["ada"])
    at.press("main button.main")
    at.look("invited", "is invited")
    at.look("people with one on the way", "On its way", "/people")


@pytest.mark.browser
@pytest.mark.parametrize(
    "reader", [outside, nora, omar, clara, dana, ada], ids=lambda one: one.__name__
)
def test_each_state_fits_and_axe_finds_nothing_in_either_theme(reader, opened, address, tour):
    with opened("axel" if reader is outside else reader.__name__) as page:
        at = Looker(page, address)
        reader(at, tour)
    assert at.wrong == {}


#: What each page of a home without a model says to do next.
EMPTY = {
    "/": "No model is here yet.",
    "/models": "No model is here yet.",
    "/watch": "No model is here yet.",
    "/validation": "No model is here yet.",
    "/patients": "No model is here yet.",
    "/sign": "No gate waits for your signature.",
    "/catalogue": "No contract is kept yet.",
    "/incidents": "No incident is open.",
    "/audit": "The ledger keeps who did what",
}
#: What the pages of a model say that was begun and has no run.
BEGUN = {
    "/watch": "No version scores",
    "/validation": "validat",
    "/predictions": "Why you look",
}


@contextmanager
def at_home(root, tour, browser, *, begun=False):
    """Give a looker in a home of its own, in which a model may be begun, and the passphrases."""
    desk = create_home(root, at=tour.at, seed=7)
    secrets = simulating.add_persons(desk)
    if begun:
        put_into(desk, "0" * 64, "prototype", version="", model="begun")
    desk.home.close()
    with serving(create_app(FrontDesk.open(root, clock=lambda: tour.at))) as address:
        page = browser.new_page()
        sign_in(page, address, "clara", secrets["clara"])
        yield Looker(page, address), secrets
        page.close()


@pytest.mark.browser
def test_pages_of_an_empty_home_read_well_and_say_what_to_do(browser, tour, tmp_path):
    with at_home(tmp_path / "empty", tour, browser) as (at, secrets):
        at.page.set_content("<main><img src='data:,'></main>")
        assert violations(at.page)  # the control
        for path, says in EMPTY.items():
            at.look(f"empty {path.strip('/')}", says, path)
        at.page.context.clear_cookies()
        sign_in(at.page, at.address, "caro", secrets["caro"])
        at.look("people not administered", "Nobody administers this home yet", "/people")
    assert at.wrong == {}


@pytest.mark.browser
def test_pages_of_a_model_that_was_only_begun_read_well(browser, tour, tmp_path):
    with at_home(tmp_path / "begun", tour, browser, begun=True) as (at, _):
        for path, says in BEGUN.items():
            at.look(f"begun {path.strip('/')}", says, f"/models/begun{path}")
        at.page.fill("#purpose", WHY)
        at.press("form.act button")
        at.look("begun predictions none", "This version has made no prediction yet.")
    assert at.wrong == {}
