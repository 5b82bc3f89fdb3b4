"""Documents from templates: always escaped, stand-alone, with their style inside."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

from attending.documents.times import spelt

_INTERVAL = re.compile(r"(?<=[\d%]) to (?=[−\d])")
#: A word without a blank that may be wider than its column, and where it may go on below.
_LONG = re.compile(r"\S{15,}")
#: A day, with its time or alone, or a span such as 18-64, which a browser breaks at its hyphens.
_KEPT = re.compile(r"\d{4}-\d\d-\d\d|\d+-\d+$")
_CODE = re.compile(r"`([^`]*)`")
_SEAM = re.compile(r"(?<=[._/])(?=\w)|(?<=[a-z])(?=[A-Z])")


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
    made.filters["cell"] = cell
    made.filters["spelt"] = spelt
    return made


def cell(text: str) -> Markup:
    r"""Return a cell, escaped: an interval stays on one line, a long name breaks at its seams.

    A new line in the text is one on the page.

    >>> print(cell("card.training.Cohort"), cell("Uses.ScopeSettings"), cell("<b>"))
    card.<wbr>training.<wbr>Cohort Uses.<wbr>Scope<wbr>Settings &lt;b&gt;
    >>> cell("0.74 (0.72 to 0.76)") == "0.74 (0.72\u00a0to\u00a00.76)"
    True
    """
    lines = _INTERVAL.sub("\u00a0to\u00a0", text).split("\n")
    return Markup("<br>\n").join(
        Markup(" ").join(_seamed(word) for word in line.split(" ")) for line in lines
    )


def _seamed(word: str) -> Markup:
    if _KEPT.match(word):
        return Markup('<span class="kept">{}</span>').format(word)
    parts = _SEAM.split(word) if _LONG.fullmatch(word) else [word]
    return Markup("<wbr>").join(escape(part) for part in parts)


def quoted(text: str) -> str:
    """Return words of a program in the marks of a text, for pages on which they are read.

    >>> quoted("walk it: `attending release drill`")
    'walk it: “attending release drill”'
    """
    return _CODE.sub(r"“\1”", text)


def document(template: str, **values: Any) -> bytes:  # noqa: ANN401 - what the template shows
    """Return a stand-alone HTML document; every value is escaped."""
    return _templates().get_template(template).render(**values).encode("utf-8")
