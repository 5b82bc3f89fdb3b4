"""Expected calibration error, in bins of equal mass or of equal width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.inputs import predicted
from attending.statistics.measure import Measure, register

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Floats, Ints

_REFERENCE = "Naeini et al., AAAI 2015"


def ece_equal_mass(outcome: Column, risk: Column, *, bins: int = 10) -> float:
    """Return the mean |observed - predicted| over bins of equal size; equal risks stay together.

    It is biased upward in small samples.

    >>> ece_equal_mass([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], bins=2)
    0.0
    """
    y, p = predicted(outcome, risk)
    return _weighted_gap(y, p, equal_mass_bins(p, bins=bins))


def ece_equal_width(
    outcome: Column, risk: Column, *, bins: int = 10, closed: str = "right"
) -> float:
    """Return the mean |observed - predicted| over bins of equal width.

    Args:
        outcome: shape (n,), 0 or 1.
        risk: shape (n,), probabilities.
        bins: how many bins 0 to 1 is cut into.
        closed: the end that belongs to a bin, `right` as (a, b], or `left` as [a, b). Edges are
            `numpy.linspace` figures, so 0.3 lies just below the fourth.

    References:
        Naeini et al., AAAI 2015.

    >>> round(ece_equal_width([0, 1], [0.1, 0.8], bins=2), 2)
    0.15
    """
    y, p = predicted(outcome, risk)
    edges = np.linspace(0.0, 1.0, bins + 1)
    side = "left" if closed == "right" else "right"
    return _weighted_gap(y, p, np.searchsorted(edges[1:-1], p, side=side))  # type: ignore[call-overload]  # one of two words


def equal_mass_bins(risk: Floats, *, bins: int) -> Ints:
    """Return the bin of each row: ranks cut into equal parts, ties kept in one bin.

    >>> equal_mass_bins(np.array([0.1, 0.2, 0.2, 0.4]), bins=2).tolist()
    [0, 0, 0, 1]
    """
    ordered = np.sort(risk)
    first = np.searchsorted(ordered, risk, side="left")
    return np.asarray(first * bins // risk.size, dtype=np.int64)


def _weighted_gap(y: Floats, p: Floats, at: Ints) -> float:
    return float(np.sum(np.abs(np.bincount(at, y - p)))) / y.size


register(
    Measure(
        name="ece",
        label="Expected calibration error (10 bins of equal mass)",
        kind="risk",
        compute=ece_equal_mass,
        direction="lower",
        reference=_REFERENCE,
    )
)
register(
    Measure(
        name="ece_equal_width",
        label="Expected calibration error (10 bins of equal width)",
        kind="risk",
        compute=ece_equal_width,
        direction="lower",
        reference=_REFERENCE,
    )
)
