"""Any record as a stand-alone page: all that it says, so that nothing is signed unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.documents.pages import document, field, figure, said
from attending.documents.picture import Table
from attending.records.decisions import SpecDocument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Fields whose word is one of a few of our own, not a name that somebody gave.
_CHOSEN = frozenset(
    {"drift", "harm", "meaning", "outcome", "role", "severity", "stage", "state", "status", "step"}
    | {"type", "whose"}
)
#: A list of fewer is read as it is; a table has no more columns, and no longer word in a cell.
_FEWEST = 3
_MOST = 9
_LONGEST = 64
#: Fields by which a row is known; they come first.
_FIRST = frozenset({"feature", "gate", "name", "shift", "step", "subject"})
#: What is empty, and what is not said at all, such as a count of few patients.
_NOTHING, _NOT_TOLD = "nothing", "not told"


def record_page(content: Mapping[str, Any], *, digest: str, synthetic: bool) -> bytes:
    """Return a page of all that a record says, the same bytes for the same record.

    >>> page = record_page({"kind": "run", "seed": 7}, digest="ab" * 32, synthetic=False)
    >>> b"<dt>seed</dt> <dd>7</dd>" in page
    True
    """
    # Only of a kept spec is `spec` its name; elsewhere it is the digest of the plan it obeys.
    named = content["spec"] if content["kind"] == SpecDocument.kind else content["kind"]
    kind = str(named).replace("_", " ")
    says = {name: value for name, value in content.items() if name != "kind"}
    alike = {name: value for name, value in sorted(says.items()) if _alike(value)}
    return document(
        "record.html.j2",
        synthetic=synthetic,
        kind=kind[:1].upper() + kind[1:],
        title=f"{kind[:1].upper()}{kind[1:]} {digest[:12]}",
        says={name: value for name, value in says.items() if name not in alike},
        tables=[_table(name, rows) for name, rows in alike.items()],
        chosen=_CHOSEN,
        digest=digest,
    )


def _alike(value: object) -> bool:
    """Return whether a part is a list of records of the same few plain fields: a table."""
    if not isinstance(value, list | tuple) or len(value) < _FEWEST:
        return False
    if not all(isinstance(row, dict) for row in value):
        return False
    fields = set(value[0])
    return 1 < len(fields) <= _MOST and all(
        set(row) == fields and all(_plain(cell) for cell in row.values()) for row in value
    )


def _plain(value: object) -> bool:
    """Return whether a value fits a cell: a word or a figure, or a few words."""
    if isinstance(value, list | tuple):
        return all(isinstance(one, str) and _plain(one) for one in value)
    if isinstance(value, str):
        return max(map(len, value.split()), default=0) < _LONGEST
    return value is None or isinstance(value, int | float)


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return records as rows; what is the same of all of them stands in the caption, once."""
    order = sorted(rows[0], key=lambda one: (one not in _FIRST, one))
    same = [one for one in order[1:] if len({_cell(one, row[one]) for row in rows}) == 1]
    kept = [one for one in order if one not in same]
    told = "; ".join(f"{field(one)}: {_cell(one, rows[0][one])}" for one in same)
    title = field(name)
    return Table(
        caption=f"{title[:1].upper()}{title[1:]}" + (f" (of all, {told})" if told else ""),
        header=tuple(field(one) for one in kept),
        rows=tuple(tuple(_cell(one, row[one]) for one in kept) for row in rows),
        numeric=False,
    )


def _cell(name: str, value: Any) -> str:  # noqa: ANN401 - as the record has it
    if isinstance(value, list | tuple):
        return ", ".join(_cell(name, one) for one in value) or _NOTHING
    if value is None:
        return _NOT_TOLD
    if not str(value):
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return figure(value)
    return value.replace("_", " ") if name in _CHOSEN else str(said(value))
