"""The catalogue and search: whose each thing is, how it stands, who uses it, and where it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import html

from attending.lifecycle import catalogue
from attending.lifecycle.catalogued import catalogued
from attending.lifecycle.desk import create_home, note
from attending.lifecycle.people import add_person
from attending.records.ledger import Subject
from tests.lifecycle.ward import sign
from tests.web.pages.conftest import words
from tests.web.pages.round_home import MODEL
from tests.web.paper_house import PaperHouse
from tests.web.visitor import visitor_of

SODIUM = "/catalogue/features/sodium_last"


def part(page, name):
    """Return the rows of one part of the catalogue, each as its cells."""
    rows = page.xpath(f"//section[@aria-labelledby='{name}']//tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in rows]


def test_the_catalogue_says_owner_status_age_and_users_of_each_thing(ward):
    page = html.fromstring(ward.enter("nora").get("/catalogue").content)
    (contract,) = part(page, "contracts")
    assert contract[0].startswith("Synthetic hospital, nightly extract 1.0.0")
    assert contract[1] == "Clinical data engineering"
    assert "2024-12-15 05:50 UTC 3 d 2 h ago" in contract[3]
    assert contract[-1] == MODEL
    (cohort,) = part(page, "cohorts")
    assert cohort[0].startswith("live_discharges")
    features = part(page, "features")
    assert len(features) == 36
    assert next(one[:2] for one in features if "sodium_last" in one[0]) == [
        "Sodium, last sodium_last",
        "dana",
    ]
    assert part(page, "code-lists")
    stranger = visitor_of(PaperHouse(roles=("administrator",)))
    stranger.sign_in()
    for path in ("/catalogue", SODIUM, "/search", "/records/" + "0" * 64):
        assert stranger.get(path).status_code == 403


def test_a_feature_shows_its_versions_its_status_and_who_approved_it(ward):
    nora = ward.enter("nora")
    assert "draft" in words(nora.get(SODIUM))
    assert "nobody yet" in words(nora.get(SODIUM))
    with ward.desk() as desk:
        digest = catalogue.find(desk, "sodium_last").digest
        sign(desk, digest, ward.secrets, person="clara", role="clinical_lead")
    text = words(nora.get(SODIUM))
    assert "approved" in text
    assert "Dr Clara Moss, clinical lead" in text
    with ward.desk() as desk:
        assert {one.name: one.status for one in catalogued(desk).features}["sodium_last"] == (
            "approved"
        )
    assert nora.get("/catalogue/features/no_such").status_code == 404
    assert nora.get("/catalogue/features/Not-One").status_code == 400


def test_a_feature_that_is_not_for_all_is_refused_and_the_attempt_is_kept(ward):
    with ward.desk("dana") as desk:
        one = catalogue.find(desk, "sodium_last")
        made = one.model_copy(update={"version": 2, "readers": ("clinical_lead",)})
        with desk.home.database.transaction() as unit:
            desk.home.catalog.put(
                unit, made, at=desk.at, by="dana", keys={"feature": one.name, "version": "2"}
            )
            note(desk, unit, action="features.publish", subject=Subject.of(made))
    nora = ward.enter("nora")
    for path in (SODIUM, f"{SODIUM}/lineage"):
        assert nora.get(path).status_code == 403
    assert ward.last("features.denied").actor == "nora"
    assert ward.enter("clara").get(SODIUM).status_code == 200


def test_a_lineage_is_a_picture_with_its_words_its_table_and_a_list(ward):
    page = html.fromstring(ward.enter("erik").get(f"{SODIUM}@1/lineage").content)
    (picture,) = page.xpath("//figure/img")
    assert picture.get("src").startswith("data:image/svg+xml;base64,")
    assert "1 source tables and 1 codes lead to sodium_last@1" in picture.get("alt")
    row = page.xpath("//table/tbody/tr")[0]
    assert [" ".join(cell.text_content().split()) for cell in row] == [
        "LOINC//2951-2",
        "synthetic-hospital/labs",
        "sodium_last@1",
    ]
    assert "synthetic-hospital/labs" in page.xpath("string(//ol[@class='way'])")


@pytest.mark.requirement("J14")
def test_search_finds_models_features_incidents_and_what_was_signed_each_with_its_place(ward):
    clara = ward.enter("clara")

    def found(asked):
        page = html.fromstring(clara.get("/search", params={"q": asked}).content)
        return [(one.text, one.get("href")) for one in page.xpath("//ol/li/a[not(ancestor::nav)]")]

    assert ("Creatinine, last", "/catalogue/features/creatinine_last") in found("creatinine")
    assert ("creatinine in another unit", f"/incidents/{ward.incident}") in found("another unit")
    assert (MODEL, f"/models/{MODEL}") in found("readmission limited")
    assert found("approval omar"), "what was signed is found by who signed it"
    (named,) = found(ward.incident[:16])
    assert named[1] == f"/incidents/{ward.incident}"
    for asked in ("readmission", "creatinine", "approval", "omar"):
        for _, path in found(asked):
            assert clara.get(path).status_code == 200, path
    assert "Nothing has all these words." in words(clara.get("/search?q=zzzzz"))
    assert "glossary" in words(clara.get("/search?q=freeze")).lower()


def test_persons_are_found_by_those_alone_who_may_see_them(ward):
    assert "Nora Kim" in words(ward.enter("caro").get("/search?q=nora+nurse_leader"))
    text = words(ward.enter("dana").get("/search?q=nora+nurse_leader"))
    assert "Nothing has all these words." in text


@pytest.mark.parametrize("asked", ['"', "*", "a AND OR", "x" * 5000, "<script>alert(1)</script>"])
def test_no_search_breaks_the_page(ward, asked):
    answer = ward.enter("clara").get("/search", params={"q": asked})
    assert answer.status_code == 200
    assert "<script>alert(1)" not in answer.text


def test_an_empty_home_says_what_to_do_next_on_every_page(tmp_path, ward):
    desk = create_home(tmp_path / "bare", at=ward.at, seed=7)
    secret = ward.secrets["clara"]
    add_person(desk, "clara", printed_name="Clara", roles=["clinical_lead"], passphrase=secret)
    desk.home.close()
    bare = replace(ward, root=tmp_path / "bare")
    clara = bare.enter("clara")
    for path, says in (
        ("/", "attending new"),
        ("/watch", "attending adopt"),
        ("/catalogue", "attending train fit"),
        ("/incidents", "open one from the watch of its model"),
        ("/audit?act=incident.", "ask anew"),
        ("/search?q=anything", "Take a word away"),
    ):
        answer = clara.get(path)
        assert answer.status_code == 200, path
        page = html.fromstring(answer.content)
        assert says in " ".join(page.text_content().split()), path
        assert page.xpath("//div[contains(@class, 'empty')]//p[@class='next']"), path
