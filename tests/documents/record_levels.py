"""A record of many levels, as a contract is: what its page must still show."""

from __future__ import annotations

from typing import Any


def nested(levels: int) -> dict[str, Any]:
    """Return a record whose innermost words stand so many levels down."""
    inner: Any = "the innermost words of a long sentence that a person signs"
    for level in range(levels):
        inner = {"value": inner, "property": f"level {level}"}
    return {"kind": "data_access", "says": inner}
