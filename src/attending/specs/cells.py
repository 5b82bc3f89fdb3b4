"""How a mapping names a cell of a row: a column, a looked-up column, or the first that has text.

`drawn_at` is a column. `ward@places` is the entry of the lookup `places` for the column `ward`.
`drawn_at|ordered_at` is the first of the two that has text. A template such as `LOINC//{code}`
holds cells in braces. Nothing here is ever evaluated as code.
"""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import AfterValidator

_HOLE = re.compile(r"\{([^{}]*)\}")


class Ref(NamedTuple):
    """A column, and the lookup that its text is taken through, if any."""

    column: str
    lookup: str = ""


def refs(cell: str) -> tuple[Ref, ...]:
    """Return the columns that a cell may take its text from, in order.

    >>> refs("ward@places|unit")
    (Ref(column='ward', lookup='places'), Ref(column='unit', lookup=''))
    """
    parts = [part.partition("@") for part in cell.split("|")]
    return tuple(Ref(column.strip(), lookup.strip()) for column, _, lookup in parts)


def parts_of(template: str) -> tuple[tuple[str, bool], ...]:
    """Return the pieces of a template in order, and whether each is a cell.

    >>> parts_of("LOINC//{code}")
    (('LOINC//', False), ('code', True))
    """
    pieces = _HOLE.split(template)
    return tuple((piece, place % 2 == 1) for place, piece in enumerate(pieces) if piece)


def refs_in(text: str) -> tuple[Ref, ...]:
    """Return every column that a cell or, where it has braces, a template names."""
    return refs_of(text) if "{" in text else refs(text)


def refs_of(template: str) -> tuple[Ref, ...]:
    """Return every column that a template names."""
    return tuple(ref for piece, is_cell in parts_of(template) if is_cell for ref in refs(piece))


def literal_start(template: str) -> str:
    """Return the words that every text of a template begins with.

    >>> literal_start("LOINC//{code}"), literal_start("{code}")
    ('LOINC//', '')
    """
    return template.split("{", 1)[0]


def _cell(text: str) -> str:
    if not all(ref.column for ref in refs(text)) or set(text) & set("{}"):
        raise ValueError(f"got the cell '{text}', expected COLUMN, COLUMN@LOOKUP or ONE|OTHER")
    return text


def _template(text: str) -> str:
    if not text:
        raise ValueError("got an empty template, expected words and cells in braces")
    bare = _HOLE.sub("", text)
    if "{" in bare or "}" in bare:
        raise ValueError(f"got '{text}', where a brace is not closed")
    for piece, is_cell in parts_of(text):
        if is_cell:
            _cell(piece)
    if "{}" in text:
        raise ValueError(f"got '{text}', expected a column between the braces")
    return text


def _text(text: str) -> str:
    return _template(text) if "{" in text else _cell(text)


#: A cell, or a template where it has braces.
Text: TypeAlias = Annotated[str, AfterValidator(_text)]
#: A column, a looked-up column, or alternatives.
Cell: TypeAlias = Annotated[str, AfterValidator(_cell)]
#: Words with cells in braces.
Template: TypeAlias = Annotated[str, AfterValidator(_template)]
