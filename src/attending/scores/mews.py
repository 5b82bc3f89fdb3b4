"""MEWS as Subbe published it: five vital signs; 0 to 14.

References:
    Subbe et al., QJM 2001;94:521.
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

SIGNALS = ("systolic", "pulse", "respiration", "temperature", "consciousness")
DEFAULTS: dict[str, Setting] = with_signals(BEDSIDE, *SIGNALS)
_SYSTOLIC = Bands((71, 81, 101, 200), (3.0, 2.0, 1.0, 0.0, 2.0))
_PULSE = Bands((41, 51, 101, 111, 130), (2.0, 1.0, 0.0, 1.0, 2.0, 3.0))
_RESPIRATION = Bands((9, 15, 21, 30), (2.0, 0.0, 1.0, 2.0, 3.0))
_TEMPERATURE = Bands((35.0, 38.5), (2.0, 0.0, 2.0), places=1)
#: Alert, new confusion (as alert: the paper has no such level), voice, pain, unresponsive.
_AVPU = np.array([0.0, 0.0, 1.0, 2.0, 3.0])

ABOUT = About(
    version="MEWS-Subbe2001",
    title="Modified Early Warning Score",
    population="709 medical emergency admissions in one British hospital; death, intensive or "
    "high-dependency care",
    reference="Subbe et al., QJM 2001;94:521, doi:10.1093/qjmed/94.10.521",
    low=0,
    high=14,
    points={
        "systolic": f"mmHg: {_SYSTOLIC.told}",
        "pulse": f"beats a minute: {_PULSE.told}",
        "respiration": f"breaths a minute: {_RESPIRATION.told}",
        "temperature": f"°C: {_TEMPERATURE.told}",
        "consciousness": "alert: 0; voice: 1; pain: 2; unresponsive: 3",
    },
    notes=(
        "5 or more went with death or higher care in the paper.",
        "The paper leaves a pulse of 40 between two bands; it has 2 points here.",
        "Many hospitals have tables of their own under this name: this is the paper's.",
    ),
)


def _words(found: Found) -> Floats:
    level = found["consciousness"].value
    return np.where(np.isnan(level), 0.0, _AVPU[np.nan_to_num(level).astype(np.int64)])


PARTS = {
    "systolic": banded("systolic", _SYSTOLIC),
    "pulse": banded("pulse", _PULSE),
    "respiration": banded("respiration", _RESPIRATION),
    "temperature": banded("temperature", _TEMPERATURE),
    "consciousness": Part(("consciousness",), _words),
}


def make(parameters: Mapping[str, Setting]) -> Bedside:
    """Return MEWS with its parameters; DEFAULTS names them.

    Raises:
        BadInput: an unknown parameter or value.

    >>> make({}).components
    ('systolic', 'pulse', 'respiration', 'temperature', 'consciousness')
    """
    asked = settle(parameters, DEFAULTS, score="mews")
    return Bedside(
        about=ABOUT,
        parts=PARTS,
        sources=tuple(signal_asked(name, asked) for name in SIGNALS),
        policy=str(asked["policy"]),
        max_age_hours=hours_asked(asked, score="mews"),
    )
