"""Every refusal of the system: its exit code, its HTTP status, and what to do now.

One table serves the command line and the web. A message says what was got and what was expected;
a hint says what to do next. Neither ever holds a patient's identifier or value: they are counted.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class AttendingError(Exception):
    """The family of all refusals.

    Args:
        message: what was got and what was expected.
        code: a stable dotted name that a machine can match, such as `spec.unknown_field`.
        hint: the next thing to do.
        where: file, line and field, or the record, that the message is about.

    >>> BadInput("got 3", code="spec.type", hint="write 'three'", where="a.yaml:1").as_problem()
    {'code': 'spec.type', 'message': 'got 3', 'hint': "write 'three'", 'where': 'a.yaml:1'}
    """

    exit_code: ClassVar[int] = 2
    http_status: ClassVar[int] = 400
    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, *, code: str = "", hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint
        self.where = where

    def as_problem(self) -> dict[str, str]:
        """Return the four fields that `--json` and HTTP problems print."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "where": self.where,
        }

    def __str__(self) -> str:
        """Return `where: message` and the hint on its own line."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head}\n{self.hint}" if self.hint else head


class BadInput(AttendingError, ValueError):
    """The input is wrong and nothing was done (exit 2, HTTP 422).

    It is a `ValueError` too, so that a spec's field that refuses gets file and line.
    """

    exit_code = 2
    http_status = 422
    default_code = "input.bad"


class NotFound(BadInput):
    """What was named does not exist here (exit 2, HTTP 404)."""

    http_status = 404
    default_code = "input.not_found"


class Refused(AttendingError):
    """A gate or a rule of safety says no (exit 3, HTTP 409)."""

    exit_code = 3
    http_status = 409
    default_code = "gate.refused"


class TooMany(Refused):
    """One asker takes more than its share (exit 3, HTTP 429)."""

    http_status = 429
    default_code = "quota.reached"


class IntegrityBroken(AttendingError):
    """Stored bytes are not what they were (exit 4, HTTP 500)."""

    exit_code = 4
    http_status = 500
    default_code = "integrity.broken"


class DependencyDown(AttendingError):
    """Something that the work depends on is missing, full, busy or down (exit 5, HTTP 503)."""

    exit_code = 5
    http_status = 503
    default_code = "dependency.down"


class Denied(AttendingError):
    """This person may not do this (exit 6, HTTP 403)."""

    exit_code = 6
    http_status = 403
    default_code = "access.denied"


#: Exit codes of the command line, for `docs/cli.md` and `--help`.
EXIT_CODES: dict[int, str] = {
    0: "done",
    2: "bad input",
    3: "refused by a gate",
    4: "integrity broken",
    5: "a dependency is down or degraded, or the verb was stopped",
    6: "denied",
}


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word, or lists them when none is near.

    >>> did_you_mean("horizn", ["horizon", "outcome"])
    "Did you mean 'horizon'?"
    >>> did_you_mean("zzz", ["horizon", "outcome"])
    'Known here: horizon, outcome.'
    """
    words = sorted(known)
    near = difflib.get_close_matches(name, words, n=1, cutoff=0.6)
    return f"Did you mean '{near[0]}'?" if near else f"Known here: {', '.join(words)}."
