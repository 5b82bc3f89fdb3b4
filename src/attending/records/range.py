"""A figure with its interval, as records hold it."""

from __future__ import annotations

from attending.records.base import Part


class Range(Part):
    """A value with its 95 % interval; null where it is not defined or not shown."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
