"""Laboratory values and vital signs as standardised latents, and how they become numbers.

A latent is 0 for an average adult in hospital and grows by 1 for each standard deviation in the
bad direction, so that illness always pushes upwards whatever the sign of the measured value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from attending.hospital.conditions import INDEX

if TYPE_CHECKING:
    from attending.hospital.people import People
    from attending.types import Floats


@dataclass(frozen=True)
class Signal:
    """One measured quantity.

    Args:
        name, loinc, unit: our word, its LOINC code, its UCUM unit.
        centre, spread: mean and standard deviation, of the logarithm where `log` is true.
        direction: 1 where a high value is bad, -1 where a low one is.
        low, high: the analyser's or the body's limits.
        places: decimals in the file.
        acute: how far acute severity of 1 moves it, in standard deviations.
        noise: error of one measurement, in standard deviations.
        chronic: what a condition adds, in standard deviations.
        log: whether it is log-normal.
    """

    name: str
    loinc: str
    unit: str
    centre: float
    spread: float
    direction: int
    low: float
    high: float
    places: int
    acute: float
    noise: float = 0.15
    chronic: dict[str, float] = field(default_factory=dict)
    log: bool = False


LABS = (
    Signal("creatinine", "2160-0", "mg/dL", -0.10, 0.30, 1, 0.2, 15.0, 2, 0.35, 0.1,
           {"renal": 2.2, "diabetes_damage": 0.3}, log=True),
    Signal("sodium", "2951-2", "mmol/L", 139.0, 3.0, -1, 112.0, 165.0, 0, 0.25, 0.25,
           {"heart_failure": 0.4, "liver_severe": 0.9, "liver": 0.3}),
    Signal("potassium", "2823-3", "mmol/L", 4.1, 0.42, 1, 2.0, 8.0, 1, 0.15, 0.3, {"renal": 0.6}),
    Signal("haemoglobin", "718-7", "g/dL", 13.1, 1.6, -1, 4.0, 19.0, 1, 0.25, 0.12,
           {"renal": 0.8, "cancer": 0.6, "metastatic": 0.3, "liver_severe": 0.5}),
    Signal("leukocytes", "6690-2", "10*3/uL", 2.1, 0.33, 1, 0.2, 80.0, 1, 0.5, 0.15, log=True),
    Signal("platelets", "777-3", "10*3/uL", 5.42, 0.30, -1, 5.0, 900.0, 0, 0.15, 0.12,
           {"liver_severe": 1.2, "liver": 0.4}, log=True),
    Signal("urea_nitrogen", "3094-0", "mg/dL", 2.72, 0.38, 1, 3.0, 180.0, 0, 0.4, 0.1,
           {"renal": 1.7, "heart_failure": 0.5}, log=True),
    Signal("glucose", "2345-7", "mg/dL", 4.70, 0.22, 1, 30.0, 900.0, 0, 0.3, 0.5,
           {"diabetes": 1.6, "diabetes_damage": 2.0}, log=True),
    Signal("albumin", "1751-7", "g/dL", 3.85, 0.42, -1, 1.2, 5.5, 1, 0.45, 0.15,
           {"liver_severe": 1.2, "liver": 0.4, "metastatic": 0.7, "cancer": 0.3}),
    Signal("lactate", "2524-7", "mmol/L", 0.30, 0.35, 1, 0.3, 25.0, 1, 0.6, 0.2, log=True),
    Signal("natriuretic_peptide", "30934-4", "pg/mL", 4.3, 0.9, 1, 5.0, 30000.0, 0, 0.3, 0.15,
           {"heart_failure": 2.0, "renal": 0.6}, log=True),
)  # fmt: skip
VITALS = (
    Signal("heart_rate", "8867-4", "/min", 79.0, 12.0, 1, 30.0, 210.0, 0, 0.6, 0.3),
    Signal("systolic", "8480-6", "mm[Hg]", 127.0, 17.0, -1, 60.0, 240.0, 0, 0.4, 0.5,
           {"hypertension": -0.6}),
    Signal("diastolic", "8462-4", "mm[Hg]", 72.0, 10.0, -1, 30.0, 140.0, 0, 0.35, 0.5,
           {"hypertension": -0.4}),
    Signal("respiration", "9279-1", "/min", 17.0, 2.4, 1, 6.0, 50.0, 0, 0.6, 0.4,
           {"pulmonary": 0.5}),
    Signal("temperature", "8310-5", "Cel", 36.8, 0.45, 1, 33.0, 41.5, 1, 0.4, 0.5),
    Signal("oxygen", "59408-5", "%", 96.8, 1.6, -1, 70.0, 100.0, 0, 0.4, 0.4,
           {"pulmonary": 0.9}),
)  # fmt: skip
SIGNALS = LABS + VITALS
AT = {signal.name: at for at, signal in enumerate(SIGNALS)}
_ACUTE = np.array([signal.acute for signal in SIGNALS])
#: How fast a value moves from its state at admission to that at discharge.
_RECOVERY = 3.0


def baselines(people: People, rng: np.random.Generator) -> Floats:
    """Return everyone's usual latents, shape (n, signals)."""
    usual = rng.normal(0.0, 0.6, size=(len(people), len(SIGNALS)))
    for at, signal in enumerate(SIGNALS):
        for name, load in sorted(signal.chronic.items()):
            usual[:, at] += load * people.conditions[:, INDEX[name]]
    usual[:, AT["haemoglobin"]] += np.where(people.female, 0.35, -0.35)
    usual[:, AT["albumin"]] += 0.3 * people.frailty
    return np.asarray(usual)


def latents(usual: Floats, severity: Floats, rng: np.random.Generator) -> Floats:
    """Return latents at one moment of an illness, shape (n, signals)."""
    return np.asarray(usual + severity[:, None] * _ACUTE + rng.normal(0.0, 0.5, size=usual.shape))


def between(first: Floats, last: Floats, part: Floats) -> Floats:
    """Return latents on the way from admission (`part` 0) to discharge (`part` 1).

    >>> between(np.array([2.0, 2.0]), np.array([1.0, 1.0]), np.array([0.0, 1.0])).tolist()
    [2.0, 1.0]
    """
    floor = np.exp(-_RECOVERY)
    left = (np.exp(-_RECOVERY * np.clip(part, 0.0, 1.0)) - floor) / (1.0 - floor)
    return np.asarray(last + (first - last) * left)


def measured(signal: Signal, latent: Floats, rng: np.random.Generator) -> Floats:
    """Return what an instrument shows for latents, with its error, limits and decimals.

    >>> noise_free = Signal("x", "1-1", "1", 10.0, 2.0, -1, 0.0, 99.0, 1, 0.0, noise=0.0)
    >>> measured(noise_free, np.array([0.0, 1.5]), np.random.default_rng(1)).tolist()
    [10.0, 7.0]
    """
    seen = latent + signal.noise * rng.normal(size=len(latent))
    raw = signal.centre + signal.direction * signal.spread * seen
    value = np.exp(raw) if signal.log else raw
    return np.asarray(np.round(np.clip(value, signal.low, signal.high), signal.places))
