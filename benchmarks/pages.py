"""Every page that people read, timed by a real browser on a store of a large hospital.

The bar of a page is one second from the answer's first byte asked for to the end of its load, at
the median of five visits; `attending serve` answers as it does in a hospital.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from attending.times import format_instant
from benchmarks import serving_sides as sides
from benchmarks.pages_home import BUSIEST, Size, fill
from tests.tour.built import built
from tests.tour.walking import links_of, page_routes, route_of
from tests.web.looking import FLAGS, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.tour.built import Tour

BAR_SECONDS, VISITS = 1.0, 5
CHROMIUM = "/usr/bin/chromium"
MODELS = 50
#: Who reads: between them they may open every page that there is.
READERS = ("clara", "omar", "caro", "ada")
#: How many addresses of one route a reader opens.
_EACH = 1
#: Where a reader begins: the pages of the busiest model come before those of the others.
_STARTS = (
    "/",
    f"/models/{BUSIEST}",
    f"/models/{BUSIEST}/validation",
    f"/models/{BUSIEST}/watch",
    f"/models/{BUSIEST}/patients",
    f"/audit?model={BUSIEST}",
    f"/search?q={BUSIEST}",
)
_TIMES = """() => {
  const one = performance.getEntriesByType('navigation')[0];
  return [one.loadEventEnd, one.responseStart, one.transferSize];
}"""
_NOT_TIMED = (
    "/documents/",
    "/sign/{digest}/paper/",
    "/audit/export/",
    "/models/{name}/validation/{digest}/",
)
#: What the home is made by; another code makes another home.
_MAKERS = ("benchmarks/pages_home.py", "benchmarks/pages_bulk.py", "src/attending")


@dataclass(frozen=True)
class Timed:
    """One page: seconds to its first byte and to the end of its load, by visit."""

    route: str
    path: str
    reader: str
    firsts: tuple[float, ...]
    loads: tuple[float, ...]
    size: int

    @property
    def met(self) -> bool:
        """Return whether the median visit was within the bar."""
        return statistics.median(self.loads) <= BAR_SECONDS

    @property
    def text(self) -> str:
        """Return it as text."""
        answer = "met" if self.met else "NOT MET"
        return (
            f"page {self.route} ({self.reader}): {statistics.median(self.loads) * 1e3:.0f} ms, "
            f"worst {max(self.loads) * 1e3:.0f} ms; bar {BAR_SECONDS:g} s: {answer}"
        )


def compare(rows: int) -> list[Timed]:
    """Return every page with its times.

    Args:
        rows: predictions in the store; half as many entries stand in its ledger.
    """
    with Progress() as progress:
        tour, home = _home(Size(rows, rows // 2, MODELS), progress)
        with sides.pages(home, at=format_instant(tour.at)) as address:
            timed = _visit(tour, address, progress)
    _print(timed)
    left = {one.path for one in page_routes()} - {one.route for one in timed}
    print("not reached: " + ", ".join(sorted(left - set(_NOT_TIMED))))
    return timed


def _home(size: Size, progress: Progress) -> tuple[Tour, Path]:
    """Return the tour and the large home made of it, both kept for as long as the code is as it is.

    ATTENDING_PAGES names a folder in which they stay whatever the code, while one works on a page.
    """
    kept = Path(os.environ.get("ATTENDING_PAGES", f"build/pages-{_code()}"))
    tour = built(kept)
    place = kept / f"{size.predictions}-{size.entries}-{size.models}"
    if not place.exists():
        making = place.with_name(f"{place.name}-making")
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(tour.home, making)
        fill(making, size, at=tour.at, secrets=tour.secrets, progress=progress)
        making.rename(place)
    return tour, place


def _code() -> str:
    """Return a digest of all that a home is made by."""
    found = hashlib.sha256()
    for name in _MAKERS:
        place = Path(name)
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


def _visit(tour: Tour, address: str, progress: Progress) -> list[Timed]:
    """Return the times of the pages that each reader reaches and no reader before."""
    timed: list[Timed] = []
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for reader in READERS:
            page = browser.new_context(base_url=address).new_page()
            sign_in(page, address, reader, tour.secrets[reader])
            task = progress.add_task(f"pages of {reader}", total=None)
            known = {one.route for one in timed if one.route not in {"/", "/sign"}}
            for one in _reached(page, reader, known):
                timed.append(one)
                progress.advance(task)
            progress.update(task, total=len(timed), completed=len(timed))
        browser.close()
    return timed


def _reached(page: Page, reader: str, known: set[str]) -> Iterator[Timed]:
    """Yield the pages of routes that are not known, walking along the links as a reader does."""
    waiting, seen = list(_STARTS), dict.fromkeys(known, _EACH)
    met: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        route = route_of(path)
        kind = f"{route}?" if "?" in path else route
        if not route or path in met or seen.get(kind, 0) >= _EACH or route.startswith(_NOT_TIMED):
            continue
        met.add(path)
        found = _timed(page, path)
        if found is None:
            continue
        seen[kind] = seen.get(kind, 0) + 1
        waiting += links_of(page.content())
        yield Timed(kind, path, reader, *found)


def _timed(page: Page, path: str) -> tuple[tuple[float, ...], tuple[float, ...], int] | None:
    """Return seconds to first bytes and to ends of loads; None where no page is shown."""
    visits: list[Any] = []
    for _ in range(VISITS):
        answer = page.goto(path, timeout=120_000)
        if answer is None or answer.status != 200:
            return None
        page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
        visits.append(page.evaluate(_TIMES))
    loads, firsts = (tuple(one[at] / 1e3 for one in visits) for at in (0, 1))
    return firsts, loads, int(visits[-1][2])


def _print(timed: list[Timed]) -> None:
    table = Table(title="pages, as the browser times them")
    for name in ("page", "reader", "first byte", "load", "worst", "KiB", "bar 1 s"):
        table.add_column(name)
    for one in sorted(timed, key=lambda one: -statistics.median(one.loads)):
        firsts, loads = statistics.median(one.firsts), statistics.median(one.loads)
        told = [f"{value * 1e3:.0f} ms" for value in (firsts, loads, max(one.loads))]
        size = f"{one.size / 1024:.0f}"
        table.add_row(one.route, one.reader, *told, size, "met" if one.met else "NOT MET")
    Console(width=120).print(table)
