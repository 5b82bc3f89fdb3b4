"""Every page as each kind of reader meets it: narrow, dark, by keyboard, without the picture."""

from __future__ import annotations

import pytest

from tests.tour.walking import readable, route_of
from tests.web.looking import look_at

#: What can be reached by Tab, in order; of a group of radio buttons one is.
STOPS = """() => {
  const stops = [...document.querySelectorAll(
    'a[href], button, input, select, textarea, summary, [tabindex="0"]')];
  const groups = new Set();
  window.stops = stops.filter((node) => {
    if (node.disabled || node.type === 'hidden' || !node.checkVisibility()) return false;
    if (node.type !== 'radio') return true;
    if (groups.has(node.name)) return false;
    groups.add(node.name);
    return true;
  });
  return window.stops.length;
}"""
NEXT = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  const radio = window.stops.findIndex((one) => one.type === 'radio' && one.name === node.name);
  return {
    place: node.type === 'radio' ? radio : window.stops.indexOf(node),
    seen: style.outlineStyle !== 'none' || style.boxShadow !== 'none',
    what: node.outerHTML.slice(0, 80),
  };
}"""
#: Stops that are not the page's own: parts of a date, and what a document in a frame leads to.
MORE = 300
#: Pictures without a table of the same figures in the same part of the page.
BARE = """() => [...document.querySelectorAll('main svg, main img, main canvas')]
  .filter((node) => !node.closest('[aria-hidden=true]') && node.getAttribute('alt') !== '')
  .filter((node) => !node.closest('.chip, .verdict, .shape'))
  .filter((node) => {
    const part = node.closest('figure') || node.closest('section, article, details, main');
    const wide = node.closest('section, article, main');
    return !part.querySelector('table') && !(wide && wide.querySelector('table'));
  }).map((node) => node.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def readers(pages):
    """By path the first person who can read it; one page of each kind is looked at."""
    found, kinds = {}, set()
    for person, seen in pages.items():
        for path in readable(seen):
            kind = (route_of(path), "?" in path)
            if kind not in kinds:
                kinds.add(kind)
                found[path] = person
    return found


def by_person(readers):
    """Return for each person the pages that they are looked at by."""
    return {
        person: [path for path, who in readers.items() if who == person]
        for person in dict.fromkeys(readers.values())
    }


@pytest.mark.browser
@pytest.mark.requirement("K1")
def test_every_page_fits_and_axe_finds_nothing_wide_and_narrow_light_and_dark(
    opened, address, readers
):
    for person, paths in by_person(readers).items():
        with opened(person) as page:
            assert look_at(page, address, paths, prefix="tour-") == {}, person


@pytest.mark.browser
def test_every_page_works_by_keyboard_and_shows_where_one_is(opened, address, readers):
    for person, paths in by_person(readers).items():
        with opened(person) as page:
            for path in paths:
                page.goto(address + path)
                missed, unseen = by_tab(page)
                assert (missed, unseen) == ([], []), path


def by_tab(page):
    """Return what Tab never reaches, and what does not show that it is reached."""
    count = page.evaluate(STOPS)
    reached, unseen = set(), []
    for _ in range(count + MORE):
        page.keyboard.press("Tab")
        at = page.evaluate(NEXT)
        reached.add(at["place"])
        if at["place"] >= 0 and not at["seen"]:
            unseen.append(at["what"])
        if reached.issuperset(range(count)):
            break
    missed = [place for place in range(count) if place not in reached]
    told = [page.evaluate("(n) => window.stops[n].outerHTML.slice(0, 80)", n) for n in missed]
    return told, unseen


@pytest.mark.browser
def test_every_picture_has_a_table_of_the_same_figures(opened, address, readers):
    looked = 0
    for person, paths in by_person(readers).items():
        with opened(person) as page:
            page.set_content("<main><section><svg role=img></svg></section></main>")
            assert page.evaluate(BARE)  # the control
            for path in paths:
                page.goto(address + path)
                assert page.evaluate(BARE) == [], path
                looked += 1
    assert looked == len(readers)


def test_pages_of_every_kind_were_among_them(readers):
    assert {"/", "/glossary", "/models/{name}"} <= {route_of(path) for path in readers}
