"""Say how served inputs differ from those computed offline, feature by feature."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.records.skew import SkewedFeature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.records.skew import Cause
    from attending.types import Floats, Mask

#: Factors within one part in ten thousand are one factor: values are stored in 32 bits.
_SAME = 1e-4


@dataclass(frozen=True)
class Compared:
    """Inputs of the same predictions, served and offline.

    Attributes:
        served, offline: shape (n, p), NaN where missing.
        late: shape (n, p), whether the row behind an offline value came after the prediction.
        sites: shape (n,), where each prediction was made; empty where nobody says.
    """

    names: tuple[str, ...]
    served: Floats
    offline: Floats
    late: Mask
    sites: tuple[str, ...] = ()


def differences(compared: Compared) -> Mask:
    """Return shape (n, p): where an input is not the same to the bit; missing twice is the same."""
    served, offline = compared.served, compared.offline
    both = np.isnan(served) & np.isnan(offline)
    found: Mask = (served != offline) & ~both
    return found


def skewed(compared: Compared) -> tuple[SkewedFeature, ...]:
    """Return the features that differ, the most frequent first, each with its cause.

    >>> one = np.array([[88.4], [176.8]]), np.array([[1.0], [2.0]]), np.zeros((2, 1), bool)
    >>> found = skewed(Compared(("creatinine",), *one))[0]
    >>> found.cause, found.factor
    ('other_scale', 88.4)
    """
    differ = differences(compared)
    found = [
        _feature(name, compared, place, rows=np.flatnonzero(differ[:, place]))
        for place, name in enumerate(compared.names)
        if differ[:, place].any()
    ]
    return tuple(sorted(found, key=lambda one: (-one.n, one.feature)))


def _feature(name: str, compared: Compared, place: int, *, rows: NDArray[np.intp]) -> SkewedFeature:
    served, offline = compared.served[rows, place], compared.offline[rows, place]
    late = compared.late[rows, place]
    factor = _factor(served, offline)
    causes: Counter[Cause] = Counter(
        _cause(one, other, late=bool(came), factor=factor)
        for one, other, came in zip(served, offline, late, strict=True)
    )
    cause = min(causes, key=lambda one: (-causes[one], one))
    said = factor if cause == "other_scale" else None
    site, of = _where(compared, rows)
    return SkewedFeature(
        feature=name, n=len(served), cause=cause, factor=said, site=site, share=len(served) / of
    )


def _where(compared: Compared, rows: NDArray[np.intp]) -> tuple[str, int]:
    """Return the one site of some rows where others were compared too, and its predictions."""
    sites = np.array(compared.sites or ("",) * len(compared.served))
    here = set(sites[rows])
    if len(here) > 1 or len(set(sites)) == 1:
        return "", len(sites)
    (site,) = here
    return str(site), int((sites == site).sum())


def _cause(served: float, offline: float, *, late: bool, factor: float | None) -> Cause:
    if late:
        return "arrived_late"
    if np.isnan(served):
        return "missing_when_served"
    if np.isnan(offline):
        return "absent_offline"
    return "other_value" if factor is None else "other_scale"


def _factor(served: Floats, offline: Floats) -> float | None:
    """Return served over offline where it is the same in all that have both; at least two."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = served / offline
    ratios = ratios[np.isfinite(ratios)]
    if len(ratios) < 2 or np.ptp(ratios) > _SAME * abs(float(ratios[0])):
        return None
    factor = float(f"{np.median(ratios):.5g}")
    return None if abs(factor - 1) <= _SAME else factor
