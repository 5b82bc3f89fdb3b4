"""SIRS: four criteria of systemic inflammation; 0 to 4.

References:
    ACCP/SCCM consensus, Chest 1992;101:1644.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.scores.about import About, Bands
from attending.scores.bedside import DEFAULTS as BEDSIDE
from attending.scores.bedside import Bedside, Found, Part, banded, hours_asked, with_signals
from attending.scores.protocol import Setting, settle
from attending.scores.readings import signal_asked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.types import Floats

SIGNALS = ("temperature", "pulse", "respiration", "carbon_dioxide", "white_cells", "bands")
DEFAULTS: dict[str, Setting] = with_signals(BEDSIDE, *SIGNALS)
_TEMPERATURE = Bands((36.0, 38.1), (1.0, 0.0, 1.0), places=1)
_PULSE = Bands((91,), (0.0, 1.0))
_RESPIRATION = Bands((21,), (0.0, 1.0))
_CARBON_DIOXIDE = Bands((32,), (1.0, 0.0))
_WHITE_CELLS = Bands((4.0, 12.1), (1.0, 0.0, 1.0), places=1)
_BANDS = Bands((11,), (0.0, 1.0))

ABOUT = About(
    version="SIRS-1992",
    title="Systemic inflammatory response syndrome",
    population="adults; a definition by consensus, not a derived score",
    reference="ACCP/SCCM consensus conference, Chest 1992;101:1644, doi:10.1378/chest.101.6.1644",
    low=0,
    high=4,
    points={
        "temperature": f"°C: {_TEMPERATURE.told}",
        "pulse": f"beats a minute: {_PULSE.told}",
        "breathing": f"breaths a minute: {_RESPIRATION.told}; or PaCO2, mmHg: "
        f"{_CARBON_DIOXIDE.told}",
        "white_cells": f"10³/µL: {_WHITE_CELLS.told}; or bands, %: {_BANDS.told}",
    },
    notes=("2 or more is positive.",),
)


def _either(bands: Mapping[str, Bands]) -> Part:
    """Return a component that is the worse of two signals."""

    def points(found: Found) -> Floats:
        each = [of.of(found[name].value) for name, of in bands.items()]
        return np.asarray(np.max(each, axis=0))

    return Part(tuple(bands), points)


PARTS = {
    "temperature": banded("temperature", _TEMPERATURE),
    "pulse": banded("pulse", _PULSE),
    "breathing": _either({"respiration": _RESPIRATION, "carbon_dioxide": _CARBON_DIOXIDE}),
    "white_cells": _either({"white_cells": _WHITE_CELLS, "bands": _BANDS}),
}


def make(parameters: Mapping[str, Setting]) -> Bedside:
    """Return SIRS with its parameters; DEFAULTS names them.

    Raises:
        BadInput: an unknown parameter or value.

    >>> make({}).about.high
    4
    """
    asked = settle(parameters, DEFAULTS, score="sirs")
    return Bedside(
        about=ABOUT,
        parts=PARTS,
        sources=tuple(signal_asked(name, asked) for name in SIGNALS),
        policy=str(asked["policy"]),
        max_age_hours=hours_asked(asked, score="sirs"),
    )
