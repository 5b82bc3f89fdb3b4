"""The head of a ledger as a short text: printed, kept on paper, and typed in again to be compared.

It holds the number of entries, the first 128 bits of their Merkle root, and four digits that tell
a mistyped text from a ledger that was changed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from attending.errors import BadInput

_ROOT_DIGITS = 32
_GROUP = 4
_SHAPE = re.compile(r"(\d{1,15})((?:-[0-9a-f]{4}){9})")


@dataclass(frozen=True)
class Head:
    """What a printed head says: so many entries, and how their root begins."""

    size: int
    root_start: str


def print_head(ledger_id: str, size: int, *, root: str) -> str:
    """Return the text of a head.

    Args:
        ledger_id: of the ledger; another ledger's head has other last digits.
        size: the number of entries.
        root: their Merkle root in hexadecimal.

    >>> print_head("ward", 42, root="0123456789abcdef" * 4)
    '42-0123-4567-89ab-cdef-0123-4567-89ab-cdef-9c75'
    """
    start = root[:_ROOT_DIGITS]
    groups = [start[at : at + _GROUP] for at in range(0, _ROOT_DIGITS, _GROUP)]
    return "-".join([str(size), *groups, _check(ledger_id, size, start)])


def read_head(ledger_id: str, text: str) -> Head:
    """Return what a text says that somebody typed in; spaces and capitals do not matter.

    Raises:
        BadInput: it is not a head of this ledger, or was mistyped.

    >>> read_head("ward", "42-0123-4567-89AB-CDEF-0123-4567-89AB-CDEF-9C75").size
    42
    """
    found = _SHAPE.fullmatch("".join(text.lower().split()))
    if found is None:
        raise BadInput(
            "this is not the head of a ledger",
            code="head.shape",
            hint="Type all of it, as in 42-0123-4567-89ab-cdef-0123-4567-89ab-cdef-9c75.",
            where="--head",
        )
    size = int(found[1])
    *groups, check = found[2][1:].split("-")
    start = "".join(groups)
    if check != _check(ledger_id, size, start):
        raise BadInput(
            "the head was mistyped, or is of another ledger",
            code="head.mistyped",
            hint="Compare it with the paper, group by group.",
            where="--head",
        )
    return Head(size, start)


def _check(ledger_id: str, size: int, start: str) -> str:
    return hashlib.sha256(f"{ledger_id} {size} {start}".encode()).hexdigest()[:_GROUP]
