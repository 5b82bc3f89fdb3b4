"""How sure is a risk: what became of patients of a similar risk, and is this one like the rest?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from attending.units import printed_risk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.models.bundle import Bundle
    from attending.records.validation import CurvePoint
    from attending.types import Floats

#: A value outside the usual range of training is outside; so are 2 of 100 by chance.
_BY_CHANCE = 0.02
#: A patient with more values outside than all but this share would have by chance is unlike them.
_RARE = 0.01
#: One value so many times the whole range outside it is enough.
_FAR = 3.0


@dataclass(frozen=True)
class Band:
    """Where the share with the outcome lay among patients of a similar risk, 0 to 1."""

    low: float
    high: float

    @property
    def words(self) -> str:
        """Return what the band is, for people.

        >>> Band(0.12, 0.31).words
        'Of validation patients with a similar risk 12 % to 31 % had the outcome (95 % band).'
        """
        return (
            f"Of validation patients with a similar risk {printed_risk(self.low)} to "
            f"{printed_risk(self.high)} had the outcome (95 % band)."
        )


def band_at(curve: Sequence[CurvePoint], risk: float) -> Band | None:
    """Return the band of the calibration curve at a risk, None outside the risks it was made from.

    Args:
        curve: of the validation report, its points rising in `predicted`.
        risk: 0 to 1.
    """
    if not curve or not curve[0].predicted <= risk <= curve[-1].predicted:
        return None
    at = [point.predicted for point in curve]
    low, high = (
        float(np.clip(np.interp(risk, at, side), 0.0, 1.0))
        for side in ([one.low for one in curve], [one.high for one in curve])
    )
    return Band(low, high)


@dataclass(frozen=True)
class Likeness:
    """Which values lie outside those of the training patients, and whether that is unusual."""

    outside: tuple[str, ...]
    unlike: bool


def likeness(bundle: Bundle, x: Floats) -> Likeness:
    """Return how one row compares with the training rows, from the quantiles kept with the model.

    A value outside the 1st to 99th percentile is outside, and so is a gap where hardly any training
    row had one. More of them than 99 of 100 rows would have by chance, or one value far outside,
    make the patient unlike the training patients.

    Args:
        bundle: the model and the quantiles of its training rows.
        x: shape (p,), NaN where missing.
    """
    beyond = _beyond(bundle, x)
    outside = tuple(bundle.references[at].name for at in np.flatnonzero(beyond > 0).tolist())
    far = bool((beyond > _FAR).any())
    return Likeness(outside, unlike=far or len(outside) > allowed(len(x)))


@cache
def allowed(features: int) -> int:
    """Return how many of some features may lie outside before that is rarer than 1 in 100.

    >>> allowed(5), allowed(30)
    (1, 3)
    """
    held, count = 0.0, -1
    while held < 1.0 - _RARE:
        count += 1
        chance = _BY_CHANCE**count * (1.0 - _BY_CHANCE) ** (features - count)
        held += comb(features, count) * chance
    return count


def _beyond(bundle: Bundle, x: Floats) -> Floats:
    """Return how far outside each value is, in widths of its range; above 0 is outside."""
    low, high = bundle.usual
    width = high - low
    over = np.maximum(np.maximum(low - x, x - high), 0.0)
    found = np.where(width > 0, over / np.where(width > 0, width, 1.0), np.minimum(over, 1.0))
    found = np.where(np.isnan(low), 1.0, found)
    return np.where(np.isnan(x), np.where(bundle.seldom_missing, 1.0, 0.0), found)
