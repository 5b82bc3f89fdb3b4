"""NEWS2: seven vital signs that foretell acute deterioration; 0 to 20.

References:
    Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017, chart 1.
    Reproduced with acknowledgement, as the College permits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.errors import BadInput
from attending.scores.about import About, Bands
from attending.scores.bedside import (
    DEFAULTS as BEDSIDE,
)
from attending.scores.bedside import (
    Bedside,
    Found,
    Part,
    banded,
    hours_asked,
    with_signals,
)
from attending.scores.protocol import Setting, settle
from attending.scores.readings import signal_asked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.types import Floats, Mask

SIGNALS = (
    "respiration",
    "oxygen_saturation",
    "inspired_oxygen",
    "oxygen_flow",
    "oxygen_device",
    "systolic",
    "pulse",
    "consciousness",
    "glasgow",
    "temperature",
)
_OXYGEN = ("oxygen_device", "inspired_oxygen", "oxygen_flow")
#: spo2_scale: 2 only where a clinician has prescribed a target of 88 to 92 %; never inferred.
DEFAULTS: dict[str, Setting] = with_signals({**BEDSIDE, "spo2_scale": 1}, *SIGNALS)

_RESPIRATION = Bands((9, 12, 21, 25), (3.0, 1.0, 0.0, 2.0, 3.0))
_SCALE_1 = Bands((92, 94, 96), (3.0, 2.0, 1.0, 0.0))
_SCALE_2_AIR = Bands((84, 86, 88), (3.0, 2.0, 1.0, 0.0))
_SCALE_2_OXYGEN = Bands((84, 86, 88, 93, 95, 97), (3.0, 2.0, 1.0, 0.0, 1.0, 2.0, 3.0))
_SYSTOLIC = Bands((91, 101, 111, 220), (3.0, 2.0, 1.0, 0.0, 3.0))
_PULSE = Bands((41, 51, 91, 111, 131), (3.0, 1.0, 0.0, 1.0, 2.0, 3.0))
_TEMPERATURE = Bands((35.1, 36.1, 38.1, 39.1), (3.0, 1.0, 0.0, 1.0, 2.0), places=1)
#: Air in a fraction of one, and what is charted above it is oxygen.
_AIR = 0.21


def on_oxygen(found: Found) -> Mask:
    """Return who is on supplemental oxygen: by a device, by a fraction above air, or by a flow."""
    fraction = fraction_of(found["inspired_oxygen"].value)
    with np.errstate(invalid="ignore"):
        given = (fraction > _AIR + 1e-6) | (found["oxygen_flow"].value > 0)
        return np.asarray(given | (found["oxygen_device"].value > 0))


def fraction_of(values: Floats) -> Floats:
    """Return inspired oxygen as a fraction: a number above 1 is a percentage.

    >>> fraction_of(np.array([0.4, 40.0])).tolist()
    [0.4, 0.4]
    """
    with np.errstate(invalid="ignore"):
        return np.where(values > 1.0, values / 100.0, values)


def _saturation(found: Found, *, scale: int) -> Floats:
    value = found["oxygen_saturation"].value
    if scale == 1:
        return _SCALE_1.of(value)
    return np.where(on_oxygen(found), _SCALE_2_OXYGEN.of(value), _SCALE_2_AIR.of(value))


def _altered(found: Found) -> Floats:
    """Return 3 for new confusion, voice, pain or unresponsive; else for a Glasgow scale below 15.

    The newer of the two decides.
    """
    told, scale = found["consciousness"], found["glasgow"]
    with np.errstate(invalid="ignore"):
        by_word, by_scale = told.value > 0, scale.value < 15
    use_scale = told.missing | (~scale.missing & (scale.evidence.time > told.evidence.time))
    return np.where(np.where(use_scale, by_scale, by_word), 3.0, 0.0)


def make(parameters: Mapping[str, Setting]) -> Bedside:
    """Return NEWS2 with its parameters; DEFAULTS names them.

    Its table has two more columns: `any_red`, whether one component alone has 3 points, and
    `band`: low, low-medium, medium or high.

    Raises:
        BadInput: an unknown parameter or value.

    >>> make({"spo2_scale": 2}).name
    'NEWS2-2017 (SpO2 scale 2)'
    """
    asked = settle(parameters, DEFAULTS, score="news2")
    scale = asked["spo2_scale"]
    if scale not in {1, 2}:
        raise BadInput(
            f"got spo2_scale {scale}, expected 1 or 2",
            code="score.parameter",
            hint="Write spo2_scale: 1; scale 2 needs a prescribed target of 88 to 92 %.",
        )
    parts = {
        "respiration": banded("respiration", _RESPIRATION),
        "saturation": Part(
            ("oxygen_saturation",), lambda found: _saturation(found, scale=int(scale))
        ),
        "oxygen": Part(_OXYGEN, lambda found: np.where(on_oxygen(found), 2.0, 0.0)),
        "systolic": banded("systolic", _SYSTOLIC),
        "pulse": banded("pulse", _PULSE),
        "consciousness": Part(("consciousness", "glasgow"), _altered),
        "temperature": banded("temperature", _TEMPERATURE),
    }
    return Bedside(
        about=_about(int(scale)),
        parts=parts,
        sources=tuple(signal_asked(name, asked) for name in SIGNALS),
        policy=str(asked["policy"]),
        max_age_hours=hours_asked(asked, score="news2"),
        more=_more,
    )


def _more(points: Mapping[str, Floats]) -> dict[str, pa.Array]:
    total = np.sum(list(points.values()), axis=0)
    red = np.any([values == 3 for values in points.values()], axis=0)
    words = np.array(["low", "low-medium", "medium", "high"], dtype=object)
    band = np.where(total >= 7, 3, np.where(total >= 5, 2, np.where(red, 1, 0)))
    return {"any_red": pa.array(red, pa.bool_()), "band": pa.array(words[band], pa.string())}


def _about(scale: int) -> About:
    two = f"on air {_SCALE_2_AIR.told}; on oxygen {_SCALE_2_OXYGEN.told}"
    return About(
        version="NEWS2-2017" + (" (SpO2 scale 2)" if scale == 2 else ""),
        title="National Early Warning Score 2",
        population="adults of 16 or more in hospital, not in pregnancy beyond 20 weeks nor with "
        "spinal cord injury; acute deterioration",
        reference="Royal College of Physicians, NEWS2, London 2017, chart 1",
        low=0,
        high=20,
        points={
            "respiration": f"breaths a minute: {_RESPIRATION.told}",
            "saturation": f"SpO2, %: {_SCALE_1.told}" if scale == 1 else f"SpO2, %: {two}",
            "oxygen": "supplemental oxygen: 2",
            "systolic": f"mmHg: {_SYSTOLIC.told}",
            "pulse": f"beats a minute: {_PULSE.told}",
            "consciousness": "new confusion, voice, pain or unresponsive: 3",
            "temperature": f"°C: {_TEMPERATURE.told}",
        },
        notes=(
            "`spo2_scale: 2` only where a clinician has prescribed 88 to 92 %; never inferred.",
            "0 to 4 low, one component with 3 points low-medium, 5 to 6 medium, 7 or more high.",
            "A Glasgow Coma Scale below 15 counts as altered: a convention, not the College's.",
        ),
    )
