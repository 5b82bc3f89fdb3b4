"""Names that may become a path or a key: whole digests and prefixes of them, nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attending.errors import BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_PREFIX = re.compile(r"[0-9a-f]{6,64}\Z")


def check_digest(text: str) -> str:
    r"""Return `text` when it is a whole digest; this runs before any path is made of it.

    Raises:
        BadInput: anything but 64 lower-case hexadecimal characters.

    >>> check_digest("../../etc/passwd")
    Traceback (most recent call last):
    ...
    attending.errors.BadInput: expected a digest of 64 hexadecimal characters
    Copy it from `attending run show` or `attending snapshot ls`.
    """
    if not _DIGEST.match(text):
        raise BadInput(
            "expected a digest of 64 hexadecimal characters",
            code="store.digest",
            hint="Copy it from `attending run show` or `attending snapshot ls`.",
        )
    return text


def check_prefix(text: str) -> str:
    """Return `text` when it is the start of a digest, 6 characters or more.

    Raises:
        BadInput: shorter, longer, or with another character.

    >>> check_prefix("e3b0c4")
    'e3b0c4'
    """
    if not _PREFIX.match(text):
        raise BadInput(
            "expected 6 to 64 hexadecimal characters of a digest",
            code="store.digest",
            hint="Write at least the first 6 characters.",
        )
    return text


#: Where a reader finds digests of a kind.
_LISTED = {
    "run": "List them with `attending run ls`.",
    "snapshot": "List them with `attending snapshot ls`.",
    "approval": "It is the signature's own digest, which `attending sign` printed; "
    "`attending audit search` has it too.",
}


def only_match(prefix: str, found: Iterable[str], *, what: str) -> str:
    """Return the one digest that starts with a prefix.

    Raises:
        NotFound: none does.
        BadInput: more than one does.

    >>> only_match("abc", ["abcd"], what="run")
    'abcd'
    """
    matches = sorted(digest for digest in set(found) if digest.startswith(prefix))
    if not matches:
        raise NotFound(
            f"there is no {what} '{prefix}'",
            code=f"store.no_{what.replace(' ', '_')}",
            hint=_LISTED.get(
                what, "Copy it from where it was made, or from `attending audit search`."
            ),
        )
    if len(matches) > 1:
        raise BadInput(
            f"'{prefix}' is the start of {len(matches)} names",
            code="store.ambiguous",
            hint="Write more characters of it.",
        )
    return matches[0]
