"""Tell a change of unit from a change of patients: one factor moves every quantile alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from attending.types import Floats

#: Factors between units in use for one quantity; each is met in both directions.
CONVERSIONS: dict[str, float] = {
    "creatinine mg/dL to µmol/L": 88.42,
    "cholesterol mmol/L to mg/dL": 38.67,
    "glucose mmol/L to mg/dL": 18.016,
    "bilirubin mg/dL to µmol/L": 17.104,
    "lactate mmol/L to mg/dL": 9.008,
    "kPa to mmHg": 7.50062,
    "calcium mmol/L to mg/dL": 4.008,
    "urea nitrogen mmol/L to mg/dL": 2.801,
    "in to cm": 2.54,
    "kg to lb": 2.20462,
    "per dL to per L": 10.0,
    "a prefix of 1000": 1000.0,
}
_KNOWN_WITHIN = 0.06
_SAME_WITHIN = 0.12
_FAR, _FEW, _CHANCE_Z = 8.0, 5, 5.0


class Jump(NamedTuple):
    """The factor between the reference's quantiles and the window's, and a conversion near it."""

    factor: float
    known: str


def jump(then: Floats, values: Floats, *, least: float) -> Jump | None:
    """Return the one factor that took the reference's deciles to the window's, or None.

    Every decile must have moved by nearly the same factor, and by `least` or more: sicker
    patients move the tail, a unit moves everything.

    Args:
        then: the reference's deciles from 10 % to 90 %.
        values: the window's values, NaN where missing.
        least: the smallest factor that counts, above 1.

    >>> then = np.linspace(0.6, 2.2, 9)
    >>> jump(then, np.linspace(0.4, 2.4, 200) * 88.42, least=1.5).known
    'creatinine mg/dL to µmol/L'
    >>> jump(then, np.linspace(0.5, 4.0, 200), least=1.5) is None
    True
    """
    known = values[~np.isnan(values)]
    if len(known) < 50 or len(then) < 9:
        return None
    now = np.quantile(known, np.arange(1, 10) / 10)
    fahrenheit = _fahrenheit(then, now)
    if fahrenheit is not None:
        return fahrenheit
    use = (then > 0) & (now > 0)
    if use.sum() < 5:
        return None
    logs = np.log(now[use] / then[use])
    middle = float(np.median(logs))
    if abs(middle) < np.log(least) or np.abs(logs - middle).max() > _SAME_WITHIN:
        return None
    return Jump(float(np.exp(middle)), _near(middle))


class Mixed(NamedTuple):
    """The share of values that stand far outside, their factor, and a conversion near it."""

    share: float
    factor: float
    known: str


def mixed(then: Floats, values: Floats, *, least: float, usual: float = 0.0) -> Mixed | None:
    """Return what a part of the values in another unit looks like, or None.

    Far outside is eight times as far from the median, on the log scale, as the nearer of the
    reference's outer deciles: ten standard deviations of values that are distributed log-normally.
    Where such values were always there, so many more are asked for as chance does not explain.

    Args:
        then: the reference's deciles from 10 % to 90 %, all above 0.
        values: the window's values, NaN where missing.
        least: the smallest share that counts, beyond the usual one.
        usual: the share of the reference's own values that stands far outside.

    >>> then = np.linspace(0.6, 1.6, 9)
    >>> values = np.tile(then, 20)
    >>> values[::11] *= 88.42
    >>> found = mixed(then, values, least=0.02)
    >>> round(found.share, 3), found.known
    (0.094, 'creatinine mg/dL to µmol/L')
    >>> mixed(then, values, least=0.02, usual=0.08) is None
    True
    >>> mixed(then, np.tile(then, 20) * 2, least=0.02) is None
    True
    """
    far, known = _far(then, values)
    by_chance = _CHANCE_Z * (usual * known) ** 0.5
    if known < 50 or len(far) - usual * known < max(_FEW, least * known, by_chance):
        return None
    middle = float(np.median(far))
    return Mixed(len(far) / known, float(np.exp(middle)), _near(middle))


def far_share(deciles: Floats, values: Floats) -> float:
    """Return the share of a reference's own values that stands far outside its deciles.

    >>> far_share(np.linspace(0.6, 1.6, 9), np.array([0.01, 1.0, 1.1, 1.2]))
    0.25
    """
    far, known = _far(deciles, values)
    return len(far) / known if known else 0.0


def _far(then: Floats, values: Floats) -> tuple[Floats, int]:
    """Return the log factors of the values that stand far outside, and how many values there are.

    Values that are not above 0 have no factor and do not count.
    """
    known = values[~np.isnan(values)]
    known = known[known > 0]
    if len(then) < 9 or then[0] <= 0:
        return np.empty(0), 0
    logs = np.log(known / then[4])
    wide = float(min(np.log(then[8] / then[4]), np.log(then[4] / then[0])))
    return logs[np.abs(logs) > max(_FAR * wide, np.log(2.0))], len(known)


def _near(log_factor: float) -> str:
    """Return the nearest known conversion of a factor in either direction, or no text."""
    off = {name: abs(abs(log_factor) - float(np.log(one))) for name, one in CONVERSIONS.items()}
    name = min(off, key=lambda key: (off[key], key))
    return name if off[name] <= _KNOWN_WITHIN else ""


def _fahrenheit(then: Floats, now: Floats) -> Jump | None:
    """Return the jump between °C and °F, which is not one factor, when the deciles show it."""
    up, down = then * 1.8 + 32, (then - 32) / 1.8
    body = 30 < then[4] < 45 or 86 < then[4] < 113
    for expected, name in ((up, "°C to °F"), (down, "°F to °C")):
        if body and np.abs(now - expected).max() < 0.02 * abs(expected[4]):
            return Jump(float(now[4] / then[4]), name)
    return None
