"""Write plain values as YAML that `read_yaml` reads back: no tags, no anchors."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML


def to_yaml(value: Any) -> str:  # noqa: ANN401 - any JSON value
    r"""Return plain values as YAML text.

    >>> to_yaml({"source": "lab", "tables": [{"name": "results"}]})
    'source: lab\ntables:\n  - name: results\n'
    """
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # a plain switch
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 100
    writer.allow_unicode = True
    writer.representer.ignore_aliases = lambda _data: True
    out = StringIO()
    writer.dump(value, out)
    return out.getvalue()
