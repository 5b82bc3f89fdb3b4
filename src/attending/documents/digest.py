"""The page of the day: every model in a few lines, and what needs whom; as HTML and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.documents.pages import document, quoted
from attending.documents.picture import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def digest_page(content: Mapping[str, Any], *, synthetic: bool) -> bytes:
    """Return the page as stand-alone HTML.

    Args:
        content: `title`, `models`, `needs` and `reviews`, as `lifecycle.digesting` gives them.
        synthetic: marks it.

    >>> empty = {"title": "Today", "models": [], "needs": [], "reviews": []}
    >>> b"Nothing needs anybody." in digest_page(empty, synthetic=False)
    True
    """
    return document(
        "digest.html.j2",
        synthetic=synthetic,
        title=content["title"],
        models=content["models"],
        needs=_table(
            "What needs whom",
            {"about": "About", "severity": "Severity", "who": "Owner", "says": "What",
             "action": "To do"},
            content["needs"],
        ),
        reviews=_table(
            "Reviews by owner",
            {"model": "Model", "owner": "Owner", "open": "Open", "overdue": "Overdue",
             "minutes_a_week": "Minutes a week", "capacity": "Capacity"},
            content["reviews"],
        ),
    )  # fmt: skip


def _table(caption: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return rows as a table; `columns` is the heading of each field, the first names the row."""
    cells = tuple(tuple(quoted(str(row[name])) for name in columns) for row in rows)
    return Table(caption, tuple(columns.values()), cells, numeric=False)


def digest_text(content: Mapping[str, Any], *, synthetic: bool) -> str:
    """Return the page as plain text.

    >>> empty = {"title": "Today", "models": [], "needs": [], "reviews": []}
    >>> print(digest_text(empty, synthetic=True))
    SYNTHETIC
    Today
    <BLANKLINE>
    Nothing needs anybody.
    """
    return "\n".join(_lines(content, synthetic=synthetic))


def _lines(content: Mapping[str, Any], *, synthetic: bool) -> Iterator[str]:
    if synthetic:
        yield "SYNTHETIC"
    yield content["title"]
    for one in content["models"]:
        yield ""
        yield f"{one['about']} ({one['stage']}): {one['answer']}"
        yield f"  {one['sentence']}"
        yield f"  why: {one['because']}"
        yield f"  owner: {one['owner']}; messages in 365 days: {one['budget']}"
    yield ""
    yield "What needs whom:" if content["needs"] else "Nothing needs anybody."
    for one in content["needs"]:
        yield f"  [{one['severity']}] {one['about']}, {one['who']}: {one['says']} {one['action']}"
    if content["reviews"]:
        yield ""
        yield "Reviews by owner:"
    for one in content["reviews"]:
        yield (
            f"  {one['model']}, {one['owner']}: {one['open']} open, {one['overdue']} overdue, "
            f"{one['minutes_a_week']} of {one['capacity']} minutes a week"
        )
