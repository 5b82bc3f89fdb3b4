"""Values that a browser keeps for us and cannot change: JSON with a keyed hash."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

from attending.keys import same


def sealed(key: bytes, purpose: str, value: dict[str, Any]) -> str:
    """Return a text that only the holder of a key can make.

    >>> opened(b"k", "flow", sealed(b"k", "flow", {"a": 1}))
    {'a': 1}
    >>> opened(b"k", "another", sealed(b"k", "flow", {"a": 1})) is None
    True
    """
    body = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    return f"{body}.{_seal(key, purpose, body)}"


def opened(key: bytes, purpose: str, text: str) -> dict[str, Any] | None:
    """Return what was sealed for a purpose, None when it was not, or was changed."""
    body, _, seal = text.partition(".")
    if not same(seal, _seal(key, purpose, body)):
        return None
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body))
    return found


def _seal(key: bytes, purpose: str, body: str) -> str:
    return hmac.new(key, f"{purpose}:{body}".encode(), "sha256").hexdigest()
