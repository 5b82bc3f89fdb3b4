"""One made-up year of a deployed model: validation rows drawn again, with seasons and weekends.

Outcomes are drawn from the risks themselves, so a quiet year is calibrated by definition, but for
a seasonal swing. A planted shift changes one thing from one day on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from attending.monitor.reference import BINS, Counts, bin_of
from attending.monitor.sequence import tilt

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attending.records.monitoring import Reference
    from attending.types import Floats, Ints, Mask, Outcomes

DAYS = 365
#: The seasonal swing of the odds of the outcome and of the case mix; the weekend's volume.
SWING, MIX, WEEKEND = 0.05, 0.10, 0.7
#: The planted shifts: odds doubled; odds of the alerted less than halved; one feed gone; one
#: feature times 88.42; sicker patients.
Shift: TypeAlias = Literal[
    "none", "calibration", "helpful_alerts", "missing_feed", "unit_switch", "case_mix"
]
ODDS, HELPED, FACTOR = 2.0, 0.4, 88.42


@dataclass(frozen=True)
class Validation:
    """The rows that the model was validated on, from which years are drawn.

    `x` has shape (n, k) in the order of the reference's features, NaN where missing; `risk_of`
    scores changed rows anew, and without it a changed input leaves its risk as it was.
    """

    x: Floats
    risk: Floats
    risk_of: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True)
class Year:
    """The predictions of a year, in order of days."""

    day: Ints
    x: Floats
    bins: NDArray[np.int8]
    risk: Floats
    outcome: Outcomes


def live_through(
    held: Reference,
    validation: Validation,
    *,
    per_day: float,
    shift: tuple[Shift, int],
    rng: np.random.Generator,
) -> Year:
    """Return one year.

    Args:
        held: the reference, whose bins are used.
        validation: the rows to draw from.
        per_day: predictions on a mean day.
        shift: what is planted, and the day from which it holds.
        rng: where chance comes from.
    """
    season = np.cos(2 * np.pi * np.arange(DAYS) / DAYS)
    day = _arrivals(per_day, season, rng)
    kind, onset = shift
    after = day >= onset
    rows = _draw(validation.risk, season[day], rng)
    if kind == "case_mix":
        rows = np.where(after, _sickest(validation.risk, rows, rng), rows)
    x, risk = _inputs(held, validation, rows, kind=kind, after=after)
    # What happens to patients follows their own risk, whatever the feed made of it.
    own = np.clip(validation.risk[rows], 1e-6, 1 - 1e-6)
    odds = (1 + SWING * season[day]) * _change(held, own, kind=kind, after=after)
    outcome = (rng.random(len(rows)) < tilt(own, odds)).astype(np.int8)
    bins = np.empty(x.shape, np.int8)
    for at, one in enumerate(held.features):
        bins[:, at] = bin_of(np.array(one.edges), x[:, at])
    return Year(day, x, bins, risk, outcome)


def _change(held: Reference, own: Floats, *, kind: Shift, after: Mask) -> Floats:
    """Return the factor by which a shift changes the odds of each outcome."""
    if kind == "calibration":
        return np.where(after, ODDS, 1.0)
    if kind == "helpful_alerts" and held.threshold is not None:
        return np.where(after & (own >= held.threshold), HELPED, 1.0)
    return np.ones(len(own))


def _arrivals(per_day: float, season: Floats, rng: np.random.Generator) -> Ints:
    """Return the day of each prediction: more in winter, fewer at weekends."""
    week = np.where(np.arange(DAYS) % 7 >= 5, WEEKEND, (7 - 2 * WEEKEND) / 5)
    return np.repeat(np.arange(DAYS), rng.poisson(per_day * (1 + MIX * season) * week))


def _sickest(risk: Floats, rows: Ints, rng: np.random.Generator) -> Ints:
    """Return for each row the riskiest of it and of three others."""
    some = np.stack([rows, *rng.integers(0, len(risk), (3, len(rows)))])
    best: Ints = some[risk[some].argmax(axis=0), np.arange(len(rows))]
    return best


def _draw(risk: Floats, season: Floats, rng: np.random.Generator) -> Ints:
    """Return rows, a little sicker in winter: of two drawn, the riskier more often than not."""
    first, second = rng.integers(0, len(risk), (2, len(season)))
    riskier = np.where(risk[first] >= risk[second], first, second)
    milder = np.where(risk[first] >= risk[second], second, first)
    picked: Ints = np.where(rng.random(len(season)) < 0.5 + MIX / 2 * season, riskier, milder)
    return picked


def _inputs(
    held: Reference, validation: Validation, rows: Ints, *, kind: Shift, after: Mask
) -> tuple[Floats, Floats]:
    """Return the features and the risks made from them, with the shift in them."""
    x, risk = validation.x[rows], validation.risk[rows]
    if kind == "missing_feed":
        x[np.ix_(after, feed(held))] = np.nan
    elif kind == "unit_switch":
        x[after, heaviest(held)] *= FACTOR
    else:
        return x, risk
    if validation.risk_of is not None:
        risk = np.where(after, validation.risk_of(x), risk)
    return x, risk


def feed(held: Reference) -> Ints:
    """Return the features of the feed with most of them, or the heaviest one without feeds."""
    sources = [one.source for one in held.features]
    named = sorted({one for one in sources if one}, key=lambda one: (-sources.count(one), one))
    if not named:
        return np.array([heaviest(held)])
    return np.flatnonzero(np.array(sources) == named[0])


def heaviest(held: Reference) -> int:
    """Return the feature with the largest weight of those with positive deciles and many bins."""
    fit = [
        (len(one.edges) >= BINS - 2 and min(one.quantiles) > 0, one.weight) for one in held.features
    ]
    return max(range(len(fit)), key=lambda at: (*fit[at], -at))


@dataclass(frozen=True)
class Windows:
    """Running counts by day, from which any window is one subtraction."""

    year: Year
    rows: Ints
    bins: Ints
    score_bins: Ints
    risk: Floats
    alerts: Ints

    def between(self, first: int, last: int) -> Counts:
        """Return the counts from the start of day `first` to the end of day `last`."""
        low, high = int(self.rows[first]), int(self.rows[last + 1])
        return Counts(
            high - low,
            self.bins[last + 1] - self.bins[first],
            high - low,
            self.score_bins[last + 1] - self.score_bins[first],
            float(self.risk[last + 1] - self.risk[first]),
            values=lambda at: self.year.x[low:high, at],
        )

    def newest(self, last: int, least: int) -> int:
        """Return the latest first day with at least that many rows to the end of day `last`."""
        wanted = self.rows[last + 1] - least
        return max(int(np.searchsorted(self.rows, wanted, side="right")) - 1, 0)


def windows(held: Reference, year: Year) -> Windows:
    """Return the running counts of a year."""
    k, wide = len(held.features), BINS + 1
    place = year.day[:, None] * k * wide + np.arange(k)[None, :] * wide + year.bins
    daily = np.bincount(place.ravel(), minlength=DAYS * k * wide).reshape(DAYS, k, wide)
    score = bin_of(np.array(held.score_edges), year.risk)
    scores = np.bincount(year.day * BINS + score, minlength=DAYS * BINS).reshape(DAYS, BINS)
    over = year.risk >= (held.threshold if held.threshold is not None else np.inf)
    return Windows(
        year,
        _running(np.bincount(year.day, minlength=DAYS)),
        _running(daily),
        _running(scores),
        _running(np.bincount(year.day, weights=year.risk, minlength=DAYS)),
        _running(np.bincount(year.day, weights=over, minlength=DAYS)).astype(np.int64),
    )


def _running(daily: NDArray[Any]) -> NDArray[Any]:  # counts or sums
    """Return sums up to each day, with a leading zero."""
    return np.concatenate([np.zeros((1, *daily.shape[1:]), daily.dtype), daily.cumsum(axis=0)])
