"""Write plain values as YAML that `read_yaml` reads back."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
    r"""Return YAML text with named items put into the list of a field; comments stay.

    An item of the same name is replaced where it stands. A new one comes before the first of the
    given items that is there, else at the end.

    Args:
        text: YAML that was read as a spec, so that it is known to be harmless.
        items: plain values, each with a `name`.
        under: the field of the list.

    >>> print(with_items("list:\n  - name: a # first\n", [{"name": "b"}], under="list"), end="")
    list:
      - name: a # first
      - name: b
    """
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 1_000_000  # no line is broken that was whole
    yaml.preserve_quotes = True
    held = yaml.load(text)
    listed = held[under]
    for item in items:
        names = [one["name"] for one in listed]
        if item["name"] in names:
            listed[names.index(item["name"])] = dict(item)
            continue
        places = [names.index(one["name"]) for one in items if one["name"] in names]
        listed.insert(min(places, default=len(listed)), dict(item))
    stream = StringIO()
    yaml.dump(held, stream)
    return stream.getvalue()
