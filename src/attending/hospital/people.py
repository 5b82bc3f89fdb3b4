"""Who lives near the hospital: demographics, chronic conditions, and what no record shows.

`frailty` and `hardship` are standardised latent traits. Race and language stand for unequal
burdens (hardship), never for biology. Hardship shows in part through the insurance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.hospital.conditions import CONDITIONS, INDEX
from attending.hospital.sites import DAY_SECONDS, SITES

if TYPE_CHECKING:
    from attending.hospital.plan import HospitalPlan
    from attending.types import Floats, Ints, Mask

RACES = ("WHITE", "BLACK", "HISPANIC", "ASIAN", "OTHER")
LANGUAGES = ("ENGLISH", "SPANISH", "OTHER")
INSURANCES = ("MEDICARE", "PRIVATE", "MEDICAID", "UNINSURED")
_RACE_SHARE = (0.60, 0.17, 0.13, 0.06, 0.04)
_RACE_HARDSHIP = np.array([-0.12, 0.35, 0.30, -0.05, 0.1])
_YEAR_SECONDS = 31_557_600


@dataclass(frozen=True)
class People:
    """All patients; arrays of length n in the order of their numbers.

    Args:
        born, entry: UTC seconds; a patient is registered at `entry`.
        female, alone: whether; `alone` (lives alone) is in no file.
        race, language, insurance, site: indexes into the names above.
        frailty, hardship: standardised, in no file.
        conditions: shape (n, conditions), whether the patient has it.
        code_choice: shape (n, conditions), which of its codes the patient has.
        burden: LACE points of the conditions, not capped.
    """

    born: Ints
    entry: Ints
    female: Mask
    alone: Mask
    race: Ints
    language: Ints
    insurance: Ints
    site: Ints
    frailty: Floats
    hardship: Floats
    conditions: Mask
    code_choice: Ints
    burden: Floats

    def __len__(self) -> int:
        return len(self.born)

    def age(self, moment: Ints, who: Ints) -> Floats:
        """Return ages in years at given moments."""
        return np.asarray((moment - self.born[who]) / _YEAR_SECONDS)


def draw_people(plan: HospitalPlan, rng: np.random.Generator) -> People:
    """Return the patients of a plan.

    >>> from attending.hospital.plan import HospitalPlan
    >>> len(draw_people(HospitalPlan(patients=60), np.random.default_rng(1)))
    60
    """
    n = plan.patients
    site = rng.choice(len(SITES), size=n, p=[s.share for s in SITES])
    age = _ages(site, rng)
    race = rng.choice(len(RACES), size=n, p=_RACE_SHARE)
    shift = np.array([s.hardship_shift for s in SITES])[site]
    hardship = rng.normal(shift + _RACE_HARDSHIP[race], 1.0)
    frailty = 0.25 * hardship + rng.normal(np.array([s.frailty_shift for s in SITES])[site], 1.0)
    conditions = _conditions(age, frailty, hardship=hardship, rng=rng)
    entry = _entries(plan, n, rng=rng)
    return People(
        born=entry - (age * _YEAR_SECONDS).astype(np.int64),
        entry=entry,
        female=rng.random(n) < 0.52,
        alone=rng.random(n) < _odds(-1.3 + 0.5 * (age > 70) + 0.5 * hardship),
        race=race,
        language=_languages(race, rng),
        insurance=_insurances(age, hardship, rng=rng),
        site=site,
        frailty=frailty,
        hardship=hardship,
        conditions=conditions,
        code_choice=_code_choices(n, rng),
        burden=conditions.astype(np.float64) @ np.array([float(c.weight) for c in CONDITIONS]),
    )


def _odds(logit: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def _ages(site: Ints, rng: np.random.Generator) -> Floats:
    n = len(site)
    adult = 18.0 + 77.0 * rng.beta(2.3, 1.8, size=n)
    shifted = adult + np.array([s.age_shift_years for s in SITES])[site]
    return np.asarray(
        np.where(rng.random(n) < 0.08, 18.0 * rng.random(n), np.clip(shifted, 18.0, 95.0))
    )


def _entries(plan: HospitalPlan, n: int, *, rng: np.random.Generator) -> Ints:
    """Return when each patient is registered: most at the start, the others later, evenly."""
    start = int(plan.start.timestamp())
    later = start + (rng.random(n) * 0.9 * plan.days * DAY_SECONDS).astype(np.int64)
    return np.asarray(np.where(rng.random(n) < 0.65, start, later), dtype=np.int64)


def _conditions(
    age: Floats, frailty: Floats, *, hardship: Floats, rng: np.random.Generator
) -> Mask:
    columns = []
    for c in CONDITIONS:
        base = np.log(c.at_60 / (1.0 - c.at_60)) + c.per_decade * (age - 60.0) / 10.0
        chance = _odds(base + c.frailty * frailty + c.hardship * hardship)
        columns.append((rng.random(len(age)) < chance) & (age >= 18.0))
    has = np.column_stack(columns)
    has[:, INDEX["metastatic"]] &= has[:, INDEX["cancer"]]
    has[:, INDEX["diabetes"]] &= ~has[:, INDEX["diabetes_damage"]]
    has[:, INDEX["liver"]] &= ~has[:, INDEX["liver_severe"]]
    return np.asarray(has, dtype=np.bool_)


def _code_choices(n: int, rng: np.random.Generator) -> Ints:
    return np.column_stack([rng.integers(0, len(c.codes), size=n) for c in CONDITIONS])


def _languages(race: Ints, rng: np.random.Generator) -> Ints:
    chance = rng.random(len(race))
    spanish = (race == RACES.index("HISPANIC")) & (chance < 0.45)
    other = (race == RACES.index("ASIAN")) & (chance < 0.40) | (chance > 0.985)
    return np.asarray(np.where(spanish, 1, np.where(other, 2, 0)), dtype=np.int64)


def _insurances(age: Floats, hardship: Floats, *, rng: np.random.Generator) -> Ints:
    """Return the insurance: by age from 65, below that by a noisy view of hardship."""
    seen = hardship + rng.normal(0.0, 0.7, size=len(age))
    younger = np.where(seen > 1.7, 3, np.where(seen > 0.6, 2, 1))
    older = np.where(rng.random(len(age)) < 0.92, 0, 1)
    return np.asarray(np.where(age >= 65.0, older, younger), dtype=np.int64)
