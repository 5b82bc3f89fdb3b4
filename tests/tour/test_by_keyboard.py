"""Every form that there is, filled in and sent by keyboard alone, in Chromium."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import attending.web
from attending.lifecycle import delivering, incidents
from attending.lifecycle.delivering import WORKLIST
from attending.lifecycle.desk import open_desk
from attending.stores.deliveries import Step
from attending.times import to_micros
from tests.tour.keyboard import Keyboard, at_keyboard, form_routes
from tests.web.test_in_browser import served

TEMPLATES = Path(attending.web.__file__).parent / "templates"
LIVE = "/models/readmission-30d"
SILENT = "/models/mortality-30d"
WATCH = f"{LIVE}/watch"
WAITS = "/models/ed-return-7d/validation"
WHY = "Round of the ward this morning"


@pytest.fixture(scope="module")
def place(house):
    """The address of the tour, and of the provider where persons also sign in."""
    with served(house) as found:
        yield found


@pytest.fixture
def keys(browser, place, tour):
    """Give the keyboard to a person of the tour."""
    return lambda person: at_keyboard(browser, place[0], person, tour.secrets[person])


def comes_and_goes(keys, tour, provider):
    with keys("axel") as at:
        at.press("button[name=theme][value=dark]", "Space")
        assert at.page.get_attribute("html", "data-theme") == "dark"
        at.press("form[action='/first-look'] button")
        assert "Where to look first" not in at.said().splitlines()
        at.press("form[action='/first-look'] button")
        assert "Where to look first" in at.said().splitlines()
        at.press("form[action='/logout'] button")
        assert at.page.url.endswith("/login")
    return at


def asks_the_ledger(keys, tour, provider):
    with keys("caro") as at:
        at.open("/audit")
        at.choose("#person", "cora")
        at.choose("#act", "approval.")
        at.to("#since")
        at.page.keyboard.type("01022020")
        at.press("form.ask button.main")
        assert "act=approval.&since=2020-01-02" in at.page.url
        assert "Dr Cora Winter" in at.page.inner_text("tbody")
        at.press("form[action='/audit/verify'] button")
        assert "agree" in at.said()
        at.open("/search")
        at.write("#q", "readmission")
        at.press("#q")
        assert "found, the best first" in at.said()
    return at


def decides_signs_and_withdraws(keys, tour, provider):
    with keys("clara") as at:
        at.open(WAITS)
        at.write("#risk", "15")
        at.press("#risk")
        assert at.page.inner_text("[data-dial=threshold] >> nth=0") == "15.0 %"
        if at.page.evaluate("document.querySelector('#report') !== null"):
            at.press("form.filter button")
        at.press("form[action$='/threshold'] button")
        at.choose("input[type=radio][name=meaning]", "approval")
        at.write("#statement", "From this risk on a nurse calls the next day.")
        at.write("#passphrase-sign", tour.secrets["clara"])
        at.press("form.act button.main")
        assert "Signed." in at.said()
        at.unfold("details.words > summary")
        at.write("#reason-1", "The ward asked for another threshold.")
        at.write("#passphrase-withdraw-1", tour.secrets["clara"])
        at.press("form[action$='/withdraw'] button")
        assert "Withdrawn." in at.said()
    return at


def reads_about_a_patient(keys, tour, provider):
    with keys("nora") as at:
        at.open(f"{SILENT}/predictions")  # the model itself answers there; there is a page of why
        at.write("#purpose", WHY)
        at.press("#purpose")
        at.press("tbody button")
        assert "This look stands in the ledger" in at.said()
        at.press("form[action$='/page'] button")
        assert "Not shown" not in at.page.inner_text("body")
    return at


def answers_an_alert(keys, tour, provider):
    with open_desk(tour.home, at=tour.at, actor="omar") as desk:
        alert = delivering.alerts(desk, "readmission-30d")[0]
        step = Step(alert.request_id, WORKLIST, 1, "sent", to_micros(desk.at), "omar", None, {})
        with desk.home.database.transaction() as unit:
            delivering.keep_step(desk, unit, step)
    with keys("nora") as at:
        at.open("/worklist/readmission-30d")
        at.write("input[name=says]", "Called at home this morning")
        at.press("button[value=acknowledge]", "Space")
        assert "acknowledged by nora" in at.said()
    return at


def works_an_incident(keys, tour, provider):
    with open_desk(tour.home, at=tour.at) as desk:
        stands = incidents.incidents(desk, open_only=True)[-1]
        steps = stands.open_tasks()
    here = f"/incidents/{stands.digest}"
    with keys(steps[0].owners[0]) as worker:
        worker.open(here)
        worker.press("a[href*='/step']")
        worker.write("textarea", "The score is not shown until the feed is mended.")
        worker.press("main button.main")
    with open_desk(tour.home, at=tour.at) as desk:
        for task in steps[1:]:
            by = replace(desk, actor=task.owners[0])
            incidents.do_step(by, stands.digest, step=task.step, says="It was done.")
    with keys("nora") as at:
        at.open(here)
        at.press("a[href$='/impact']")
        at.write("#since", at.page.input_value("#since"))
        at.press("main button.main")
        at.press("a[href$='/review']")
        for field in ("root_cause", "clinical_impact", "threshold", "prevention"):
            at.write(f"#{field}", f"What is known of {field} stands here.")
        at.press("main button.main")
        assert "What is known of prevention stands here." in at.said()
        at.write("#purpose", WHY)
        with at.page.expect_download() as download:
            at.page.keyboard.press("Enter")
        assert download.value.suggested_filename.startswith("incident-")
    at.sent |= worker.sent
    at.answers |= worker.answers
    return at


def takes_up_what_was_found(keys, tour, provider):
    with keys("dana") as at:
        at.open(WATCH)
        at.press("a[href*='/acknowledge']")
        at.write("textarea", "The laboratory mends the feed.")
        at.press("main button.main")
        assert "by dana: The laboratory mends the feed." in at.said()
        at.press("a[href*='/watch/incident']")
        at.write("#title", "A drill of the ward")
        at.choose("#kind", "outage")
        at.choose("#harm", "low")
        at.choose("#drill", "drill")
        at.press("main button.main")
        assert "A drill of the ward" in at.said()
        at.open(f"{WATCH}/recalibrate")
        at.press("main button.main")
        # What was found speaks against it: who sent the form reads why.
        assert "which fitting again does not mend" in at.said()
    return at


def changes_people(keys, tour, provider):
    with keys("ada") as at:
        at.open("/people")
        at.press("a[href='/people/petra/change']")
        at.choose("#what", "disable")
        at.write("#passphrase", tour.secrets["ada"])
        at.press("main button.main")
        assert at.page.url.endswith("/people")
        at.press("a[href='/people/invite']")
        at.write("#person", "nils")
        at.write("#name", "Nils Berg")
        at.choose("#role", "nurse_leader")
        at.write("#passphrase", tour.secrets["ada"])
        at.press("main button.main")
        token = at.page.inner_text("code.once")
        at.open("/invitation")
        at.write("#invitation", token)
        at.press("#invitation")
        at.page.wait_for_url(f"{provider}/**")
    return at


def rolls_back(keys, tour, provider):
    with keys("omar") as at:
        at.open(f"{WATCH}/roll-back")
        at.write("#reason", "Scores came weeks late; the wards go back to LACE.")
        at.write("#passphrase", tour.secrets["omar"])
        at.press("#passphrase")
        assert "Not done" not in at.said()
    return at


#: Who works, and the routes to which forms are sent on the way; who changes most comes last.
STORIES = {
    comes_and_goes: {"/login", "/theme", "/first-look", "/logout"},
    asks_the_ledger: {"/login", "/audit/verify"},
    decides_signs_and_withdraws: {
        "/login",
        "/models/{name}/validation/{digest}/threshold",
        "/sign/{digest}",
        "/sign/{digest}/withdraw",
    },
    reads_about_a_patient: {
        "/login",
        "/models/{name}/predictions",
        "/models/{name}/predictions/{request_id}",
        "/models/{name}/predictions/{request_id}/page",
    },
    answers_an_alert: {"/login", "/worklist/{name}"},
    works_an_incident: {
        "/login",
        "/incidents/{digest}/step",
        "/incidents/{digest}/impact",
        "/incidents/{digest}/review",
        "/incidents/{digest}/list",
    },
    takes_up_what_was_found: {
        "/login",
        "/models/{name}/watch/acknowledge",
        "/models/{name}/watch/incident",
        "/models/{name}/watch/recalibrate",
    },
    changes_people: {"/login", "/people/{person}/change", "/people/invite", "/invitation"},
    rolls_back: {"/login", "/models/{name}/watch/roll-back"},
}
#: Forms that the hospital of the tour refuses, with the reason on the page.
REFUSED = {"/models/{name}/watch/recalibrate"}
#: Forms that only ask, by what their template says of where they lead; the stories send each.
ASKS = {"/audit", "/search", "{{ base }}", "{{ base }}#trade"}


@pytest.mark.browser
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_each_form_is_filled_and_sent_by_keyboard_alone(story, keys, tour, place):
    at = story(keys, tour, place[1])
    assert at.sent == STORIES[story]
    refused = {route for route, codes in at.answers.items() if max(codes) >= 400}
    assert refused <= REFUSED


def test_no_form_is_without_its_story():
    assert set().union(*STORIES.values()) == form_routes()
    told = "".join(one.read_text(encoding="utf-8") for one in TEMPLATES.glob("*.j2"))
    asks = re.findall(r'<form[^>]* method="get"[^>]* action="([^"]+)"', told)
    assert set(asks) == ASKS


@pytest.mark.browser
def test_a_button_that_tab_passes_by_is_told(browser):
    page = browser.new_page()
    page.set_content("<button>Tab comes here</button><button id='never' tabindex='-1'>x</button>")
    at = Keyboard(page, "about:blank")
    at.to("button")
    with pytest.raises(AssertionError, match="Tab never comes to #never"):
        at.to("#never")
    page.close()
