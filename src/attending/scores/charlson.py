"""The Charlson comorbidity index: seventeen conditions from coded diagnoses.

References:
    Charlson et al., J Chronic Dis 1987;40:373 (first weights); Quan et al., Med Care 2005;43:1130
    (codes); Quan et al., Am J Epidemiol 2011;173:676 (later weights).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput
from attending.scores.about import About
from attending.scores.age import BIRTH_CODES, age_points
from attending.scores.comorbidity import Comorbidity, weighed
from attending.scores.packaged import code_list
from attending.scores.protocol import Setting, settle

if TYPE_CHECKING:
    from collections.abc import Mapping

#: weights: 1987 or 2011; age: whether the points for age of 1994 are added.
DEFAULTS: dict[str, Setting] = {
    "weights": 2011,
    "age": False,
    "availability": "knowable",
    "policy": "normal",
}
_TWO = ("diabwc", "hp", "rend", "canc")
#: Points of each condition; those that are not named have none in 2011 and 1 in 1987.
WEIGHTS: dict[int, dict[str, int]] = {
    1987: {**dict.fromkeys(_TWO, 2), "msld": 3, "metacanc": 6, "aids": 6},
    2011: {
        **dict.fromkeys(("chf", "dementia", "mld", "hp", "canc"), 2),
        **dict.fromkeys(("cpd", "rheumd", "diabwc", "rend"), 1),
        "msld": 4,
        "metacanc": 6,
        "aids": 4,
    },
}
_REST = {1987: 1, 2011: 0}
_HIGHEST = {1987: 29, 2011: 24}
#: The worse of a pair takes the place of the other.
HIERARCHY = (("msld", "mld"), ("diabwc", "diab"), ("metacanc", "canc"))


def weights_of(year: int) -> dict[str, int]:
    """Return the points of all seventeen conditions.

    >>> weights_of(1987)["mi"], weights_of(2011)["aids"]
    (1, 4)
    """
    return {name: WEIGHTS[year].get(name, _REST[year]) for name in code_list("charlson").names}


def make(parameters: Mapping[str, Setting]) -> Comorbidity:
    """Return the index with its parameters: weights (1987 or 2011), age, availability, policy.

    Raises:
        BadInput: an unknown parameter or value.

    >>> make({"weights": 1987}).name
    'Charlson-1987 (knowable)'
    """
    asked = settle(parameters, DEFAULTS, score="charlson")
    year = int(asked["weights"])
    if year not in WEIGHTS:
        raise BadInput(
            f"got weights {asked['weights']}, expected 1987 or 2011",
            code="score.parameter",
            hint="Write weights: 2011.",
        )
    age = bool(asked["age"])
    return Comorbidity(
        about=_about(year, age=age),
        code_list="charlson",
        weights=weights_of(year),
        hierarchy=HIERARCHY,
        availability=str(asked["availability"]),
        policy=str(asked["policy"]),
        more={"age": age_points} if age else {},
        more_codes=BIRTH_CODES if age else (),
    )


def _about(year: int, *, age: bool) -> About:
    papers = {
        1987: "Charlson et al., J Chronic Dis 1987;40:373, doi:10.1016/0021-9681(87)90171-8",
        2011: "Quan et al., Am J Epidemiol 2011;173:676, doi:10.1093/aje/kwq433",
    }
    whom = {
        1987: "559 medical inpatients in New York; death within a year",
        2011: "adults discharged in Calgary; death within a year, updated weights",
    }
    points = {name: f"{found}" for name, found in weighed("charlson", weights_of(year)).items()}
    if age:
        points["age"] = "<50: 0; 50 to 59: 1; 60 to 69: 2; 70 to 79: 3; ≥80: 4"
    return About(
        version=f"Charlson-{year}" + ("-age" if age else ""),
        title="Charlson comorbidity index",
        population=whom[year],
        reference=papers[year] + "; codes of Quan et al., Med Care 2005;43:1130",
        low=0,
        high=_HIGHEST[year] + (4 if age else 0),
        points=points,
        notes=(
            "The worse of mild and severe liver disease, diabetes and cancer counts alone.",
            "ICD-10 codes are WHO's prefixes: E08 and E09 of ICD-10-CM are not counted.",
            "Codes of the index stay are given after discharge: `knowable` does not see them.",
        ),
    )
