"""Pages from templates, always escaped; and the few words and shapes that all pages share."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2

from attending import __version__
from attending.digests import digest_bytes, short
from attending.errors import BadInput
from attending.times import parse_instant
from attending.web.glossary import word_of

if TYPE_CHECKING:
    from attending.types import Instant

#: The steps that a page shows, and the stages that stand on each.
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Prototype", ("prototype",)),
    ("Trained", ("trained",)),
    ("Validated", ("validated",)),
    ("Silent", ("silent",)),
    ("Limited", ("limited",)),
    ("Live", ("live",)),
)
STAGE_SAYS = {
    "prototype": "being explored; shows no one a score",
    "trained": "repeatable; waits for clinical validation",
    "validated": "signed by clinicians; waits for silent running",
    "silent": "scores real patients; shows no one a score",
    "limited": "in use in a limited scope",
    "live": "in use in its whole agreed scope",
    "retired": "retired; gives no score",
}
ANSWER_SAYS = {
    "continue": "use it as agreed",
    "watch": "use it; something is being looked at",
    "freeze": "use it; change nothing until signed",
    "restrict": "use it in fewer sites or units",
    "fallback": "do not use it; use the agreed fallback",
    "stop": "do not use it; no score is shown",
}
MET_SAYS = {"met": "met", "failed": "failed", "missing": "missing", "not_shown": "not shown"}


def moment(instant: Instant) -> str:
    """Return an instant as people read it, in UTC to the minute.

    >>> from attending.times import parse_instant
    >>> moment(parse_instant("2026-03-01T06:00:30Z"))
    '2026-03-01 06:00 UTC'
    """
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def moment_of(text: str) -> str:
    """Return an instant of a record's text as people read it; other text as it is.

    >>> moment_of("2026-03-01T06:00:30Z"), moment_of("")
    ('2026-03-01 06:00 UTC', '')
    """
    try:
        return moment(parse_instant(text))
    except BadInput:
        return text


def progress(stage: str) -> list[tuple[str, str]]:
    """Return the steps, each `done`, `here` or `ahead`; a retired model has left them all.

    >>> progress("silent")[2:]
    [('Validated', 'done'), ('Silent', 'here'), ('Limited', 'ahead'), ('Live', 'ahead')]
    """
    here = next((i for i, (_, stages) in enumerate(STEPS) if stage in stages), len(STEPS))
    return [
        (name, "here" if i == here else "done" if i < here else "ahead")
        for i, (name, _) in enumerate(STEPS)
    ]


@cache
def file_bytes(name: str) -> bytes | None:
    """Return one of our own files, read once; None where there is none of that name."""
    found = resources.files("attending.web") / "static" / name
    return found.read_bytes() if found.is_file() else None


@cache
def asset(name: str) -> str:
    """Return the address of one of our own files; another content has another address.

    >>> asset("attending.svg").startswith("/static/attending.svg?v=")
    True
    """
    return f"/static/{name}?v={short(digest_bytes(file_bytes(name) or b''))}"


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("attending.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "asset": asset,
        "moment": moment,
        "moment_of": moment_of,
        "progress": progress,
        "short": short,
    }
    made.globals |= {
        "stage_says": STAGE_SAYS,
        "answer_says": ANSWER_SAYS,
        "met_says": MET_SAYS,
        "word_of": word_of,
        "program_version": __version__,
        "synthetic": False,
        "home": None,
        "person": None,
        "path": "/",
        "navigation": (),
        "crumbs": (),
        "theme": "",
        "form_token": "",
    }
    return made


def page(template: str, **values: Any) -> str:  # noqa: ANN401 - what the template shows
    """Return one page; every value is escaped."""
    return _templates().get_template(template).render(**values)
