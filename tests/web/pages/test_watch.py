"""The watch of a model: what it shows, and from a finding to an act in two clicks."""

from __future__ import annotations

import pytest
from lxml import html

from attending.govern.access import VERBS
from attending.govern.roles import ACTS
from attending.records.incident import Incident
from attending.records.recalibration import RecalibrationProposal
from attending.records.watch_picture import WatchPicture
from attending.web import policy
from tests.web.pages.conftest import send, words
from tests.web.pages.round_home import MODEL
from tests.web.paper_house import PaperHouse
from tests.web.visitor import visitor_of

WATCH = f"/models/{MODEL}/watch"
CAUSE = "data:GENERAL"
WRONG = "not-the-passphrase-12"


@pytest.mark.requirement("H11", "H14")
def test_the_watch_answers_the_day_and_groups_findings_by_cause(ward):
    page = html.fromstring(ward.enter("nora").get(WATCH).content)
    text = " ".join(page.text_content().split())
    assert "Should we continue using it today? freeze" in text
    assert "2 h ago: given 2024-12-18 06:00 UTC" in text
    causes = page.xpath("//article[contains(@class, 'cause')]")
    assert [one.xpath("string(h3/span[last()])") for one in causes] == [
        "data drift, GENERAL",
        "concept drift, everywhere",
        "reviews",
    ]
    assert "Creatinine is missing for 41 %" in causes[0].text_content()
    assert "and sodium_last" in causes[0].text_content()
    assert "Inputs moved together" not in text  # it only informs
    administrator = visitor_of(PaperHouse(roles=("administrator",)))
    administrator.sign_in()
    for path in ("/watch", WATCH):
        assert administrator.get(path).status_code == 403


def test_every_day_of_the_calendar_is_a_verdict_or_none_and_stands_in_the_table(ward):
    page = html.fromstring(ward.enter("nora").get(WATCH).content)
    said = [one.text for one in page.xpath("//*[contains(@class, 'day')]/*[local-name()='title']")]
    given = [one for one in said if "no verdict" not in one]
    assert given == [
        "2024-12-15: continue, v1",
        "2024-12-16: continue, v1",
        "2024-12-17: continue, v1",
        "2024-12-18: freeze, v1",
    ]
    assert len(said) == 26 * 7 - 4  # the week ends after today
    rows = page.xpath("//section[@aria-labelledby='calendar']//tbody/tr")
    assert rows[0].xpath("string(th)") == "2024-12-18"
    assert len(rows) == 4


@pytest.mark.requirement("H13")
def test_inputs_outcomes_and_work_are_drawn_from_the_record_each_with_its_table(ward):
    with ward.desk() as desk:
        drawn = desk.home.catalog.latest(WatchPicture, model=MODEL)
    page = html.fromstring(ward.enter("nora").get(WATCH).content)
    for figure in page.xpath("//figure"):
        assert figure.xpath("count(.//*[local-name()='svg'])") == 1
        assert figure.xpath("string(.//*[local-name()='svg']/@aria-label)")
        assert figure.xpath(".//table | following-sibling::details//table")
    moved = page.xpath("//section[@aria-labelledby='inputs']//figcaption/text()")
    assert moved[0].strip() == drawn.inputs[0].label
    assert drawn.inputs == tuple(sorted(drawn.inputs, key=lambda one: (-one.psi, one.name)))
    months = page.xpath("//section[@aria-labelledby='outcomes']//tbody/tr")
    newest = drawn.months[-1]
    assert months[0].xpath("string(th)") == newest.month
    assert months[0].xpath("string(td[@data-label='Mature'])") == f"{newest.maturity:.0%}".replace(
        "%", " %"
    )
    assert sum(one.matured for one in drawn.months) == 155
    assert sum(one.events for one in drawn.months) == 20
    weeks = page.xpath("//section[@aria-labelledby='work']//tbody/tr")
    assert len(weeks) == len(drawn.weeks)
    assert sum(one.predictions for one in drawn.weeks) == 191
    assert page.xpath("string(//section[@aria-labelledby='said'])").count("not observed") == 1


def test_a_cause_is_taken_up_in_two_clicks_and_by_staff_alone(ward):
    nora = ward.enter("nora")
    page = html.fromstring(nora.get(WATCH).content)
    (first,) = page.xpath(f"//a[contains(@href, 'acknowledge?cause={CAUSE.replace(':', '%3A')}')]")
    done = send(nora, first.get("href"), cause=CAUSE, says="The laboratory mends the feed.")
    assert (done.status_code, done.headers["location"]) == (303, WATCH)
    assert "by nora: The laboratory mends the feed." in words(nora.get(WATCH))
    entry = ward.last("notification.acknowledged")
    assert (entry.actor, entry.details["channel"]) == ("nora", "owner")
    again = send(nora, first.get("href"), cause=CAUSE, says="Once more.")
    assert again.status_code == 409
    assert "Not done." in words(again)
    assert "Once more." in again.text  # what was written is not lost
    assert send(nora, first.get("href"), cause="data:NOWHERE", says="x").status_code == 404
    auditor = ward.enter("audrey")
    assert auditor.get(first.get("href")).status_code == 403
    assert auditor.post(f"{WATCH}/acknowledge", data={"cause": CAUSE}).status_code == 403
    assert "Take it up" not in words(auditor.get(WATCH))


@pytest.mark.requirement("K1")
def test_an_incident_is_opened_from_a_finding_and_names_the_report(ward):
    erik = ward.enter("erik")
    page = html.fromstring(erik.get(WATCH).content)
    to = page.xpath("//article[1]//a[contains(@href, '/incident?')]/@href")[0]
    asked = html.fromstring(erik.get(to).content)
    finding = asked.xpath("string(//input[@name='finding']/@value)")
    assert "Creatinine is missing" in asked.xpath("string(//input[@name='title']/@value)")
    said = {"finding": finding, "title": "creatinine is missing", "harm": "low", "drill": "drill"}
    wrong = send(erik, to, f"{WATCH}/incident", **said, kind="a fire")
    assert wrong.status_code == 422
    assert "creatinine is missing" in wrong.text
    done = send(erik, to, f"{WATCH}/incident", **said, kind="stale_feature")
    with ward.desk() as desk:
        opened = desk.home.catalog.latest(Incident, model=MODEL)
    assert done.headers["location"] == f"/incidents/{opened.digest}"
    assert (opened.opened_by, opened.finding, opened.drill) == ("erik", finding, True)
    assert ward.last("incident.open").actor == "erik"
    assert ward.enter("audrey").get(to).status_code == 403


def test_an_update_is_proposed_from_what_the_home_keeps_and_by_makers_alone(ward):
    dana = ward.enter("dana")
    done = send(dana, f"{WATCH}/recalibrate")
    assert done.status_code == 303, words(done)
    with ward.desk() as desk:
        made = desk.home.catalog.latest(RecalibrationProposal, model=MODEL)
    assert done.headers["location"] == f"{WATCH}/proposals/{made.digest}"
    assert ward.last("change.propose").actor == "dana"
    text = words(dana.get(done.headers["location"]))
    assert f"on {made.n} scores with {made.n_events} events" in text
    assert made.n_events == 20
    soon = send(dana, f"{WATCH}/recalibrate")
    assert soon.status_code == 409
    assert "is looked at every" in words(soon)
    assert ward.enter("omar").get(f"{WATCH}/recalibrate").status_code == 403


def test_a_version_is_taken_back_with_the_passphrase_given_again(ward):
    omar = ward.enter("omar")
    back = f"{WATCH}/roll-back"
    wrong = send(omar, back, reason="creatinine is missing", passphrase=WRONG)
    assert wrong.status_code == 403
    assert "creatinine is missing" in wrong.text
    assert WRONG not in wrong.text
    done = send(omar, back, reason="creatinine is missing", passphrase=ward.secrets["omar"])
    assert (done.status_code, done.headers["location"]) == (303, WATCH)
    with ward.desk() as desk:
        stands = desk.home.deployments.current(MODEL)
    assert (stands.stage, stands.act, stands.by) == ("validated", "rollback", "omar")
    assert stands.reason == "creatinine is missing"
    assert ward.last("release.rollback").actor == "omar"
    text = words(omar.get(WATCH))
    assert "No version scores, so nothing is watched." in text
    assert "Roll back" not in text
    assert ward.enter("nora").get(back).status_code == 403


def test_pages_and_verbs_are_for_the_same_roles():
    same = {
        policy.READERS: "today",
        policy.STAFF: "incident open",
        policy.MAKERS: "run recalibrate",
        policy.CARERS: "incident list",
        policy.EXPORTERS: "audit export",
        policy.PEOPLE: "user ls",
    }
    assert {one: one.roles for one in same} == {
        one: VERBS[verb].roles for one, verb in same.items()
    }
    assert policy.RELEASERS.roles == set(ACTS["release"][1])
    assert policy.ADMINISTRATORS.roles == set(ACTS["people"][1])
