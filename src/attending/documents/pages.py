"""Documents from templates: always escaped, stand-alone, with their style inside."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import jinja2


@cache
def _templates() -> jinja2.Environment:
    folder = resources.files("attending.documents") / "templates"
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("attending.documents", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Our own file, the only text that the templates do not escape.
    made.globals["style"] = (folder / "document.css").read_text(encoding="utf-8")
    return made


def document(template: str, **values: Any) -> bytes:  # noqa: ANN401 - what the template shows
    """Return a stand-alone HTML document; every value is escaped."""
    return _templates().get_template(template).render(**values).encode("utf-8")
