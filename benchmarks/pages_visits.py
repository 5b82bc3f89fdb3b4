"""Readers who open pages in a browser: along the links, and behind the forms that ask why."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from benchmarks.pages_home import BUSIEST
from benchmarks.pages_routes import NOT_TIMED
from tests.tour.walking import links_of, route_of
from tests.web.looking import FLAGS, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Locator, Page
    from rich.progress import Progress

    from tests.tour.built import Tour

CHROMIUM = "/usr/bin/chromium"
VISITS = 5
#: Who reads: between them they may open every page that there is.
READERS = ("clara", "omar", "caro", "dana", "nora", "ada")
#: Routes that every reader opens, for each is shown something of their own.
_OWN = {"GET /", "GET /sign"}
#: Where a reader begins: the pages of the busiest model come before those of the others.
_STARTS = (
    "/",
    f"/models/{BUSIEST}",
    f"/models/{BUSIEST}/validation",
    f"/models/{BUSIEST}/watch",
    f"/models/{BUSIEST}/patients",
    f"/models/{BUSIEST}/predictions",
    f"/worklist/{BUSIEST}",
    f"/audit?model={BUSIEST}",
    "/search",
    f"/search?q={BUSIEST}",
)
#: Forms below a page that it links only while somebody must fill them in.
_BELOW = {"GET /incidents/{digest}": ("/step", "/impact", "/review")}
_TIMES = """() => {
  const one = performance.getEntriesByType('navigation')[0];
  return [one.responseStart, one.loadEventEnd, one.transferSize];
}"""
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd > 0"
#: Whose predictions are looked at, in this order, for one that the model itself answered.
_ANSWERED = (BUSIEST, "mortality-30d")
_WHY = "Bench of the pages: how long one look takes"


@dataclass(frozen=True)
class Timed:
    """One page: seconds to its first byte and to the end of its load, by visit.

    Attributes:
        route: as `METHOD path`, with `?` where a query was asked.
        store: `demo` or `large`, and `bar` the seconds that a page of it may take.
    """

    route: str
    path: str
    reader: str
    firsts: tuple[float, ...]
    loads: tuple[float, ...]
    size: int
    store: str
    bar: float

    @property
    def seconds(self) -> float:
        """Return the median visit."""
        return statistics.median(self.loads)

    @property
    def met(self) -> bool:
        """Return whether the median visit was within the bar."""
        return self.seconds <= self.bar

    @property
    def text(self) -> str:
        """Return it as text."""
        answer = "met" if self.met else "NOT MET"
        return (
            f"{self.store} store, {self.route} ({self.reader}): {self.seconds * 1e3:.0f} ms, first "
            f"visit {self.loads[0] * 1e3:.0f} ms; bar {self.bar:g} s: {answer}"
        )


def visited(
    tour: Tour,
    address: str,
    progress: Progress,
    *,
    store: str,
    bar: float,
    more: Sequence[str] = (),
) -> Iterator[Timed]:
    """Yield the times of the pages that each reader reaches and no reader before.

    Args:
        tour: whose persons read.
        address: where the store is served.
        progress: where it is shown.
        store: `demo` or `large`.
        bar: the seconds that a page may take.
        more: pages that are opened whether a link leads to them or not.
    """
    known: set[str] = set()
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for reader in READERS:
            page = browser.new_context(base_url=address).new_page()
            sign_in(page, address, reader, tour.secrets[reader])
            task = progress.add_task(f"{store}: pages of {reader}", total=None)
            for route, path, found in (*_reached(page, known, more), *_looked(page, known)):
                known.add(route)
                progress.advance(task)
                yield Timed(route, path, reader, *found, store=store, bar=bar)
            page.context.close()
            progress.update(task, total=1, completed=1)
        browser.close()


_Found = tuple[tuple[float, ...], tuple[float, ...], int]


def _reached(page: Page, known: set[str], more: Sequence[str]) -> Iterator[tuple[str, str, _Found]]:
    """Yield the pages of routes that are not known, walking along the links as a reader does."""
    waiting, tried = [*_STARTS, *more], set[str]()
    while waiting:
        path = waiting.pop(0)
        bare = f"GET {route_of(path)}"
        route = f"{bare}?" if urlsplit(path).query else bare
        if bare == "GET " or route in tried or bare in NOT_TIMED:
            continue
        visits = VISITS if route not in known or route in _OWN else 1
        found = _times(page, lambda path=path: page.goto(path, timeout=120_000), visits)  # type: ignore[misc]
        if found is None:
            continue
        tried.add(route)
        waiting += [*links_of(page.content()), *(path + one for one in _BELOW.get(bare, ()))]
        if visits > 1:
            yield route, path, found


def _looked(page: Page, known: set[str]) -> Iterator[tuple[str, str, _Found]]:
    """Yield the pages that say why somebody looks: the list, one prediction, and its paper."""
    steps = (
        ("POST /models/{name}/predictions", _ask),
        ("POST /models/{name}/predictions/{request_id}", _relive),
        ("GET /models/{name}/predictions/{request_id}", _asked_of),
        ("POST /models/{name}/predictions/{request_id}/page", _read),
    )
    for route, go in steps:
        if route in known:
            continue
        found = _times(page, lambda go=go: go(page))  # type: ignore[misc]
        if found is not None:
            yield route, urlsplit(page.url).path, found


def _ask(page: Page, model: str = BUSIEST) -> Any:  # noqa: ANN401 - the answer of the browser
    """Say why, and look at the newest predictions of a model."""
    answer = page.goto(f"/models/{model}/predictions", timeout=120_000)
    if answer is None or answer.status != 200:
        return answer
    page.fill("#purpose", _WHY)
    return _pressed(page, page.locator("form.act button.main"))


def _relive(page: Page) -> Any:  # noqa: ANN401 - the answer of the browser
    """Look at the newest prediction."""
    answer = _ask(page)
    return _pressed(page, page.locator("tbody button")) if answer and answer.ok else answer


def _asked_of(page: Page) -> Any:  # noqa: ANN401 - the answer of the browser
    """Come to the prediction that was looked at by its address, which asks why once more."""
    return page.goto(page.url, timeout=120_000)


def _read(page: Page) -> Any:  # noqa: ANN401 - the answer of the browser
    """Read the clinician's page of the newest prediction that has its explanation."""
    for model in _ANSWERED:
        answer = _ask(page, model)
        if not answer or not answer.ok:
            return answer
        by_model = page.locator("td[data-label='Answered by']", has_text="the model")
        rows = page.locator("tbody tr").filter(has=by_model)
        if _pressed(page, rows.locator("button")) is None:
            continue
        if read := _pressed(page, page.locator("form[action$='/page'] button")):
            return read
    return None


def _pressed(page: Page, button: Locator) -> Any:  # noqa: ANN401 - the answer of the browser
    """Press the first of some buttons; None where there is none."""
    if button.count() == 0:
        return None
    with page.expect_navigation(timeout=120_000) as moved:
        button.first.click()
    return moved.value


def _times(page: Page, go: Callable[[], Any], visits: int = VISITS) -> _Found | None:
    """Return seconds to first bytes and to ends of loads; None where no page is shown."""
    seen: list[Any] = []
    for _ in range(visits):
        answer = go()
        if answer is None or answer.status != 200:
            return None
        page.wait_for_function(_LOADED)
        seen.append(page.evaluate(_TIMES))
    firsts, loads = (tuple(one[at] / 1e3 for one in seen) for at in (0, 1))
    return firsts, loads, int(seen[-1][2])
