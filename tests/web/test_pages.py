from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import html

from attending.lifecycle.owing import owed_by
from attending.lifecycle.side_by_side import Beside
from attending.web.pages.model import read as read_model
from attending.web.views import ModelPage, ModelRow
from tests.web.paper_house import LIFE, PAGE, READMISSION, PaperHouse, verdict
from tests.web.visitor import visitor_of


def words(answer):
    return " ".join(html.fromstring(answer.content).text_content().split())


def rows(answer):
    """Return the cells of each row of every table on a page, without blanks at their ends."""
    return [
        tuple(" ".join(cell.text_content().split()) for cell in row.xpath("th|td"))
        for row in html.fromstring(answer.content).xpath("//tbody/tr")
    ]


def test_the_first_page_shows_each_model_with_version_stage_and_verdict(signed_in):
    page = html.fromstring(signed_in.get("/").content)
    cards = page.xpath("//article")
    assert [card.xpath("string(.//h3)").strip() for card in cards] == [
        "deterioration-12h",
        "readmission-30d",
        "length-of-stay",
        "sepsis-onset-6h",
    ]
    answers = [card.xpath("string(.//*[@class='word'])") for card in cards]
    assert answers == ["continue", "watch", "no verdict", "stop"]
    assert all(card.xpath(".//li[@aria-current='step']") for card in cards)
    assert "v12" in cards[3].text_content()


def test_the_first_page_says_what_waits_for_the_reader_late_first(house, signed_in):
    page = html.fromstring(signed_in.get("/").content)
    rows = [" ".join(row.text_content().split()) for row in page.xpath("//tbody/tr")]
    assert rows[0].endswith("2026-03-02 06:05 UTC overdue")
    assert "7 of 10 events needed" in rows[1]
    house.seen[owed_by] = lambda *_: ()
    assert "Nothing waits for you." in words(signed_in.get("/"))


def test_no_verdict_is_never_shown_as_continue(signed_in):
    assert "No verdict is not a “continue”" in words(signed_in.get("/"))


def test_an_expired_verdict_says_so(signed_in):
    assert "expired on 2026-03-03 18:05 UTC" in words(signed_in.get("/"))


@pytest.mark.requirement("G12")
def test_version_and_what_changed_stand_on_the_models_page(house, signed_in):
    said = words(signed_in.get("/models/readmission-30d"))
    assert "readmission-30d v3" in said
    assert "Changed: v3 since 2026-02-20: threshold 0.21 instead of 0.25; recalibrated." in said
    house.page = house.page.model_copy(update={"notices": ()})
    assert "Changed:" not in words(signed_in.get("/models/readmission-30d"))


def test_a_gate_says_what_is_open_and_whose_turn_it_is(signed_in):
    page = html.fromstring(signed_in.get("/models/readmission-30d").content)
    gates = page.xpath("//details[starts-with(@class, 'gate ')]")
    assert len(gates) == 5
    assert [bool(gate.xpath("@open")) for gate in gates] == [False, False, False, False, True]
    row = gates[4].xpath(".//tr[contains(th, 'training materials')]")[0]
    assert "missing" in row.text_content()
    assert "Head of nursing, north site" in row.text_content()


@pytest.mark.fault("X47")
def test_version_and_degraded_state_are_on_every_print_of_a_model(house, signed_in):
    bare = ModelPage(row=ModelRow(name="readmission-30d"))
    house.page = bare  # the control: without the facts the page cannot say them
    none = replace(LIFE, versions=Beside((), (), ()))
    house.seen[read_model] = lambda *_, **__: none
    assert "v3" not in words(signed_in.get("/models/readmission-30d"))
    house.page = PAGE.model_copy(
        update={"row": READMISSION.model_copy(update={"verdict": verdict("restrict")})}
    )
    said = words(signed_in.get("/models/readmission-30d"))
    assert "v3" in said
    assert "restrict" in said
    assert "use it in fewer sites or units" in said


def test_synthetic_stands_on_every_page_of_a_synthetic_home(signed_in):
    for path in ("/", "/models/readmission-30d", "/login"):
        assert "SYNTHETIC" in words(signed_in.get(path)), path
    plain = visitor_of(PaperHouse(made_up=False))
    assert "SYNTHETIC" not in words(plain.get("/login"))


@pytest.mark.fault("X09")
def test_a_hostile_name_is_text_on_the_page(house, signed_in):
    bad = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    assert html.fromstring(f"<p>{bad}</p>").xpath("//script")  # the control: unescaped, it is code
    row = READMISSION.model_copy(
        update={"purpose": bad, "verdict": verdict(sentence=bad, owner=bad)}
    )
    house.page = PAGE.model_copy(update={"row": row, "notices": (bad,)})
    house.rows = (row,)
    for path in ("/", "/models/readmission-30d"):
        page = html.fromstring(signed_in.get(path).content)
        assert not page.xpath("//script[not(starts-with(@src, '/static/attending.js'))]")
        assert not page.xpath("//*[@onerror]")
        assert bad in page.text_content()


def test_health_says_which_part_is_down_and_is_503_then(house, visitor):
    assert visitor.get("/healthz").json() == {
        "ok": True,
        "checks": [{"name": "store", "ok": True, "says": ""}],
    }
    house.up = False
    answer = visitor.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["checks"][0]["says"] == "locked"


def test_a_document_is_served_byte_for_byte_and_only_when_it_is_the_one_named(house, signed_in):
    digest = next(iter(house.files))
    answer = signed_in.get(f"/documents/{digest}")
    assert answer.content == house.files[digest]
    house.files[digest] += b"<!-- edited -->"
    answer = signed_in.get(f"/documents/{digest}", headers={"accept": "application/json"})
    assert answer.status_code == 500
    assert answer.json()["code"] == "document.digest"
