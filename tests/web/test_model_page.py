from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from lxml import html

from attending.digests import digest_bytes
from attending.lifecycle.desk import note
from attending.lifecycle.model_history import history
from attending.records.ledger import Subject
from tests.web.example_home import MODEL
from tests.web.test_pages import words

PATH = f"/models/{MODEL}"


@pytest.mark.requirement("J15")
def test_five_gates_stand_there_with_what_is_missing_and_whose_it_is(enter, example):
    page = html.fromstring(enter("clara").get(PATH).content)
    gates = page.xpath("//details[starts-with(@class, 'gate ')]")
    names = [gate.xpath("string(.//*[@class='gate-name'])") for gate in gates]
    assert names == [
        *("lineage review", "clinical sign-off", "readiness review"),
        *("prospective review", "monitoring and audit"),
    ]
    kinds = [gate.get("class") for gate in gates]
    assert kinds == ["gate passed", "gate asked", "gate ahead", "gate ahead", "gate ahead"]
    rows = [" ".join(row.text_content().split()) for row in gates[1].xpath(".//tbody/tr")]
    assert "3 of 4 open" in gates[1].text_content()
    assert rows[-1].startswith("The model card has no gap card.complete")  # what is met is last
    assert any("The model card is signed" in row and "Clinical lead" in row for row in rows)
    assert gates[1].xpath(f".//a[@href='/sign/{example.card}']")
    # A gate that nobody asked says what it will ask, and meets nothing.
    ahead = gates[2].xpath(".//tbody/tr")
    assert len(ahead) > 5
    assert not gates[2].xpath(".//*[contains(@class, 'met met')]")
    refused = enter("clara").get("/models/no-such-model")
    assert refused.status_code == 404


def test_the_history_goes_from_the_first_run_to_now_in_order_and_by_parts(enter, example):
    visitor = enter("clara")
    page = html.fromstring(visitor.get(PATH).content)
    told = page.xpath("//ol[@class='timeline']/li/strong/text()")
    assert told[0] == "run.fit"
    assert {"document.write", "release.advance", "gate.decide"} <= set(told)
    assert "store.rows" not in told
    times = page.xpath("//ol[@class='timeline']/li/time/@datetime")
    assert all(a <= b for a, b in pairwise(times))
    some = html.fromstring(visitor.get(f"{PATH}?part=stages and gates").content)
    told = some.xpath("//ol[@class='timeline']/li/strong/text()")
    assert told == ["release.advance", "release.advance", "gate.decide"]
    assert "no such entry" in words(visitor.get(f"{PATH}?part=verdicts"))


def test_a_history_longer_than_a_page_is_whole_in_its_pages(example):
    """The ledger also holds other things by the thousand; none of a model's own is lost."""
    with example.desk() as desk:
        for number in range(150):
            about = MODEL if number % 2 else "elsewhere"
            with desk.home.database.transaction() as unit:
                subject = Subject(kind="model", digest=about)
                note(desk, unit, action="model.note", subject=subject, details={"n": number})
        whole = history(desk, MODEL, most=1000)
        assert len(whole.moments) == whole.total > 75
        pages = [history(desk, MODEL, first=at, most=20) for at in range(0, whole.total, 20)]
        assert [one for page in pages for one in page.moments] == list(whole.moments)
        newest = history(desk, MODEL, most=20)
        assert newest.moments == whole.moments[-20:]
        assert newest.first == whole.total - 20


def test_a_signature_and_a_paper_stand_in_the_history_of_what_they_are_about(example, enter):
    visitor = enter("clara")
    visitor.get(f"/sign/{example.report}")
    told = words(visitor.get(f"{PATH}?part=papers"))
    assert "document.open by Dr Clara Moss clara" in told
    assert "title Validation report" in told


def test_papers_come_with_digests_and_say_what_is_not_written_yet(enter, example):
    visitor = enter("clara")
    page = html.fromstring(visitor.get(PATH).content)
    links = page.xpath("//section[@aria-labelledby='papers']//tbody//a/@href")
    assert links == [f"/documents/{example.page}"]
    assert digest_bytes(visitor.get(links[0]).content) == example.page
    said = words(visitor.get(PATH))
    assert "patient notice (attending card notice)" in said
    assert "nobody yet" in said
    assert page.xpath("//section[@aria-labelledby='files']//tbody/tr/th/text()") == ["model.txt"]
    assert "not here" in said  # the file is named by its digest, and the store has no such bytes


def test_versions_stand_side_by_side_with_their_figures(enter):
    page = html.fromstring(enter("clara").get(PATH).content)
    rows = {
        row.xpath("string(th)"): row.xpath("string(td)")
        for row in page.xpath("//table[contains(@class, 'beside')]//tbody/tr")
    }
    assert rows["AUROC"].startswith("0.744 (")
    assert rows["Estimator"] == "lightgbm, platt"
    heads = page.xpath("//table[contains(@class, 'beside')]//thead//th")
    assert [" ".join(one.text_content().split()) for one in heads] == ["What", "v1 trained"]


def test_models_are_listed_and_an_empty_home_says_what_to_do(enter, house, signed_in):
    assert MODEL in words(enter("clara").get("/models"))
    house.rows = ()
    assert "attending new" in words(signed_in.get("/models"))


def test_nobody_reads_a_model_without_signing_in(visitor):
    answer = visitor.get(PATH)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.fault("X09")
def test_hostile_words_in_the_ledger_are_text_in_the_history(example, enter):
    bad = "<script>alert(1)</script>"
    assert html.fromstring(f"<p>{bad}</p>").xpath("//script")  # the control: unescaped, it is code
    with example.desk() as desk, desk.home.database.transaction() as unit:
        note(
            replace(desk, actor="dana"),
            unit,
            action="model.note",
            subject=Subject(kind="model", digest=MODEL),
            details={"says": bad},
        )
    page = html.fromstring(enter("clara").get(PATH).content)
    assert bad in page.xpath("string(//ol[@class='timeline']/li[last()])")
    assert all(one.get("src") for one in page.xpath("//script"))
