"""The documents in Chromium: they fit a telephone, load every picture and ask nobody."""

from __future__ import annotations

import pytest

from attending.documents.model_card import card_document
from attending.documents.record_page import record_page
from attending.documents.validation_report import validation_report
from tests.documents.example_records import card, cohort, report, run
from tests.documents.record_levels import nested


@pytest.mark.browser
def test_documents_fit_a_telephone_and_show_every_picture(chromium, tmp_path):
    from playwright.sync_api import sync_playwright

    pages = {
        "report.html": validation_report(report(), cohort(), run(), synthetic=True),
        "card.html": card_document(card()),
    }
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 390, "height": 800})
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        for name, data in pages.items():
            (tmp_path / name).write_bytes(data)
            page.goto((tmp_path / name).as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
            broken = "[...document.images].filter(i => !i.naturalWidth).length"
            assert page.evaluate(broken) == 0, name
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        browser.close()


@pytest.mark.browser
def test_a_record_of_many_levels_is_read_on_a_telephone_and_not_a_column_of_letters(
    chromium, tmp_path
):
    from playwright.sync_api import sync_playwright

    (tmp_path / "record.html").write_bytes(record_page(nested(8), digest="ab" * 32, synthetic=True))
    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for width in (390, 1280):
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.goto((tmp_path / "record.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            # The innermost text keeps room for words; eight columns side by side left it none.
            room = page.locator("dd", has_text="the innermost words").last.locator("xpath=..")
            assert room.evaluate("e => e.getBoundingClientRect().width") > 120, width
        browser.close()
