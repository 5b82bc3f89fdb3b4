"""Write the picture of README: the first page of the tour, as a clinical lead sees it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

from attending.lifecycle import simulating
from attending.lifecycle.desk import open_desk
from attending.times import parse_instant
from attending.web.app import create_app
from attending.web.front_desk import FrontDesk
from tests.web.looking import FLAGS, serving, sign_in

BROWSER = Path("/usr/bin/chromium")
HOME = Path("build/tour")
PICTURE = Path("docs/pictures/today.png")
#: A while after the story of the tour ends.
AT = parse_instant("2026-06-29T08:00:00Z")


def write() -> None:
    """Write it; without a browser or the home of `make demo-tour` the picture stays as it is."""
    if not BROWSER.exists() or not HOME.exists():
        print(f"{PICTURE} stays as it is: it needs {BROWSER}, and {HOME} from make demo-tour")
        return
    with open_desk(HOME, at=AT) as desk:
        secret = simulating.passphrases(desk)["clara"]
    app = create_app(FrontDesk.open(HOME, clock=lambda: AT))
    with serving(app) as address, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=str(BROWSER), args=FLAGS)
        page = browser.new_page(viewport={"width": 1100, "height": 900}, color_scheme="light")
        sign_in(page, address, "clara", secret)
        page.click("text=Put these notes away")
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    write()
