"""Documents from templates: always escaped, stand-alone, with their style inside."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

from attending.documents.times import lasting, spelt

_INTERVAL = re.compile(r"(?<=[\d%]) to (?=[−\d])")
#: A word without a blank that may be wider than its column, and where it may go on below.
_LONG = re.compile(r"\S{15,}")
#: A day, with its time or alone, or a span such as 18-64, which a browser breaks at its hyphens.
_KEPT = re.compile(r"\d{4}-\d\d-\d\d|\d+-\d+$")
#: A digest, where it is a whole text.
DIGEST = re.compile(r"[0-9a-f]{64}")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::00|(:[\d.]+))Z")
#: Words of a record that are letters.
_LETTERS = frozenset({"api", "auroc", "fhir", "id", "oe", "psi", "rpo", "rto", "sla"})
#: Below this a number may be a year.
_FIVE_DIGITS = 10_000
_MINUTE = 60
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
    made.filters |= {"said": said, "figure": figure, "field": field, "seconds": seconds}
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


def said(text: str) -> str | Markup:
    r"""Return a text of a record: an instant and a length as readers say it, a digest as code.

    >>> said("36h"), said("2026-04-20T06:25:00Z"), said("2026-04-20T06:25:01.5Z")
    ('1 day 12 hours', '2026-04-20\xa006:25\xa0UTC', '2026-04-20\xa006:25:01.5\xa0UTC')
    >>> said("ab" * 32) == f"<code>{'ab' * 32}</code>"
    True
    """
    if DIGEST.fullmatch(text):
        return Markup("<code>{}</code>").format(text)
    if found := _INSTANT.fullmatch(text):  # to the second where the record is
        return f"{found[1]}\u00a0{found[2]}{found[3] or ''}\u00a0UTC"
    return spelt(text)


def field(name: str) -> str:
    """Return the name of a field of a record as words; a length is said with its unit.

    >>> field("rpo_limit_seconds"), field("root_cause")
    ('RPO limit', 'root cause')
    """
    words = name.removesuffix("_seconds").split("_")
    return " ".join(word.upper() if word in _LETTERS else word for word in words)


def figure(value: float) -> str:
    """Return a number of a record: thousands apart, six digits of what was worked out.

    >>> figure(115739346), figure(2026), figure(0.06020246172227924), figure(0.45)
    ('115,739,346', '2026', '0.0602025', '0.45')
    """
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= _FIVE_DIGITS else str(value)
    return min(repr(value), f"{value:.6g}", key=len)


def seconds(value: float) -> str:
    """Return a length of a record.

    >>> seconds(86400), seconds(0.697)
    ('1 day', '0.697 s')
    """
    return lasting(timedelta(seconds=value)) if value >= _MINUTE else f"{value:.3g} s"


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
