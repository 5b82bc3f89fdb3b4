"""The Elixhauser conditions with van Walraven's weights, for death in hospital.

References:
    van Walraven et al., Med Care 2009;47:626 (weights); Quan et al., Med Care 2005;43:1130 (codes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.scores.about import About
from attending.scores.comorbidity import Comorbidity, weighed
from attending.scores.packaged import code_list
from attending.scores.protocol import Setting, settle

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULTS: dict[str, Setting] = {"availability": "knowable", "policy": "normal"}
#: Points of each condition; those that are not named have none.
WEIGHTS: dict[str, int] = {
    "chf": 7,
    "carit": 5,
    "valv": -1,
    "pcd": 4,
    "pvd": 2,
    "para": 7,
    "ond": 6,
    "cpd": 3,
    "rf": 5,
    "ld": 11,
    "lymph": 9,
    "metacanc": 12,
    "solidtum": 4,
    "coag": 3,
    "obes": -4,
    "wloss": 6,
    "fed": 5,
    "blane": -2,
    "dane": -2,
    "drug": -7,
    "depre": -3,
}
#: The worse of a pair takes the place of the other.
HIERARCHY = (("hypc", "hypunc"), ("diabc", "diabunc"), ("metacanc", "solidtum"))


def weights() -> dict[str, int]:
    """Return the points of all 31 conditions.

    >>> weights()["ld"], weights()["aids"]
    (11, 0)
    """
    return {name: WEIGHTS.get(name, 0) for name in code_list("elixhauser").names}


def make(parameters: Mapping[str, Setting]) -> Comorbidity:
    """Return the index with its parameters: availability and policy.

    Raises:
        BadInput: an unknown parameter or value.

    >>> make({}).name
    'Elixhauser-vanWalraven2009 (knowable)'
    """
    asked = settle(parameters, DEFAULTS, score="elixhauser")
    return Comorbidity(
        about=_about(),
        code_list="elixhauser",
        weights=weights(),
        hierarchy=HIERARCHY,
        availability=str(asked["availability"]),
        policy=str(asked["policy"]),
    )


def _about() -> About:
    return About(
        version="Elixhauser-vanWalraven2009",
        title="Elixhauser comorbidities as one number",
        population="adults in one Canadian hospital; death in hospital",
        reference="van Walraven et al., Med Care 2009;47:626, doi:10.1097/MLR.0b013e31819432e5; "
        "codes of Quan et al., Med Care 2005;43:1130",
        low=-19,
        high=89,
        points=weighed("elixhauser", weights()),
        notes=(
            "Complicated hypertension and diabetes, and metastases, take the place of the lesser.",
            "A code may show two conditions: I42.6 is heart failure and alcohol abuse.",
            "Not AHRQ's refined software, which has 38 measures and other weights.",
        ),
    )
