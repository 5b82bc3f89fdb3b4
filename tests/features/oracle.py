"""A second, slow and exact way to compute a feature: plain Python with fractions.

It shares no line with the kernel. Rows are dictionaries, instants are whole microseconds.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from zoneinfo import ZoneInfo

from attending.times import HOUR, SECOND

VALUELESS = ("count", "any", "time_since_last", "distinct_codes")


def visible(row, at):
    """Return the one rule of visibility."""
    superseded = row["superseded_at"]
    return row["known_at"] <= at and (superseded is None or at < superseded)


def last_clock(at, clock, zone):
    """Return when a clock last showed a time: the instants of five days, the newest not later."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    hour, minute = map(int, clock.split(":"))
    near = [date.fromordinal(moment.date().toordinal() + step) for step in (-3, -2, -1, 0, 1)]
    shown = [
        datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone)).timestamp()
        for day in near
    ]
    return max(round(one) * SECOND for one in shown if one * SECOND <= at)


def start_of(asked, rows, *, at, stay):
    """Return the instant that a window starts after."""
    window = asked["window"]
    if window == "encounter":
        start = at if stay is None else stay - 1
    else:
        start = -math.inf if window == "ever" else at - window
    if asked.get("since"):
        known = [row for row in rows if row["time"] is not None and visible(row, at)]
        anchors = [row["time"] for row in known if row["code"] in asked["since"]]
        anchors = [time for time in anchors if time <= at]
        start = max(start, max(anchors) - 1 if anchors else at)
    return start


def sorted_window(rows, *, at, start):
    """Return the rows of (start, at], oldest first; ties by known_at, then by value, null first."""
    inside = [row for row in rows if row["time"] is not None and start < row["time"] <= at]
    return sorted(
        inside,
        key=lambda row: (
            row["time"],
            row["known_at"],
            -math.inf if row["numeric_value"] is None else row["numeric_value"],
        ),
    )


def answer(asked, table, *, at, stay=None, zone="UTC"):
    """Return the exact value (or None), why it is missing (or None), and the values used.

    Args:
        asked: codes, window (microseconds or a word), aggregate, and optionally unit, low, high,
            since, as_of, last_n, half_life, normal, freshness, drop_stale.
        table: all rows of one patient.
        at: the prediction time.
        stay: when the stay began.
        zone: of the site.
    """
    now = at
    if asked.get("as_of"):
        at = last_clock(at, asked["as_of"], zone)
    start = start_of(asked, table, at=at, stay=stay)
    mine = [row for row in table if row["code"] in asked["codes"]]
    inside = sorted_window(mine, at=at, start=start)
    seen = [row for row in inside if visible(row, at)]
    unit = None if asked["aggregate"] in VALUELESS else asked.get("unit")
    right = [row for row in seen if unit is None or row["unit"] == unit]
    low, high = asked.get("low", -math.inf), asked.get("high", math.inf)
    none = [row for row in right if row["numeric_value"] is None]
    usable = [row for row in right if row in none or low <= row["numeric_value"] <= high]
    valued = [row for row in usable if row["numeric_value"] is not None]
    valued = valued[-asked["last_n"] :] if asked.get("last_n") else valued
    value = _value(asked, usable, valued, at=at)
    held = usable if asked["aggregate"] in VALUELESS else valued
    if value is not None:
        fresh = asked.get("freshness")
        if fresh and asked.get("drop_stale") and held and now - held[-1]["time"] > fresh:
            return None, "stale", valued
        return value, None, valued
    if valued and asked["aggregate"] not in VALUELESS:
        return None, "too_few", valued
    late = [row for row in inside if row["known_at"] > at]
    known = [row for row in mine if visible(row, at)]
    earlier = [row for row in known if row["time"] is None or row["time"] <= start]
    reasons = (("not_yet_known", late), ("implausible", len(usable) < len(right)),
               ("other_unit", len(right) < len(seen)), ("no_value", usable),
               ("out_of_window", earlier), ("never_measured", True))  # fmt: skip
    return None, next(word for word, holds in reasons if holds), valued


def _value(asked, usable, valued, *, at):
    name = asked["aggregate"]
    if name == "count":
        return Fraction(len(usable))
    if name == "any":
        return Fraction(bool(usable))
    if name == "distinct_codes":
        return Fraction(len({row["code"] for row in usable}))
    if name == "time_since_last":
        return Fraction(age(usable[-1], at), HOUR // SECOND) if usable else None
    values = [Fraction(row["numeric_value"]) for row in valued]
    if name == "distinct":
        return Fraction(len(set(values)))
    if not values:
        return None
    return _OF_VALUES[name](values, [age(row, at) for row in valued], asked)


def age(row, at):
    """Return whole seconds from a row to an instant."""
    return (at - row["time"]) // SECOND


def _mean(values):
    return sum(values) / len(values)


def variance(values):
    """Return the sample variance."""
    middle = _mean(values)
    return sum((value - middle) ** 2 for value in values) / (len(values) - 1)


def _slope(values, ages, _asked):
    middle_value, middle_age = _mean(values), _mean([Fraction(age) for age in ages])
    spread = sum((age - middle_age) ** 2 for age in ages)
    if len(values) < 2 or spread == 0:
        return None
    pairs = zip(values, ages, strict=True)
    return -sum((value - middle_value) * (age - middle_age) for value, age in pairs) / spread * 3600


def _ewm(values, ages, asked):
    with localcontext() as context:
        context.prec = 60
        half_life = Decimal(asked["half_life"]) / SECOND
        weights = [Fraction(Decimal(2) ** (-(age - ages[-1]) / half_life)) for age in ages]
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)


def _median(values, _ages, _asked):
    ordered = sorted(values)
    n = len(ordered)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2


def _abnormal(values, _ages, asked):
    low, high = asked["normal"]
    return Fraction(sum(not low <= value <= high for value in values), len(values))


_OF_VALUES = {
    "last": lambda values, _ages, _asked: values[-1],
    "first": lambda values, _ages, _asked: values[0],
    "min": lambda values, _ages, _asked: min(values),
    "max": lambda values, _ages, _asked: max(values),
    "mean": lambda values, _ages, _asked: _mean(values),
    "sum": lambda values, _ages, _asked: sum(values),
    "std": lambda values, _ages, _asked: (
        Fraction(math.sqrt(variance(values))) if len(values) > 1 else None
    ),
    "slope": _slope,
    "delta": lambda values, _ages, _asked: values[-1] - values[0],
    "range": lambda values, _ages, _asked: max(values) - min(values),
    "median": _median,
    "fraction_abnormal": _abnormal,
    "ewm": _ewm,
}
NAMES = ("count", "any", "distinct_codes", "time_since_last", "distinct", *_OF_VALUES)
