"""The hospital of the tour: three stages, a problem, and somebody of each role who can sign in."""

from __future__ import annotations

import pytest
from lxml import html

from attending.govern.roles import ROLES
from attending.lifecycle import incidents, overview, witnessing
from attending.lifecycle.desk import open_desk
from attending.web.app import ROUTES
from tests.tour.walking import links_of, page_routes, readable, route_of
from tests.web.visitor import visitor_of

#: Pages that stand behind an act: the answer of a form leads there, what the form has made, a word
#: that was searched for, or a feature that was published.
AFTER_AN_ACT = {
    "/models/{name}/predictions/{request_id}",
    "/models/{name}/watch/proposals/{digest}",
    "/incidents/{digest}/review",
    "/records/{digest}",
    "/catalogue/features/{reference}",
    "/catalogue/features/{reference}/lineage",
}


@pytest.fixture(scope="module")
def desk(tour):
    with open_desk(tour.home, at=tour.at) as found:
        yield found


def words(answer):
    return " ".join(html.fromstring(answer.content).text_content().split())


def test_three_models_stand_in_three_stages_and_one_verdict_asks_for_an_act(desk):
    stands = {one.model: one for one in overview.standings(desk)}
    assert {name: one.deployment.stage for name, one in stands.items()} == {
        "readmission-30d": "limited",
        "mortality-30d": "silent",
        "ed-return-7d": "trained",
    }
    asked = stands["readmission-30d"].verdict
    assert asked.answer in {"freeze", "restrict", "fallback", "stop"}
    assert asked.action
    left = [one.open_tasks() for one in incidents.incidents(desk, open_only=True)]
    assert ["contain", "assess", "communicate"] in [[one.step for one in tasks] for tasks in left]


def test_the_ledger_of_the_tour_verifies(desk):
    assert witnessing.verify(desk).findings == ()


def test_every_role_has_somebody_who_signs_in_with_what_was_told(house, tour):
    assert set(tour.roles.values()) == set(ROLES)
    assert set(tour.secrets) == set(tour.roles)
    for person, secret in tour.secrets.items():
        assert visitor_of(house).sign_in(person, secret).status_code == 303, person
    wrong = visitor_of(house)
    assert wrong.sign_in("clara", tour.secrets["omar"]).status_code == 401


def test_notes_say_for_each_role_where_to_look_until_they_are_put_away(house, tour):
    for person, secret in tour.secrets.items():
        visitor = visitor_of(house)
        visitor.sign_in(person, secret)
        first = html.fromstring(visitor.get("/").content)
        led = first.xpath("//section[@class='first-look']//dt/a/@href")
        assert led, person
        assert all(visitor.get(place).status_code == 200 for place in led), person
    token = first.xpath("//section[@class='first-look']//input[@name='token']/@value")[0]
    assert visitor.post("/first-look", data={"token": "0" * 64}).status_code == 403
    assert visitor.post("/first-look", data={"token": token}).headers["location"] == "/"
    assert "Where to look first" not in words(visitor.get("/"))
    visitor.post("/first-look", data={"token": token, "show": "yes"})
    assert "Where to look first" in words(visitor.get("/"))


def test_what_the_notes_say_to_look_for_waits_for_whom_it_is_said(house, tour):
    visitor = visitor_of(house)
    visitor.sign_in("clara", tour.secrets["clara"])
    rows = html.fromstring(visitor.get("/").content).xpath("//table[contains(@class,'owed')]//tr")
    said = [" ".join(row.text_content().split()) for row in rows]
    assert any("ed-return-7d" in one and "threshold" in one for one in said), said
    queue = words(visitor.get("/sign"))
    waits, _, _ = queue.partition("You may also sign")
    assert "ed-return-7d" in waits


def test_no_link_leads_nowhere_or_where_its_reader_may_not_go(house, tour, pages):
    refused = visitor_of(house)
    refused.sign_in("ada", tour.secrets["ada"])
    assert refused.get("/watch").status_code == 403  # the control: who minds persons alone
    wrong = {
        f"{person} {path}": answer.status_code
        for person, found in pages.items()
        for path, answer in found.items()
        if answer.status_code != 200
    }
    assert wrong == {}
    # Of pages of one kind three were opened; the links of all of them are held against policies.
    policies = {one.path: one.policy for one in page_routes()}
    for person, found in pages.items():
        led = {link for path in readable(found) for link in links_of(found[path].content)}
        closed = {
            link
            for link in led
            if (route := route_of(link))
            and (roles := policies[route].roles)
            and tour.roles[person] not in roles
        }
        assert closed == set(), person


def test_every_page_that_there_is_can_be_reached_by_links(pages):
    reached = {route_of(path) for found in pages.values() for path in found}
    assert {one.path for one in page_routes()} - reached <= AFTER_AN_ACT


def test_every_entry_of_the_navigation_opens_for_whom_it_is_shown(pages):
    for person, found in pages.items():
        menu = html.fromstring(found["/"].content).xpath("//nav[@class='places']//a/@href")
        assert menu, person
        refused = [place for place in menu if found[place].status_code != 200]
        assert refused == [], person


def test_a_page_that_is_not_there_says_so_and_is_no_dead_end(house, tour):
    visitor = visitor_of(house)
    visitor.sign_in("omar", tour.secrets["omar"])
    for path in ("/models/none", "/documents/" + "0" * 64, "/nowhere"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert html.fromstring(answer.content).xpath("//main//a | //nav//a"), path


def test_routes_that_change_something_take_no_get(house, tour):
    visitor = visitor_of(house)
    visitor.sign_in("omar", tour.secrets["omar"])
    gets = {one.path for one in ROUTES.declared() if one.method == "GET"}
    posts = [one.path for one in ROUTES.declared() if one.method == "POST"]
    for path in posts:
        if path not in gets and "{" not in path:
            assert visitor.get(path).status_code in {401, 403, 404, 405}, path
