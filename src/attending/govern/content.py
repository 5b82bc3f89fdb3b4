"""Whether a document says something: a blank, a placeholder or its template's words are missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What people write where they have nothing to say yet.
_PLACEHOLDER = re.compile(
    r"\W*(t\W?b\W?[dcas]|to ?do|fixme|xxx+|n[/.\s]?a|none|nil|null|unknown|pending|lorem ipsum.*|"
    r"to be (determined|defined|decided|done|confirmed|written|agreed)|\?+|not applicable|"
    r"(fill|write|text) (in|me|here)|<[^>]*>|\[[^\]]*\]|\.\.\.)?\W*",
    re.IGNORECASE,
)
#: Fields whose words are ours or a choice, where `none` is an answer.
_CHOICES = frozenset({"kind", "stage", "status", "measure", "name", "score", "unit", "model"})
#: A field of this length or more is prose, which a hospital writes for itself.
_PROSE = 25


def missing_fields(
    says: Mapping[str, Any], *, template: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """Return the places of a document that say nothing, as dotted names.

    Args:
        says: the document in plain JSON.
        template: what it was begun from; prose that is still the same is missing.

    >>> missing_fields({"use": {"population": "TBD", "outcome": "Readmission"}})
    ('use.population',)
    >>> missing_fields({"oversight": "A nurse reviews every flag."},
    ...                template={"oversight": "A nurse reviews every flag."})
    ('oversight',)
    """
    given = dict(_texts(template or {}))
    return tuple(
        place
        for place, text in _texts(says)
        if place.rpartition(".")[2] not in _CHOICES
        and (_PLACEHOLDER.fullmatch(text) or (len(text) >= _PROSE and given.get(place) == text))
    )


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{place}.{name}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            yield from _texts(inner, f"{place}.{at}".lstrip("."))
