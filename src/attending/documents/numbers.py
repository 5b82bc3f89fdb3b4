"""How figures are written, the same in every document: two or three significant digits.

Nothing is worked out here. A figure that a record leaves empty is "not shown"; a count from 1 to
10 is "≤10", since it could point at a person.
"""

from __future__ import annotations

import math

NOT_SHOWN = "not shown"
#: The smallest count above zero that is printed.
SMALLEST_COUNT = 11


def _places(size: float) -> int:
    """Return how many decimals a figure of this size has."""
    for least, places in ((100, 0), (10, 1), (1, 2), (0.01, 3)):
        if size >= least:
            return places
    return 3 if size == 0 else 1 - math.floor(math.log10(size))


def _text(value: float, places: int) -> str:
    # A figure just below zero keeps its sign: an interval that crosses zero must show it.
    return f"{value:,.{places}f}".replace("-", "−")


def number(value: float | None) -> str:
    """Return a figure with two or three significant digits, more for large ones.

    >>> number(0.74382), number(-0.031), number(1.0648), number(0.00042), number(1234.5)
    ('0.744', '−0.031', '1.06', '0.00042', '1,234')
    >>> number(None)
    'not shown'
    """
    return NOT_SHOWN if value is None else _text(value, _places(abs(value)))


def percent(value: float | None) -> str:
    """Return a share as a percentage.

    >>> percent(0.1234), percent(0.0042), percent(1.0), percent(None)
    ('12.3 %', '0.42 %', '100 %', 'not shown')
    """
    if value is None:
        return NOT_SHOWN
    size = abs(100 * value)
    places = 0 if size in {0, 100} else 1 if size >= 1 else 2
    return _text(100 * value, places) + " %"


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """Return a figure with its interval, all with the decimals of the largest of the three.

    >>> interval(0.744, 0.721, 0.766), interval(0.744, None, None), interval(-0.0046, -0.007, 0)
    ('0.744 (0.721 to 0.766)', '0.744', '−0.0046 (−0.0070 to 0.0000)')
    """
    if value is None or low is None or high is None:
        return number(value)
    places = _places(max(abs(value), abs(low), abs(high)))
    return f"{_text(value, places)} ({_text(low, places)} to {_text(high, places)})"


def percent_interval(value: float | None, low: float | None, high: float | None) -> str:
    """Return a share with its interval.

    >>> percent_interval(0.31, 0.28, 0.34)
    '31.0 % (28.0 to 34.0)'
    """
    if value is None or low is None or high is None:
        return percent(value)
    return f"{percent(value)} ({percent(low)[:-2]} to {percent(high)[:-2]})"


def count(value: int | None) -> str:
    """Return a count, hidden when it is from 1 to 10.

    >>> count(12345), count(0), count(10), count(None)
    ('12,345', '0', '≤10', 'not shown')
    """
    if value is None:
        return NOT_SHOWN
    return f"≤{SMALLEST_COUNT - 1}" if 0 < value < SMALLEST_COUNT else f"{value:,}"
