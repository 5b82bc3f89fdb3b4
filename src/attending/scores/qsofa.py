"""qSOFA: breathing, blood pressure and consciousness outside intensive care; 0 to 3.

References:
    Seymour et al., JAMA 2016;315:762; Singer et al., JAMA 2016;315:801.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.scores.about import About, Bands
from attending.scores.bedside import DEFAULTS as BEDSIDE
from attending.scores.bedside import Bedside, banded, hours_asked, with_signals
from attending.scores.protocol import Setting, settle
from attending.scores.readings import signal_asked

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNALS = ("respiration", "systolic", "glasgow")
#: glasgow_below: 15 as the consensus defines altered mentation, 14 as the derivation took it.
DEFAULTS: dict[str, Setting] = with_signals({**BEDSIDE, "glasgow_below": 15}, *SIGNALS)
_RESPIRATION = Bands((22,), (0.0, 1.0))
_SYSTOLIC = Bands((101,), (1.0, 0.0))


def make(parameters: Mapping[str, Setting]) -> Bedside:
    """Return qSOFA with its parameters; DEFAULTS names them.

    Raises:
        BadInput: an unknown parameter or value.

    >>> make({"glasgow_below": 14}).about.points["mentation"]
    'Glasgow Coma Scale: ≤13: 1; ≥14: 0'
    """
    asked = settle(parameters, DEFAULTS, score="qsofa")
    below = asked["glasgow_below"]
    if below not in {14, 15}:
        raise BadInput(
            f"got glasgow_below {below}, expected 14 or 15",
            code="score.parameter",
            hint="Write glasgow_below: 15.",
        )
    mentation = Bands((float(below),), (1.0, 0.0))
    return Bedside(
        about=_about(mentation),
        parts={
            "respiration": banded("respiration", _RESPIRATION),
            "systolic": banded("systolic", _SYSTOLIC),
            "mentation": banded("glasgow", mentation),
        },
        sources=tuple(signal_asked(name, asked) for name in SIGNALS),
        policy=str(asked["policy"]),
        max_age_hours=hours_asked(asked, score="qsofa"),
    )


def _about(mentation: Bands) -> About:
    derived = bool(np.isclose(mentation.edges[0], 14))
    return About(
        version="qSOFA-2016" + ("-derivation" if derived else ""),
        title="Quick SOFA",
        population="adults with suspected infection outside intensive care; death in hospital",
        reference="Seymour et al., JAMA 2016;315:762, doi:10.1001/jama.2016.0288; Singer et al., "
        "JAMA 2016;315:801, doi:10.1001/jama.2016.0287",
        low=0,
        high=3,
        points={
            "respiration": f"breaths a minute: {_RESPIRATION.told}",
            "systolic": f"mmHg: {_SYSTOLIC.told}",
            "mentation": f"Glasgow Coma Scale: {mentation.told}",
        },
        notes=("2 or more is positive.", "A comparator: not meant as the only screen for sepsis."),
    )
