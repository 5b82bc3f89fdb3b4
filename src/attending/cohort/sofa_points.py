"""The points of each component of the SOFA score of 1996, from one value each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from attending.types import Floats, Ints

#: Edges of one to four points; a value at or past an edge has its points.
_RISES = {"bilirubin": (1.2, 2.0, 6.0, 12.0), "creatinine": (1.2, 2.0, 3.5, 5.0)}
_FALLS = {
    "pf_ratio": (400, 300, 200, 100),
    "platelets": (150, 100, 50, 20),
    "mean_pressure": (70,),
    "gcs": (15, 13, 10, 6),
}
#: To which precision each is charted, in decimals: values are rounded before they are banded.
_DECIMALS = {"bilirubin": 1, "creatinine": 1}
#: Without a ventilator no more than this for the lungs.
_UNVENTILATED_MOST = 2


def points(component: str, values: Floats, *, ventilated: bool = False) -> Ints:
    """Return 0 to 4 points for each value of a component; a NaN has none.

    Args:
        component: pf_ratio (mmHg), platelets (10*9/L), bilirubin (mg/dL), mean_pressure (mmHg),
            gcs (3 to 15) or creatinine (mg/dL).
        values: shape (n,).
        ventilated: whether the patient was on a ventilator; without one, at most two points for
            the lungs.

    References:
        Vincent et al., Intensive Care Med 1996;22:707.

    >>> points("creatinine", np.array([1.1, 1.2, 5.0, np.nan])).tolist()
    [0, 1, 4, 0]
    >>> points("pf_ratio", np.array([90.0])).tolist()
    [2]
    """
    charted = np.round(values, _DECIMALS.get(component, 0)) if component in _DECIMALS else values
    if component in _RISES:
        found = sum((charted >= edge).astype(np.int64) for edge in _RISES[component])
    else:
        found = sum((charted < edge).astype(np.int64) for edge in _FALLS[component])
    found = np.asarray(found, dtype=np.int64)
    if component == "pf_ratio" and not ventilated:
        found = np.minimum(found, _UNVENTILATED_MOST)
    return found
