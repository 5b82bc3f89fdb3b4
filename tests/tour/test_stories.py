"""Five readers at their work, in Chromium, on the hospital of the tour; a picture of each step."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from attending.times import format_instant
from tests.web.looking import amiss, keep_picture


class Story:
    """One reader at work: each page that is come to is looked at, and kept as a picture."""

    def __init__(self, page, address, name):
        self.page, self.address, self.name, self.step = page, address, name, 0

    def see(self):
        """Look at the page that is open: it fits wide and narrow, and a picture of it is kept."""
        self.step += 1
        for width in (390, 1280):
            self.page.set_viewport_size({"width": width, "height": 900})
            assert amiss(self.page) == [], (self.page.url, width)
            keep_picture(self.page, f"story-{self.name}-{self.step}-{width}")
        return self.page.inner_text("main")

    def go(self, link):
        """Follow a link of the page, or an entry of the navigation."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=link, exact=True).first.click()
        return self.see()

    def press(self, button):
        """Press a button of the page."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).first.click()
        return self.see()


@pytest.fixture
def story(opened, address):
    def begin(person, page):
        made = Story(page, address, person)
        made.see()
        return made

    return begin


def attending(tour, *words):
    """Run one verb as a user does, in the home of the tour."""
    done = subprocess.run(
        [sys.executable, "-m", "attending", *words, "--at", format_instant(tour.at)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ATTENDING_HOME": str(tour.home), "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.browser
@pytest.mark.requirement("F2")
def test_a_data_scientist_trains_and_submits(tour, opened, story):
    """The fit is a verb of the command line; what it left is submitted where clinicians read."""
    project = ["--project", str(tour.home / "project-ed-return")]
    attending(tour, "train", "fit", *project, "--by", "dana")
    with opened("dana") as page:
        told = story("dana", page)
        told.go("Models")
        assert "clinical sign-off" in told.go("ed-return-7d").lower()
        page.goto(f"{told.address}/models/ed-return-7d/validation")
        assert "not signed" in told.see() or "no threshold was decided" in told.see()
        said = told.press("Put the decision together")
        assert "Signatures" in said
        # Refusal: it waits for a clinician; who trains a model reads it and cannot sign it.
        assert "Your roles may not sign a document of this kind." in said
        assert page.locator("#statement").count() == 0


@pytest.mark.browser
@pytest.mark.requirement("E17", "E19")
def test_a_clinical_owner_sets_a_threshold_and_signs_without_scripts(tour, opened, story):
    with opened("clara", java_script_enabled=False) as page:
        told = story("clara", page)
        told.go("Validation")
        page.goto(f"{told.address}/models/ed-return-7d/validation")
        before = page.inner_text("[data-dial=threshold] >> nth=0")
        page.fill("#risk", "15")
        said = told.press("Look at it")
        assert page.inner_text("[data-dial=threshold] >> nth=0") == "15.0 %" != before
        assert "Sensitivity" in said
        page.goto(f"{told.address}/models/ed-return-7d/validation")
        told.press("Put the decision together")
        page.press("input[name=meaning][value=approval]", "Space")
        page.fill("#statement", "From this risk on a nurse calls the next day.")
        page.fill("#passphrase-sign", tour.secrets["omar"])
        # Refusal: another person's passphrase signs nothing.
        assert "Not done" in told.press("Sign")
        page.press("input[name=meaning][value=approval]", "Space")
        page.fill("#passphrase-sign", tour.secrets["clara"])
        assert "Signed." in told.press("Sign")
        page.goto(f"{told.address}/models/ed-return-7d/validation")
        assert "Dr Clara Moss" in told.see()


@pytest.mark.browser
@pytest.mark.requirement("J12", "J14")
def test_compliance_finds_who_approved_what(opened, story):
    with opened("caro") as page:
        told = story("caro", page)
        told.go("Audit")
        said = told.go("Who approved what")
        assert "cora" in said
        page.select_option("#model", "readmission-30d")
        page.select_option("#person", "cora")
        said = told.press("Ask")
        assert "cora" in said
        assert "omar" not in page.inner_text("tbody")
        assert "agree" in told.press("Verify the whole ledger")


@pytest.mark.browser
@pytest.mark.requirement("H11")
def test_a_nurse_leader_reads_todays_verdict(opened, story):
    with opened("nora") as page:
        told = story("nora", page)
        card = page.locator("article", has=page.get_by_role("link", name="readmission-30d"))
        assert card.locator(".word").inner_text() == "freeze"
        assert "nobody could act on them" in card.inner_text()
        silent = page.locator("article", has=page.get_by_role("link", name="mortality-30d"))
        assert "silent" in silent.inner_text()
        told.go("Patients")
        page.goto(f"{told.address}/models/readmission-30d/predictions")
        page.fill("#purpose", "Round of the CITY ward this morning")
        assert "This look stands in the ledger" in told.press("Look")
        # The verdict had expired: LACE answered, in points, and nothing of the model explains them.
        fell = page.locator("tbody tr", has=page.get_by_text("fallback", exact=True)).first
        points = fell.locator("td").first.inner_text()
        assert re.fullmatch(r"\d+ points", points)
        with page.expect_navigation():
            fell.get_by_role("button").click()
        said = told.see()
        assert "readmission-30d" in said
        assert points in said
        assert "The model gave no score" in said
        assert "ANOTHER score" not in said


@pytest.mark.browser
@pytest.mark.requirement("G12")
def test_an_operator_rolls_back(tour, opened, story):
    with opened("omar") as page:
        told = story("omar", page)
        told.go("Watch")
        page.goto(f"{told.address}/models/readmission-30d/watch")
        assert "freeze" in told.see()
        told.go("Roll back v1")
        page.fill("#reason", "Scores came weeks late; the wards go back to LACE.")
        page.fill("#passphrase", tour.secrets["clara"])
        with page.expect_navigation():
            page.locator("main button.main").click()
        # Refusal: with another person's passphrase nothing is rolled back.
        assert "Not done" in told.see()
        page.fill("#passphrase", tour.secrets["omar"])
        with page.expect_navigation():
            page.locator("main button.main").click()
        told.see()
        page.goto(f"{told.address}/models/readmission-30d")
        assert "validated" in told.see()
