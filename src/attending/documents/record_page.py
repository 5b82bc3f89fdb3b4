"""Any record as a stand-alone page: all that it says, so that nothing is signed unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from attending.digests import short
from attending.documents.in_print import in_print
from attending.documents.pages import DIGEST, document, field, figure, said
from attending.documents.picture import Table
from attending.records.decisions import SpecDocument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Fields whose word is one of a few of our own, not a name that somebody gave.
_CHOSEN = frozenset(
    {"channel", "covers", "drift", "harm", "meaning", "outcome", "pattern", "role", "severity"}
    | {"shift", "stage", "state", "status", "step", "type", "whose"}
)
#: Fields that name measures or scores.
_MEASURES = frozenset({"baselines", "measure", "metrics_agreed"})
#: A list of fewer is read as it is; a table has no more columns, and no longer word in a cell.
_FEWEST = 2
_MOST = 10
_LONGEST = 64
#: A list of words that are no longer is one line.
_BRIEF = 32
#: Fields by which a row is known; they come first.
_FIRST = frozenset({"feature", "gate", "name", "shift", "stage", "step", "subject"})
#: Kept specs whose own name says too little to who signs them.
_TITLES = {"release": "Release plan", "retraining": "Monitoring and retraining"}
#: What a spec leaves open.
_OPEN: tuple[object, ...] = (None, "", [], {})
#: What a record leaves out since it goes without saying, in the rows of a table.
_ABSENT = "–"
#: What no value means where it is no count that is not told.
_NOBODY = {"excepted_by": "nobody", "evidence": "none"}


class _Blank(NamedTuple):
    """How it is said that a field is empty, and that it has no value at all."""

    empty: str
    none: str


#: Of a record a count of few patients is not told; a spec leaves out what it does not limit.
_OF_RECORD = _Blank("nothing", "not told")
_OF_SPEC = _Blank("none named", "not set")


class _Section(NamedTuple):
    """One part of the page under its own heading: fields, or a table."""

    title: str
    says: Mapping[str, Any] | None
    table: Table | None


def record_page(content: Mapping[str, Any], *, digest: str, synthetic: bool) -> bytes:
    """Return a page of all that a record says, the same bytes for the same record.

    >>> page = record_page({"kind": "run", "seed": 7}, digest="ab" * 32, synthetic=False)
    >>> b"<dt>seed</dt> <dd>7</dd>" in page
    True
    """
    says = {name: value for name, value in content.items() if name != "kind"}
    spec, blank = content["kind"], _OF_RECORD
    if spec == SpecDocument.kind:
        # Only here `spec` is a name; elsewhere it is the digest of the plan that a record obeys.
        spec, blank = says.pop("spec"), _OF_SPEC
        says |= _lifted(says.pop("says"), says)
        says = {name: _set(value, top=True) for name, value in says.items()}
    kind = _TITLES.get(spec) or _capital(str(spec).replace("_", " "))
    about = says["model"] if isinstance(says.get("model"), str) else ""
    facts, sections = _parted(says, blank)
    return document(
        "record.html.j2",
        synthetic=synthetic,
        kind=kind,
        title=f"{kind} of {about}" if about else f"{kind} {digest[:12]}",
        says=facts,
        sections=sections,
        blank=blank,
        word=_word,
        brief=lambda name, value: _brief(name, value, blank),
        digest=digest,
    )


def _lifted(own: Mapping[str, Any], beside: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a kept spec says, as the page's own fields; what is told beside it is not twice.

    >>> _lifted({"model": "ward", "seed": 7}, {"model": "ward"}), _lifted({"a": 1}, {"a": 2})
    ({'seed': 7}, {'says': {'a': 1}})
    """
    if any(name in beside and beside[name] != value for name, value in own.items()):
        return {"says": own}
    return {name: value for name, value in own.items() if name not in beside}


def _set(value: Any, *, top: bool = False) -> Any:  # noqa: ANN401 - plain JSON
    """Return a part of a spec without what its inner parts leave open; what is open above stays.

    >>> _set({"units": [], "rule": {"least": None, "most": 2}}, top=True)
    {'units': [], 'rule': {'most': 2}}
    """
    if isinstance(value, dict):
        inner = {name: _set(one) for name, one in value.items()}
        return {name: one for name, one in inner.items() if top or one not in _OPEN}
    if isinstance(value, list | tuple):
        alike = top and _alike(value)  # a table has a place for every field
        return [_set(one, top=alike or (top and len(value) == 1)) for one in value]
    return value


def _parted(says: Mapping[str, Any], blank: _Blank) -> tuple[dict[str, Any], list[_Section]]:
    """Return the fields that stand on top, and the parts that have a heading of their own."""
    facts: dict[str, Any] = {}
    sections = []
    for name, value in says.items():
        one = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
        if _alike(value):
            sections.append(_table(name, value, blank))
        elif isinstance(one, dict) and len(one) > 1:
            sections.append(_Section(_capital(field(name)), one, None))
        else:
            facts[name] = value
    return facts, sections


def _alike(value: object) -> bool:
    """Return whether a part is a list of records of the same few plain fields: a table."""
    if not isinstance(value, list | tuple) or len(value) < _FEWEST:
        return False
    if not all(isinstance(row, dict) for row in value):
        return False
    shared = set(value[0]).intersection(*value)
    if not all(map(_plain, (cell for row in value for cell in row.values()))):
        return False
    return len(shared) > 1 and len(_differing(value)) <= _MOST


def _differing(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the fields that are not the same of all rows; digests come last."""
    held = {one: [row.get(one, _ABSENT) for row in rows] for one in set().union(*rows)}
    found = [one for one, values in held.items() if any(each != values[0] for each in values)]
    digests = {one for one in found if any(DIGEST.fullmatch(str(each)) for each in held[one])}
    return sorted(found, key=lambda one: (one in digests, one not in _FIRST, one))


def _plain(value: object) -> bool:
    """Return whether a value fits a cell: a word or a figure, or a few words."""
    if isinstance(value, list | tuple):
        return all(isinstance(one, str) and _plain(one) for one in value)
    if isinstance(value, str):
        return max(map(len, value.split()), default=0) <= _LONGEST
    return value is None or isinstance(value, int | float)


def _table(name: str, rows: Sequence[Mapping[str, Any]], blank: _Blank) -> _Section:
    """Return records as rows; what is the same of all of them stands in the caption, once."""
    fields = sorted(set().union(*rows))
    kept = _differing(rows) or fields[:1]
    cells = {one: [_cell(one, row.get(one, _ABSENT), blank) for row in rows] for one in fields}
    told = "; ".join(f"{field(one)} {said[0]}" for one, said in cells.items() if one not in kept)
    title = _capital(field(name))
    table = Table(
        caption=f"The same for all: {told}" if told else title,
        header=tuple(field(one) for one in kept),
        rows=tuple(zip(*(cells[one] for one in kept), strict=True)),
        numeric=False,
    )
    return _Section(title, None, table)


def _cell(name: str, value: Any, blank: _Blank) -> str:  # noqa: ANN401 - as the record has it
    if isinstance(value, list | tuple):
        return ", ".join(_cell(name, one, blank) for one in value) or blank.empty
    if value is None:
        return _NOBODY.get(name, blank.none)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return figure(value)
    if DIGEST.fullmatch(value):
        return short(value)
    return _word(name, value) or str(said(value)) or blank.empty


def _brief(name: str, value: object, blank: _Blank) -> str:
    """Return a list of short words or figures as one line; empty where it is none."""
    if not isinstance(value, list | tuple) or not value:
        return ""
    short = all(isinstance(one, str | int | float) and len(str(one)) <= _BRIEF for one in value)
    return _cell(name, value, blank) if short else ""


def _word(name: str, value: str) -> str:
    """Return a word of our own as readers say it; empty where it is none.

    >>> _word("channel", "task_queue"), _word("measure", "oe"), _word("note", "a_b")
    ('task queue', 'observed over expected events', '')
    """
    if name in _MEASURES:
        return in_print(value)
    return value.replace("_", " ") if name in _CHOSEN else ""


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
