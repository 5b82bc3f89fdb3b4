"""Which threshold a score is held against: that of the unit, of the site, or of everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.serve.facts import Facts
    from attending.serve.served import Served
    from attending.types import Floats


def threshold_at(
    places: Mapping[str, float], *, unit: str | None, site: str | None, everywhere: float | None
) -> tuple[float | None, str]:
    """Return the threshold of a patient, and the place whose it is; empty for that of everyone.

    Args:
        places: a threshold by unit or site.
        unit: where the patient lies, as far as is known.
        site: where the stay is, as far as is known.
        everywhere: counts where neither has one.

    >>> threshold_at({"ICU": 0.4, "NORTH": 0.2}, unit="ICU", site="NORTH", everywhere=0.3)
    (0.4, 'ICU')
    >>> threshold_at({"ICU": 0.4, "NORTH": 0.2}, unit="WARD", site="NORTH", everywhere=0.3)
    (0.2, 'NORTH')
    >>> threshold_at({"ICU": 0.4}, unit=None, site="SOUTH", everywhere=0.3)
    (0.3, '')
    """
    for place in (unit, site):
        if place is not None and place in places:
            return places[place], place
    return everywhere, ""


def thresholds_of(served: Served, known: Facts) -> Floats | float | None:
    """Return the threshold of each prediction, or the one of all where no place has its own.

    Args:
        served: the version.
        known: what was known of each prediction at its time.
    """
    if not served.places:
        return served.threshold
    found = (
        served.threshold_at(unit=unit, site=site)[0]
        for unit, site in zip(known.unit, known.site, strict=True)
    )
    # Nothing reaches a threshold that is not there.
    each: Floats = np.array([np.inf if one is None else one for one in found], np.float64)
    return each
