"""Write the picture of README: the first page, as Chromium shows it on the paper house."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

from attending.web.app import create_app
from tests.web.looking import FLAGS, serving, sign_in
from tests.web.paper_house import PASSPHRASE, PaperHouse

BROWSER = Path("/usr/bin/chromium")
PICTURE = Path("docs/pictures/today.png")


def write() -> None:
    """Write it; where there is no browser the picture stays as it is."""
    if not BROWSER.exists():
        print(f"no {BROWSER}: {PICTURE} stays as it is")
        return
    with serving(create_app(PaperHouse())) as address, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=str(BROWSER), args=FLAGS)
        page = browser.new_page(viewport={"width": 1100, "height": 900}, color_scheme="light")
        sign_in(page, address, "ada", PASSPHRASE)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    write()
