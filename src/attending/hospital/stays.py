"""Stays in hospital as columns, with what is known of them and what only the truth knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.hospital.course import CHEMOTHERAPY
from attending.hospital.risk import DISPOSITIONS
from attending.hospital.sites import DAY_SECONDS

if TYPE_CHECKING:
    from attending.types import Floats, Ints, Mask, Risks

DIED = DISPOSITIONS.index("DIED")


@dataclass(frozen=True)
class Stays:
    """All stays, sorted by admission and patient; arrays of one length.

    Args:
        who, kind, site, admitted, came, is_readmission, age: see `course.Arrival`.
        discharged: UTC second, perhaps after the end of the plan.
        disposition: index of `risk.DISPOSITIONS`.
        severity: at admission, standardised.
        first, last: shape (n, signals), latents at admission and discharge.
        drift: of the heart rate over the last day, standardised.
        risk: true risk of an unplanned readmission within 30 days, 0 to 1; NaN after a death.
    """

    who: Ints
    kind: Ints
    site: Ints
    admitted: Ints
    came: Ints
    is_readmission: Mask
    age: Floats
    discharged: Ints
    disposition: Ints
    severity: Floats
    first: Floats
    last: Floats
    drift: Floats
    risk: Risks

    def __len__(self) -> int:
        return len(self.who)

    @property
    def is_planned(self) -> Mask:
        """Return which stays are planned."""
        return np.asarray(self.kind >= CHEMOTHERAPY)

    @property
    def is_alive(self) -> Mask:
        """Return which stays end with a live discharge."""
        return np.asarray(self.disposition != DIED)

    @property
    def days(self) -> Floats:
        """Return lengths of stay in days."""
        return np.asarray((self.discharged - self.admitted) / DAY_SECONDS)
