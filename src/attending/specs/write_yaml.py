"""Write plain values as YAML that `read_yaml` reads back."""

from __future__ import annotations

from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from ruamel.yaml import YAML

from attending.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import TextIO


def write_yaml(value: Any, stream: TextIO) -> None:  # noqa: ANN401 - plain values
    """Write plain values, in their order, a line for each field.

    >>> import sys
    >>> write_yaml({"system": "lab", "tables": [{"name": "results"}]}, sys.stdout)
    system: lab
    tables:
      - name: results
    """
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 100
    yaml.representer.ignore_aliases = lambda _: True  # a spec may hold no anchors
    yaml.dump(value, stream)


def with_items(text: str, items: Sequence[Mapping[str, Any]], *, under: str) -> str:
    r"""Return YAML text with named items put into the list of a field; all other text stays.

    An item of the same name is replaced where it stands. A new one comes before the first of the
    items after it that is there, else at the end.

    Args:
        text: YAML that was read as a spec, so that it is known to be harmless.
        items: plain values, each with a `name`.
        under: the field of the list.

    Raises:
        BadInput: the list is not written one item below the other.

    >>> print(with_items("list:\n  - name: a # first\n", [{"name": "b"}], under="list"), end="")
    list:
      - name: a # first
      - name: b
    """
    for number, item in enumerate(items):
        later = {str(one["name"]) for one in items[number + 1 :]}
        text = _with_item(text, item, under=under, later=later)
    return text


def _with_item(text: str, item: Mapping[str, Any], *, under: str, later: Collection[str]) -> str:
    lines = text.splitlines(keepends=True)
    spans = _spans(text, under)
    indent = _indent(lines[spans[0].first])
    start, end = spans[-1].end, spans[-1].end
    for span in reversed(spans):
        if span.name in later:
            start = end = span.first
    for span in spans:
        if span.name == item["name"]:
            start, end = span.first, span.end
    stream = StringIO()
    write_yaml(dict(item), stream)
    new = [f"{indent}  {line}" for line in stream.getvalue().splitlines(keepends=True)]
    new[0] = f"{indent}- {new[0][len(indent) + 2 :]}"
    if start and not lines[start - 1].endswith("\n"):
        lines[start - 1] += "\n"
    return "".join((*lines[:start], *new, *lines[end:]))


class _Span(NamedTuple):
    """The lines of one item: its name, its first line, and the line after its last."""

    name: str
    first: int
    end: int


def _spans(text: str, under: str) -> list[_Span]:
    """Return the lines of every item of a list.

    Raises:
        BadInput: two of them share a line, or there is none.
    """
    root = YAML().compose(text)
    (listed,) = (value for key, value in root.value if key.value == under)
    found = []
    for node in listed.value:
        (name,) = (value.value for key, value in node.value if key.value == "name")
        found.append(_Span(name, node.start_mark.line, _last_line(node) + 1))
    if not found or listed.flow_style or any(a.end > b.first for a, b in pairwise(found)):
        raise BadInput(
            f"the list '{under}' is not written one item below the other",
            code="spec.list_form",
            hint="Begin every item on a line of its own, after a hyphen.",
        )
    return found


def _last_line(node: Any) -> int:  # noqa: ANN401 - ruamel's nodes have no common type
    """Return the last line that a node stands on; comments after it are not part of it."""
    if not isinstance(node.value, list) or node.flow_style or not node.value:
        return int(node.end_mark.line)
    last = node.value[-1]
    return _last_line(last[-1] if isinstance(last, tuple) else last)


def _indent(line: str) -> str:
    """Return what stands before an item's hyphen.

    Raises:
        BadInput: the item does not begin on the line of its hyphen.
    """
    before, hyphen, _ = line.partition("-")
    if not hyphen or before.strip():
        raise BadInput("an item does not begin beside its hyphen", code="spec.list_form")
    return before
