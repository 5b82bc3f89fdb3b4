"""How figures are written, the same in every document: two or three significant digits.

Nothing is worked out here. A figure that a record leaves empty is "not shown"; a count from 1 to
10 is "≤10", since it could point at a person.
"""

from __future__ import annotations

import math

NOT_SHOWN = "not shown"
#: The smallest count above zero that is printed.
SMALLEST_COUNT = 11


def number(value: float | None) -> str:
    """Return a figure in three decimals below 10, fewer above, and two digits when tiny.

    >>> number(0.74382), number(-0.031), number(12.345), number(0.00042), number(1234.5)
    ('0.744', '−0.031', '12.3', '0.00042', '1,234')
    >>> number(None)
    'not shown'
    """
    if value is None:
        return NOT_SHOWN
    size = abs(value)
    if size >= 100:
        text = f"{value:,.0f}"
    elif size >= 10:
        text = f"{value:.1f}"
    elif size >= 0.005 or size == 0:
        text = f"{value:.3f}"
    else:
        text = f"{value:.{1 - math.floor(math.log10(size))}f}"
    return _minus(text)


def percent(value: float | None) -> str:
    """Return a share as a percentage.

    >>> percent(0.1234), percent(0.0042), percent(1.0), percent(None)
    ('12.3 %', '0.42 %', '100 %', 'not shown')
    """
    if value is None:
        return NOT_SHOWN
    hundredths = 100 * value
    size = abs(hundredths)
    places = 0 if size in {0, 100} else 1 if size >= 1 else 2
    return _minus(f"{hundredths:.{places}f}") + " %"


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """Return a figure with its interval.

    >>> interval(0.744, 0.721, 0.766), interval(0.744, None, None)
    ('0.744 (0.721 to 0.766)', '0.744')
    """
    if value is None or low is None or high is None:
        return number(value)
    return f"{number(value)} ({number(low)} to {number(high)})"


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


def _minus(text: str) -> str:
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")
