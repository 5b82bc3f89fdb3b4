"""SOFA: six organs, each by its worst value of the last 24 hours; 0 to 24.

The conventions are those of MIMIC-Code where the paper leaves a choice: arterial samples alone, a
ratio below 200 without invasive ventilation has 2 points, urine counts where 22 hours or more of
the last 24 were charted and is then scaled to 24, and a drug counts after an hour.

References:
    Vincent et al., Intensive Care Med 1996;22:707; MIMIC-Code, concepts/score/sofa.sql.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.scores.about import About, Bands
from attending.scores.evidence import newer
from attending.scores.protocol import Setting, settle, table
from attending.scores.readings import Source, signal_asked
from attending.scores.sofa_circulation import DRUGS, circulation
from attending.scores.sofa_respiration import RESPIRATION, respiration
from attending.scores.sofa_urine import urine_points

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from attending.scores.evidence import Evidence
    from attending.specs.signals import SignalSpec
    from attending.types import Floats, Mask

_SIGNALS = ("platelets", "bilirubin", "mean_pressure", "glasgow", "creatinine", "urine")
SIGNALS = (*_SIGNALS, *RESPIRATION, *DRUGS)
DEFAULTS: dict[str, Setting] = {"policy": "normal", **dict.fromkeys(SIGNALS, "")}
HOURS = 24
_PLATELETS = Bands((20, 50, 100, 150), (4.0, 3.0, 2.0, 1.0, 0.0))
_BILIRUBIN = Bands((1.2, 2.0, 6.0, 12.0), (0.0, 1.0, 2.0, 3.0, 4.0), places=1)
_GLASGOW = Bands((6, 10, 13, 15), (4.0, 3.0, 2.0, 1.0, 0.0))
_CREATININE = Bands((1.2, 2.0, 3.5, 5.0), (0.0, 1.0, 2.0, 3.0, 4.0), places=1)

ABOUT = About(
    version="SOFA-1996",
    title="Sequential Organ Failure Assessment",
    population="adults in intensive care; organ failure over time",
    reference="Vincent et al., Intensive Care Med 1996;22:707, doi:10.1007/BF01709751; choices of "
    "MIMIC-Code, concepts/score/sofa.sql",
    low=0,
    high=24,
    points={
        "respiration": "PaO2/FiO2, mmHg: <400: 1; <300: 2; with invasive ventilation <200: 3; "
        "<100: 4",
        "coagulation": f"platelets, 10³/µL: {_PLATELETS.told}",
        "liver": f"bilirubin, mg/dL: {_BILIRUBIN.told}",
        "circulation": "mean pressure <70 mmHg: 1; µg/kg/min for an hour: dopamine ≤5 or any "
        "dobutamine: 2; dopamine >5 or (nor)epinephrine ≤0.1: 3; dopamine >15 or "
        "(nor)epinephrine >0.1: 4",
        "nervous": f"Glasgow Coma Scale: {_GLASGOW.told}",
        "renal": f"creatinine, mg/dL: {_CREATININE.told}; or urine, mL in 24 h: <500: 3; <200: 4",
    },
    notes=(
        "The worst value of (prediction - 24 h, prediction] counts for each organ.",
        "A drug infusion that is not charted as ended is running.",
        "No saturation stands in for a missing PaO2.",
        "SOFA-2 of 2025 is another score with other bands.",
    ),
)


@dataclass(frozen=True)
class Sofa:
    """SOFA with its parameters."""

    sources: Mapping[str, SignalSpec]
    policy: str

    @property
    def name(self) -> str:
        """Return its name and version."""
        return ABOUT.version

    @property
    def about(self) -> About:
        """Return what it says of itself."""
        return ABOUT

    @property
    def by_availability(self) -> bool:
        """Return false: it takes no coded diagnoses."""
        return False

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the event codes that it needs."""
        named = [code for source in self.sources.values() for code in source.codes]
        ends = [code.replace("INFUSION_START//", "INFUSION_END//") for code in named]
        return tuple(dict.fromkeys([*named, *ends]))

    @property
    def components(self) -> tuple[str, ...]:
        """Return the six organs."""
        return tuple(ABOUT.points)

    def score(self, events: pa.Table, rows: pa.Table) -> pa.Table:
        """Return totals and points; an organ without a visible input is marked as missing."""
        organs = {
            "respiration": respiration(events, rows, sources=self.sources, hours=HOURS),
            "coagulation": self._worst(events, rows, "platelets", bands=_PLATELETS),
            "liver": self._worst(events, rows, "bilirubin", bands=_BILIRUBIN),
            "circulation": circulation(events, rows, sources=self.sources, hours=HOURS),
            "nervous": self._worst(events, rows, "glasgow", bands=_GLASGOW),
            "renal": self._renal(events, rows),
        }
        return table(
            rows,
            {name: organ[0] for name, organ in organs.items()},
            missing={name: organ[1] for name, organ in organs.items()},
            evidence={name: organ[2] for name, organ in organs.items()},
            policy=self.policy,
        )

    def expected_risk(self, total: Floats) -> None:
        """Return None: it describes and was not derived to foretell."""

    def _worst(
        self, events: pa.Table, rows: pa.Table, name: str, *, bands: Bands
    ) -> tuple[Floats, Mask, Evidence]:
        found = Source(self.sources[name]).within(events, rows, hours=HOURS)
        worst = found.extreme(largest=bands.points[-1] > 0)
        return bands.of(worst.value), worst.missing, worst.evidence

    def _renal(self, events: pa.Table, rows: pa.Table) -> tuple[Floats, Mask, Evidence]:
        points, missing, evidence = self._worst(events, rows, "creatinine", bands=_CREATININE)
        urine, unmeasured, charted = urine_points(events, rows, source=self.sources["urine"])
        return np.maximum(points, urine), missing & unmeasured, newer([evidence, charted])


def make(parameters: Mapping[str, Setting]) -> Sofa:
    """Return SOFA with its parameters; DEFAULTS names them.

    Raises:
        BadInput: an unknown parameter or value.

    >>> make({}).components
    ('respiration', 'coagulation', 'liver', 'circulation', 'nervous', 'renal')
    """
    asked = settle(parameters, DEFAULTS, score="sofa")
    sources = {name: signal_asked(name, asked) for name in SIGNALS}
    return Sofa(sources=sources, policy=str(asked["policy"]))
