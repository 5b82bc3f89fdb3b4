"""Write plain values as YAML that `read_yaml` reads back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
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
