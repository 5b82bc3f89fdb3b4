"""The Charlson comorbidity index: seventeen conditions from coded diagnoses.

References:
    Charlson et al., J Chronic Dis 1987;40:373; Quan et al., Am J Epidemiol 2011;173:676.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.scores.charlson_codes import (
    CONDITIONS,
    ICD9,
    ICD10,
    WEIGHTS,
    coded_conditions,
    worst_only,
)
from attending.scores.protocol import Setting, settle, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from attending.types import Floats

DEFAULTS: dict[str, Setting] = {"weights": 2011, "availability": "knowable", "policy": "normal"}


@dataclass(frozen=True)
class Charlson:
    """The index with the weights of 1987 or 2011, without points for age."""

    weights: int
    availability: str
    policy: str

    @property
    def name(self) -> str:
        """Return its name and version."""
        return f"Charlson-{self.weights} ({self.availability.replace('_', ' ')})"

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the event codes that it needs."""
        return (f"{ICD9}*", f"{ICD10}*")

    @property
    def components(self) -> tuple[str, ...]:
        """Return the conditions."""
        return tuple(CONDITIONS)

    def score(self, events: pa.Table, rows: pa.Table) -> pa.Table:
        """Return totals and points by condition; no visible code at all is missing, not zero."""
        found, coded = coded_conditions(events, rows, availability=self.availability)
        kept = worst_only(found)
        weight = WEIGHTS[self.weights]
        points = {name: kept[name].astype(np.float64) * weight[name] for name in CONDITIONS}
        missing = dict.fromkeys(CONDITIONS, ~coded)
        return table(rows, points, missing=missing, policy=self.policy)

    def expected_risk(self, total: Floats) -> None:
        """Return None: no risk within 30 days was published for it."""


def make(parameters: Mapping[str, Setting]) -> Charlson:
    """Return the index with its parameters: weights (1987 or 2011), availability, policy.

    Raises:
        BadInput: an unknown parameter or value.

    >>> make({"weights": 1987}).name
    'Charlson-1987 (knowable)'
    """
    asked = settle(parameters, DEFAULTS, score="charlson")
    if asked["weights"] not in WEIGHTS:
        raise BadInput(
            f"got weights {asked['weights']}, expected 1987 or 2011",
            code="score.parameter",
            hint="Write weights: 2011.",
        )
    return Charlson(int(asked["weights"]), str(asked["availability"]), str(asked["policy"]))
