"""The entries of the navigation: in one order, and only where a page is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.web.policy import Routes

#: Every entry that there may be, in the order in which it stands; a route names its own.
ORDER = (
    *("Today", "Models", "Watch", "Validation", "Sign", "Patients"),
    *("Catalogue", "Search", "Incidents", "Audit", "People", "Glossary"),
)

#: Pages of one model that stand under an entry of their own, as those of all models do.
_OF_MODELS = frozenset({"watch", "validation"})


@dataclass(frozen=True)
class Entry:
    """One entry: its word, where it leads, and whether the reader is in that part now."""

    word: str
    path: str
    here: bool


def entries(routes: Routes, *, roles: Sequence[str], path: str) -> tuple[Entry, ...]:
    """Return the entries of the pages that a person with some roles may open.

    Args:
        routes: every route that there is.
        roles: of the person.
        path: of the page that is shown.
    """
    found = [
        (route.nav, route.path)
        for route in routes.declared()
        if route.nav and (not route.policy.roles or route.policy.roles.intersection(roles))
    ]
    near = max((place for _, place in found if _under(_part(path), place)), key=len, default="")
    return tuple(
        Entry(word=word, path=place, here=place == near)
        for word, place in sorted(found, key=lambda one: ORDER.index(one[0]))
    )


def _part(path: str) -> str:
    """Return the part of the site that a page belongs to: that of all models where there is one.

    >>> _part("/models/readmission-30d/watch/incident"), _part("/models/readmission-30d")
    ('/watch/incident', '/models/readmission-30d')
    """
    _, first, *rest = path.split("/", 3)
    of_all = first == "models" and len(rest) > 1 and rest[1].partition("/")[0] in _OF_MODELS
    return f"/{rest[1]}" if of_all else path


def _under(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))
