"""A second, slow and exact way to compute a feature: plain Python with fractions.

It shares no line with the kernel. Rows are dictionaries, instants are microseconds.
"""

from __future__ import annotations

import math
from fractions import Fraction

from attending.times import HOUR, SECOND

NAMES = (
    "last",
    "first",
    "min",
    "max",
    "mean",
    "sum",
    "count",
    "std",
    "slope",
    "delta",
    "range",
    "any",
    "time_since_last",
)


def visible(row, at):
    """Return the one rule of visibility."""
    superseded = row["superseded_at"]
    return row["known_at"] <= at and (superseded is None or at < superseded)


def window(rows, *, at, start, codes, unit=None, low=-math.inf, high=math.inf):
    """Return the usable rows of (start, at], oldest first; ties by known_at, then by value."""
    found = [
        row
        for row in rows
        if row["code"] in codes
        and row["time"] is not None
        and start < row["time"] <= at
        and visible(row, at)
        and (unit is None or row["unit"] == unit)
        and (row["numeric_value"] is None or low <= row["numeric_value"] <= high)
    ]
    return sorted(
        found,
        key=lambda row: (
            row["time"],
            row["known_at"],
            -math.inf if row["numeric_value"] is None else row["numeric_value"],
        ),
    )


def aggregate(name, rows, *, at):
    """Return the exact value as a fraction, a float for roots, or None."""
    if name == "count":
        return Fraction(len(rows))
    if name == "any":
        return Fraction(bool(rows))
    if name == "time_since_last":
        return Fraction((at - rows[-1]["time"]) // SECOND, HOUR // SECOND) if rows else None
    used = [row for row in rows if row["numeric_value"] is not None]
    if not used:
        return None
    values = [Fraction(row["numeric_value"]) for row in used]
    ages = [Fraction((at - row["time"]) // SECOND) for row in used]
    return _OF_VALUES[name](values, ages)


def _mean(values):
    return sum(values) / len(values)


def _std(values, _ages):
    if len(values) < 2:
        return None
    middle = _mean(values)
    return math.sqrt(sum((value - middle) ** 2 for value in values) / (len(values) - 1))


def _slope(values, ages):
    middle_value, middle_age = _mean(values), _mean(ages)
    spread = sum((age - middle_age) ** 2 for age in ages)
    if len(values) < 2 or spread == 0:
        return None
    pairs = zip(values, ages, strict=True)
    together = sum((value - middle_value) * (age - middle_age) for value, age in pairs)
    return -together / spread * 3600


_OF_VALUES = {
    "last": lambda values, _ages: values[-1],
    "first": lambda values, _ages: values[0],
    "min": lambda values, _ages: min(values),
    "max": lambda values, _ages: max(values),
    "mean": lambda values, _ages: _mean(values),
    "sum": lambda values, _ages: sum(values),
    "std": _std,
    "slope": _slope,
    "delta": lambda values, _ages: values[-1] - values[0],
    "range": lambda values, _ages: max(values) - min(values),
}
