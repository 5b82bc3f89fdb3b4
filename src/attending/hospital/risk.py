"""The true risk of an unplanned readmission, and when a readmission comes.

The risk is logistic in what the record shows with error (last laboratory values, heart rate,
burden, use of the hospital, age), in what it shows in part (hardship through the insurance), and
in what it does not show (living alone, an unmeasured remainder). Patients who speak neither
English nor Spanish carry more risk than the rest of their record says: for them a model that
leaves language out is badly calibrated, as it should be found to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.hospital.people import LANGUAGES
from attending.hospital.physiology import AT
from attending.hospital.sites import winter

if TYPE_CHECKING:
    from attending.hospital.people import People
    from attending.types import Floats, Ints, Mask, Risks

#: A readmission comes on one of these whole days after the discharge, ever less likely.
LAST_DAY = 29
_FADING_DAYS = 13.0
_DAYS = np.arange(1, LAST_DAY + 1)
_BY_DAY = np.cumsum(np.exp(-_DAYS / _FADING_DAYS)) / np.exp(-_DAYS / _FADING_DAYS).sum()

_INTERCEPT = -3.38
_LABS = (("haemoglobin", 0.26), ("urea_nitrogen", 0.18), ("albumin", 0.37), ("heart_rate", 0.35))
_UNMEASURED = 0.35


@dataclass(frozen=True)
class Discharge:
    """What is true of stays at their discharge; arrays of one length.

    Args:
        who: patient numbers.
        at: UTC seconds.
        latents: shape (n, signals), see `physiology`.
        drift: of the heart rate over the last day, standardised.
        planned: whether the stay was elective.
        long_stay: days in hospital.
        stays_before, visits_before: admissions in 365 days and emergency visits in 180 days.
        disposition: name of where the patient went.
    """

    who: Ints
    at: Ints
    latents: Floats
    drift: Floats
    planned: Mask
    long_stay: Floats
    stays_before: Ints
    visits_before: Ints
    disposition: Ints


#: Where patients go, in the order of their indexes, and what it adds to the log odds.
DISPOSITIONS = ("HOME", "SNF", "HOSPICE", "DIED", "AMA", "TRANSFER")
_BY_DISPOSITION = np.array([0.0, 0.1, -2.0, 0.0, 0.6, -0.3])


def readmission_risk(people: People, left: Discharge, rng: np.random.Generator) -> Risks:
    """Return the chance of an unplanned readmission within 30 days, 0 to 1, for live discharges."""
    logit = _INTERCEPT + _clinical(left) + _personal(people, left)
    logit += _UNMEASURED * rng.normal(size=len(left.who))
    return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def _clinical(left: Discharge) -> Floats:
    latent = left.latents
    score = 0.50 * left.drift - 0.45 * left.planned + _BY_DISPOSITION[left.disposition]
    for name, load in _LABS:
        score = score + load * latent[:, AT[name]]
    # Only a low sodium matters, and it matters more to those who are also congested.
    low_sodium = np.maximum(latent[:, AT["sodium"]] - 0.5, 0.0)
    score = score + 0.45 * low_sodium * (1.0 + 0.5 * (latent[:, AT["natriuretic_peptide"]] > 1.5))
    return np.asarray(score + 0.05 * np.log1p(left.long_stay))


def _personal(people: People, left: Discharge) -> Floats:
    who = left.who
    age = people.age(left.at, who)
    score = 0.05 * np.log1p(people.burden[who]) + 0.15 * np.minimum(left.stays_before, 5)
    score = score + 0.14 * np.minimum(left.visits_before, 4) + 0.08 * (age - 60.0) / 10.0
    score = score - 0.8 * (age < 18.0) + 0.16 * people.hardship[who] + 0.25 * people.alone[who]
    score = score + 0.5 * (people.language[who] == LANGUAGES.index("OTHER"))
    return np.asarray(score + 0.18 * winter(left.at))


def come_by(days: Ints) -> Floats:
    """Return the part of readmissions that have come by the end of a whole day.

    >>> come_by(np.array([-3, 0, 29, 40])).tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    with_zero = np.concatenate(([0.0], _BY_DAY))
    return np.asarray(with_zero[np.clip(days, 0, LAST_DAY)])


def readmission_days(rng: np.random.Generator, n: int) -> Ints:
    """Return whole days from discharge to readmission, 1 to 29.

    >>> set(readmission_days(np.random.default_rng(1), 1000).tolist()) <= set(range(1, 30))
    True
    """
    found = np.searchsorted(_BY_DAY, rng.random(n), side="right") + 1
    return np.asarray(np.minimum(found, LAST_DAY), dtype=np.int64)
