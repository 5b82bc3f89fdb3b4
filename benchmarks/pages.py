"""Every page that people read, timed by a real browser on the demo store and on a large one.

The bar of a page is 300 ms on the demo store and one second on a store of a large hospital, from
the start of the navigation to the end of its load, at the median of five visits; `attending serve`
answers as it does in a hospital.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from attending.lifecycle.desk import open_desk
from attending.times import format_instant
from benchmarks import serving_sides as sides
from benchmarks.pages_home import Size, fill
from benchmarks.pages_more import furnish, furnished
from benchmarks.pages_routes import gone, unexplained
from benchmarks.pages_visits import Timed, visited
from tests.tour.built import built

if TYPE_CHECKING:
    from attending.types import Instant
    from tests.tour.built import Tour

#: Seconds that a page may take, by store.
BARS = {"demo": 0.3, "large": 1.0}
MODELS = 50
SLOWEST = 10
#: What the home is made by; another code makes another home.
_MAKERS = (
    *("benchmarks/pages_home.py", "benchmarks/pages_bulk.py", "benchmarks/pages_more.py"),
    "src/attending",
)


@dataclass(frozen=True)
class Routes:
    """Whether every route of the application is timed, or named with a reason why not."""

    left: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Return whether none is left."""
        return not self.left

    @property
    def text(self) -> str:
        """Return it as text."""
        return f"routes neither timed nor named with a reason: {', '.join(self.left) or 'none'}"


def compare(rows: int) -> list[Timed | Routes]:
    """Return every page with its times, on both stores, and whether a route was left out.

    Args:
        rows: predictions in the large store; half as many entries stand in its ledger.
    """
    timed: list[Timed] = []
    with Progress() as progress:
        tour, large = _home(Size(rows, rows // 2, MODELS), progress)
        demo = large.with_name("demo")
        shutil.rmtree(demo, ignore_errors=True)
        shutil.copytree(tour.home, demo)
        furnish(demo, at=tour.at)
        for store, home in (("demo", demo), ("large", large)):
            with sides.pages(home, at=format_instant(tour.at)) as address:
                more = _given(home, tour.at)
                timed += visited(tour, address, progress, store=store, bar=BARS[store], more=more)
    for store in BARS:
        _print([one for one in timed if one.store == store], store)
    reached = {one.route.rstrip("?") for one in timed if one.store == "large"}
    return [*timed, Routes((*unexplained(reached), *gone()))]


def _home(size: Size, progress: Progress) -> tuple[Tour, Path]:
    """Return the tour and the large home made of it, both kept for as long as the code is as it is.

    ATTENDING_PAGES names a folder in which they stay whatever the code, while one works on a page.
    """
    kept = Path(os.environ.get("ATTENDING_PAGES", f"build/pages-{_code()}"))
    tour = built(kept)
    place = kept / f"{size.predictions}-{size.entries}-{size.models}"
    if not place.exists():
        begun, making = time.monotonic(), place.with_name(f"{place.name}-making")
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(tour.home, making)
        fill(making, size, at=tour.at, secrets=tour.secrets, progress=progress)
        furnish(making, at=tour.at)
        making.rename(place)
        print(f"the large home was filled in {time.monotonic() - begun:.0f} s")
    return tour, place


def _given(home: Path, at: Instant) -> list[str]:
    """Return the pages of what the home was given for the bench."""
    with open_desk(home, at=at) as desk:
        return furnished(desk)


def _code() -> str:
    """Return a digest of all that a home is made by."""
    found = hashlib.sha256()
    for name in _MAKERS:
        place = Path(name)
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


def _print(timed: list[Timed], store: str) -> None:
    """Print the slowest pages of a store, and how many of all are within the bar."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    met = sum(one.met for one in timed)
    title = f"{store} store: {met} of {len(timed)} pages within {BARS[store]:g} s; load {load}"
    table = Table(title=f"{title}; the slowest {SLOWEST}")
    for name in ("page", "reader", "first byte", "median", "first visit", "worst", "KiB", "bar"):
        table.add_column(name)
    for one in sorted(timed, key=lambda one: -one.seconds)[:SLOWEST]:
        times = (
            sorted(one.firsts)[len(one.firsts) // 2],
            one.seconds,
            one.loads[0],
            max(one.loads),
        )
        told = [f"{value * 1e3:.0f} ms" for value in times]
        bar = "met" if one.met else "NOT MET"
        table.add_row(one.route, one.reader, *told, f"{one.size / 1024:.0f}", bar)
    Console(width=140).print(table)
