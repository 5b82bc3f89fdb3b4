"""Names that come in from outside: slugs and digests, refused before anything is opened."""

from __future__ import annotations

import re

from attending.errors import AttendingError

_SLUG = re.compile(r"(?=.{1,64}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PERSON = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_REQUEST = re.compile(r"[0-9a-f]{32}")
_MESSAGE = re.compile(r"[!-~]{0,200}")
_FILE = re.compile(r"[a-z]{1,32}\.(?:css|js|svg)")
_PICTURE = re.compile(r"[a-z][a-z_-]{0,40}\.(?:svg|csv|pdf)")
#: A path of small words: no dot, no second slash at the start, no query.
_INSIDE = re.compile(r"/(?!log(?:in|out)|theme)(?:[a-z0-9][a-z0-9-]*(?:/[a-z0-9][a-z0-9-]*)*)?")


def _matching(text: str, wanted: re.Pattern[str], *, what: str, expected: str) -> str:
    if not wanted.fullmatch(text):
        raise AttendingError(
            f"got a malformed {what}, expected {expected}",
            code=f"web.{what.replace(' ', '_')}",
            hint="Follow a link from the first page.",
        )
    return text


def check_slug(text: str) -> str:
    """Return `text` when it is a model's name.

    Raises:
        AttendingError: it is not a slug (HTTP 400).

    >>> check_slug("readmission-30d")
    'readmission-30d'
    """
    return _matching(text, _SLUG, what="model name", expected="small letters, digits and hyphens")


def check_digest(text: str) -> str:
    """Return `text` when it is a digest: 64 lower-case hexadecimal digits.

    Raises:
        AttendingError: it is not a digest (HTTP 400).
    """
    return _matching(text, _DIGEST, what="digest", expected="64 hexadecimal digits")


def check_person(text: str) -> str:
    """Return `text` when it may be the login of a person.

    Raises:
        AttendingError: it cannot be (HTTP 400).
    """
    return _matching(text, _PERSON, what="login", expected="small letters, digits, dots, hyphens")


def check_request(text: str) -> str:
    """Return `text` when it is the id of a request: 32 lower-case hexadecimal digits.

    Raises:
        AttendingError: it is not (HTTP 400).
    """
    return _matching(text, _REQUEST, what="request id", expected="32 hexadecimal digits")


def check_message(text: str) -> str:
    """Return `text` when it may be the id of a message, or is empty.

    Raises:
        AttendingError: it cannot be (HTTP 400).
    """
    return _matching(text, _MESSAGE, what="message id", expected="200 visible characters at most")


def check_file(text: str) -> str:
    """Return `text` when it may be the name of one of our static files.

    Raises:
        AttendingError: it cannot be (HTTP 400).
    """
    return _matching(text, _FILE, what="file name", expected="a file that we serve")


def check_picture(text: str) -> tuple[str, str]:
    """Return the name of a picture and the form in which it is asked for.

    Raises:
        AttendingError: it cannot be one (HTTP 400).

    >>> check_picture("decision-curve.csv")
    ('decision-curve', 'csv')
    """
    found = _matching(text, _PICTURE, what="picture name", expected="a picture as svg, csv or pdf")
    name, _, form = found.rpartition(".")
    return name, form


def inside(path: str) -> str:
    """Return `path` when it can be a page of ours, else the first page: no open redirect.

    >>> inside("/models/readmission-30d"), inside("//elsewhere.example/"), inside("/logout")
    ('/models/readmission-30d', '/', '/')
    """
    return path if _INSIDE.fullmatch(path) else "/"
