"""Subgroups of every candidate, from what was visible at its prediction."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.rules import ages

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.cohort.candidates import Candidates
    from attending.specs.cohort import CohortSpec, Group
    from attending.types import Floats


def groups(spec: CohortSpec, found: Candidates) -> dict[str, NDArray[np.object_]]:
    """Return one column of names for each group of the spec; None where it is not known."""
    return {name: _names(group, found) for name, group in spec.groups.items()}


def _names(group: Group, found: Candidates) -> NDArray[np.object_]:
    if group.bands is not None:
        return _bands(ages(found), group.bands)
    if group.column is not None:
        return found.stays.site
    prefix = group.prefix or ""
    row = found.facts.last_visible((f"{prefix}*",), found.stays.subject, found.at)
    names = np.full(len(row), None, object)
    seen = row >= 0
    names[seen] = found.facts.codes(row[seen], prefix)
    return names


def _bands(years: Floats, edges: tuple[float, ...]) -> NDArray[np.object_]:
    """Return the name of the band of each age; a birthday belongs to the band it opens.

    >>> _bands(np.array([17.9, 18.0, 80.0, np.nan]), (18, 80)).tolist()
    ['<18', '18-79', '80+', None]
    """
    names = [f"<{edges[0]:g}"]
    names += [f"{low:g}-{_below(high)}" for low, high in pairwise(edges)]
    names += [f"{edges[-1]:g}+"]
    known = ~np.isnan(years)
    found = np.full(len(years), None, object)
    place = np.searchsorted(np.array(edges), years[known], side="right")
    found[known] = np.array(names, object)[place]
    return found


def _below(edge: float) -> str:
    return f"{edge - 1:g}" if edge == int(edge) else f"<{edge:g}"
