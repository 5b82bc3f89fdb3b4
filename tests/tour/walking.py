"""Walking the pages as a reader: from the first page along every link, over whatever pages are."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urldefrag, urlsplit

from lxml import html

from attending.web.app import ROUTES

#: How many addresses of one route are looked at; pages of one kind are alike.
EACH = 3
_NOT_PAGES = re.compile(
    r"/(static|v1|cds-services|login|healthz|livez|readyz|metrics|confirm|invitation)(/|$)"
)
_PLACE = re.compile(r"\\\{[^}]*\\\}")


def page_routes():
    """Return the routes that people open: every GET but files, the sign-in and machines' own."""
    return tuple(
        route
        for route in ROUTES.declared()
        if route.method == "GET" and not _NOT_PAGES.match(route.path)
    )


def route_of(path):
    """Return the route that answers a path; empty where none does."""
    bare = urlsplit(path).path
    for route in sorted(page_routes(), key=lambda one: one.path.count("{")):
        if re.fullmatch(_PLACE.sub("[^/]+", re.escape(route.path)), bare):
            return route.path
    return ""


def links_of(text):
    """Return where the links and the forms that only ask lead, within the site."""
    page = html.fromstring(text)
    places = page.xpath("//a/@href | //form[not(@method) or @method='get']/@action")
    bare = (urldefrag(place)[0] for place in places)
    return [place for place in dict.fromkeys(bare) if place.startswith("/")]


def walk(visitor, *, each=EACH, start="/"):
    """Return what a signed-in reader reaches, each page by its path: status, kind and text.

    Of each route `each` addresses are opened, with and without a query counted apart.
    """
    found: dict[str, Any] = {}
    seen: dict[tuple[str, bool], int] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop(0)
        kind = (route_of(path), bool(urlsplit(path).query))
        if path in found or not kind[0] or seen.get(kind, 0) >= each:
            continue
        seen[kind] = seen.get(kind, 0) + 1
        found[path] = answer = visitor.get(path)
        if answer.status_code == 200 and "text/html" in answer.headers["content-type"]:
            waiting += links_of(answer.content)
    return found


def readable(found):
    """Return the paths of pages within the frame, without files and signed documents."""
    return [
        path
        for path, answer in found.items()
        if answer.status_code == 200
        and "text/html" in answer.headers["content-type"]
        and not path.startswith("/documents/")
        and "/paper/" not in path
    ]
