"""JSON from machines, read strictly: no key twice, no NaN, no bytes that are not UTF-8."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from attending.errors import BadInput


def strict_json(data: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return what the bytes say.

    Raises:
        BadInput: not JSON as RFC 8259 has it, a key twice in one object, or nested too deep.

    >>> strict_json(b'{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    >>> strict_json(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    attending.errors.BadInput: got a key twice in one object
    """
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_no_constant
        )
    except BadInput:
        raise
    except (ValueError, RecursionError):  # also a number of more digits than Python reads
        raise BadInput("got a body that is not JSON in UTF-8", code="request.json") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput("got a key twice in one object", code="request.key_twice")
    return found


def _no_constant(_name: str) -> NoReturn:
    raise BadInput(
        "got NaN or Infinity, expected a number or null",
        code="request.not_a_number",
        hint="Write null for a value that is not there.",
    )
