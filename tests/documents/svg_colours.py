"""The colours that pictures inside a page are drawn with."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote_to_bytes


def colours_of(page: bytes) -> list[set[str]]:
    """Return by picture the colours of its fills and strokes, in small letters."""
    found = []
    for kind, data in re.findall(rb'src="data:image/svg\+xml(;base64)?,([^"]+)"', page):
        svg = base64.b64decode(data) if kind else unquote_to_bytes(data)
        held = re.findall(rb"(?:fill|stroke): (#[0-9a-fA-F]{6})", svg)
        found.append({one.decode().lower() for one in held})
    return found
