"""CART: breathing, pulse, diastolic pressure and age before cardiac arrest on wards; 0 to 57.

References:
    Churpek et al., Crit Care Med 2012;40:2102.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.scores.about import About, Bands
from attending.scores.bedside import AGE, Bedside, banded, hours_asked, with_signals
from attending.scores.bedside import DEFAULTS as BEDSIDE
from attending.scores.protocol import Setting, settle
from attending.scores.readings import signal_asked

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNALS = ("respiration", "pulse", "diastolic")
DEFAULTS: dict[str, Setting] = with_signals(BEDSIDE, *SIGNALS)
_RESPIRATION = Bands((21, 24, 26, 30), (0.0, 8.0, 12.0, 15.0, 22.0))
_PULSE = Bands((110, 140), (0.0, 4.0, 13.0))
_DIASTOLIC = Bands((35, 40, 50), (13.0, 6.0, 4.0, 0.0))
_AGE = Bands((55, 70), (0.0, 4.0, 9.0))

ABOUT = About(
    version="CART-2012",
    title="Cardiac Arrest Risk Triage",
    population="adults on the wards of one American hospital; cardiac arrest",
    reference="Churpek et al., Crit Care Med 2012;40:2102, doi:10.1097/CCM.0b013e318250aa5a",
    low=0,
    high=57,
    points={
        "respiration": f"breaths a minute: {_RESPIRATION.told}",
        "pulse": f"beats a minute: {_PULSE.told}",
        "diastolic": f"mmHg: {_DIASTOLIC.told}",
        "age": f"completed years: {_AGE.told}",
    },
    notes=(
        "Above 20 had a specificity of about 90 % in the paper.",
        "Stands in for eCART, whose coefficients are not public.",
    ),
)
PARTS = {
    "respiration": banded("respiration", _RESPIRATION),
    "pulse": banded("pulse", _PULSE),
    "diastolic": banded("diastolic", _DIASTOLIC),
    "age": banded(AGE, _AGE),
}


def make(parameters: Mapping[str, Setting]) -> Bedside:
    """Return CART with its parameters; DEFAULTS names them.

    Raises:
        BadInput: an unknown parameter or value.

    >>> make({}).about.points["age"]
    'completed years: ≤54: 0; 55 to 69: 4; ≥70: 9'
    """
    asked = settle(parameters, DEFAULTS, score="cart")
    return Bedside(
        about=ABOUT,
        parts=PARTS,
        sources=tuple(signal_asked(name, asked) for name in SIGNALS),
        policy=str(asked["policy"]),
        max_age_hours=hours_asked(asked, score="cart"),
    )
