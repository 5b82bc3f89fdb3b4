"""How far two colours are apart for readers who see two of the three primaries.

The simulation is that of Machado, Oliveira and Fernandes, IEEE Trans Vis Comput Graph
2009;15:1291, at severity 1.0 (dichromacy), on linear sRGB. The distance is that of CIELAB
(CIE 1976) under D65.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from attending.types import Floats

#: Each kind of sight as rows of a matrix on linear sRGB; severity 1.0 in the tables of the paper.
SIGHTS = {
    "usual": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
#: Linear sRGB to XYZ (IEC 61966-2-1), and the white of D65.
_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # fmt: skip
_WHITE = _XYZ.sum(axis=1)


def seen(colour: str, sight: str) -> Floats:
    """Return a colour such as #0072B2 as linear sRGB, as a kind of sight has it, 0 to 1."""
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    held: Floats = np.clip(np.array(SIGHTS[sight]) @ linear, 0.0, 1.0)
    return held


def lab(colour: str, sight: str) -> Floats:
    """Return L*, a* and b* of a colour for a kind of sight."""
    ratio = (_XYZ @ seen(colour, sight)) / _WHITE
    held = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array(
        [116 * held[1] - 16, 500 * (held[0] - held[1]), 200 * (held[1] - held[2])]
    )  # fmt: skip


def apart(one: str, other: str) -> dict[str, float]:
    """Return by kind of sight how far two colours are apart."""
    return {sight: float(np.linalg.norm(lab(one, sight) - lab(other, sight))) for sight in SIGHTS}
