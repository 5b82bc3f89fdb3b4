"""Instants in their commonest form, `2026-03-01T06:00:00Z`, read a thousand at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.engines.kernel_instants import WIDTH, read_instants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.types import Ints


def whole_seconds(values: Sequence[str | None], *, null: int) -> Ints | None:
    """Return instants as microseconds since 1970, None when not all are texts of this form.

    Args:
        values: texts; None where there is no instant.
        null: stands for those.

    >>> whole_seconds(["1970-01-01T00:00:01Z", None], null=-1).tolist()
    [1000000, -1]
    >>> whole_seconds(["1970-01-01T00:00:01.5Z"], null=-1)
    >>> whole_seconds(["2023-02-29T00:00:00Z"], null=-1)
    """
    texts = [value for value in values if value is not None]
    if set(map(len, texts)) - {WIDTH}:
        return None
    said = "".join(texts)
    if not said.isascii():
        return None
    cells = np.frombuffer(said.encode("ascii"), np.uint8)
    found = np.empty(len(texts), np.int64)
    if not read_instants(cells, found):
        return None
    if len(texts) == len(values):
        return found
    whole = np.full(len(values), null, np.int64)
    whole[[value is not None for value in values]] = found
    return whole
