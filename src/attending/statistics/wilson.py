"""Wilson's interval of a share: right in small samples and near 0 and 1."""

from __future__ import annotations

import math

from attending.errors import BadInput
from attending.statistics.measure import Interval, z_of


def wilson(part: int, whole: int, *, level: float = 0.95) -> Interval:
    """Return a share with Wilson's score interval.

    Raises:
        BadInput: no rows, or a part outside 0 to the whole.

    References:
        Wilson, J Am Stat Assoc 1927;22:209.

    >>> found = wilson(0, 10)
    >>> found.value, found.low, round(found.high, 4)
    (0.0, 0.0, 0.2775)
    """
    if whole < 1 or not 0 <= part <= whole:
        raise BadInput(f"got {part} of {whole}, expected a share", code="statistics.share")
    z = z_of(level)
    share = part / whole
    scale = 1.0 + z * z / whole
    centre = (share + z * z / (2.0 * whole)) / scale
    half = z / scale * math.sqrt(share * (1.0 - share) / whole + z * z / (4.0 * whole * whole))
    low = 0.0 if part == 0 else centre - half
    high = 1.0 if part == whole else centre + half
    return Interval(share, low, high, math.sqrt(share * (1.0 - share) / whole), "Wilson")
