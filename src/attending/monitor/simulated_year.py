"""One made-up year of a deployed model: validation rows drawn again, with seasons and holidays.

Outcomes are drawn from the risks themselves, so a quiet year is calibrated by definition, but for
a seasonal swing. A planted shift changes one thing from one day on, everywhere or at one site.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from attending.monitor.planted import FACTOR, Struck
from attending.monitor.reference import BINS
from attending.monitor.sequence import tilt

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.monitor.planted import Plant
    from attending.records.monitoring import Reference
    from attending.types import Floats, Ints, Mask, Outcomes

DAYS = 365
#: The seasonal swing of the odds of the outcome and of the case mix; the weekend's volume.
SWING, MIX, WEEKEND = 0.05, 0.10, 0.7
#: The share of patients who come in the holidays, and the days of the year that these are.
HOLIDAY, HOLIDAYS = 0.6, np.r_[0:3, 355:365]
#: Shares in a quiet year: alerts acknowledged and overridden, requests that scope refuses.
ACKNOWLEDGED, OVERRIDDEN, REFUSED = 0.85, 0.25, 0.02


@dataclass(frozen=True)
class Validation:
    """The rows that the model was validated on, from which years are drawn.

    `x` has shape (n, k) in the order of the reference's features, NaN where missing; `risk_of`
    scores changed rows anew, and without it a changed input leaves its risk as it was. `site` is
    the position in `sites` of each row's site, shape (n,); empty where there is one.
    """

    x: Floats
    risk: Floats
    risk_of: Callable[[Floats], Floats] | None = None
    sites: tuple[str, ...] = ()
    site: Ints = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True)
class Year:
    """The predictions of a year, in order of days; `refused` counts requests by day and site."""

    day: Ints
    site: Ints
    x: Floats
    risk: Floats
    outcome: Outcomes
    flagged: Mask
    acknowledged: Mask
    overridden: Mask
    refused: Ints

    def at(self, site: int) -> Year:
        """Return the year of one site."""
        here = self.site == site
        return Year(
            day=self.day[here],
            site=self.site[here],
            x=self.x[here],
            risk=self.risk[here],
            outcome=self.outcome[here],
            flagged=self.flagged[here],
            acknowledged=self.acknowledged[here],
            overridden=self.overridden[here],
            refused=self.refused[:, [site]],
        )


def live_through(
    held: Reference,
    validation: Validation,
    *,
    per_day: float,
    plant: Plant | None,
    rng: np.random.Generator,
) -> Year:
    """Return one year.

    Args:
        held: the reference, which names the feeds, the weights and the threshold.
        validation: the rows to draw from.
        per_day: predictions on a mean day.
        plant: what is planted; None for a quiet year.
        rng: where chance comes from.
    """
    season = np.cos(2 * np.pi * np.arange(DAYS) / DAYS)
    day = _arrivals(per_day, season, rng)
    rows = _draw(validation.risk, season[day], rng)
    struck = _struck(validation, rows, day, plant=plant, rng=rng)
    if struck.kind == "volume":
        stays = ~struck.here | struck.some()
        day, rows = day[stays], rows[stays]
        struck = replace(struck, here=struck.here[stays])
    if struck.kind == "case_mix":
        rows = np.where(struck.here, _sickest(validation, rows, struck), rows)
    x, risk = _inputs(held, validation, rows, struck=struck)
    over = held.threshold if held.threshold is not None else np.inf
    flagged = risk >= over
    return Year(
        day=day,
        site=validation.site[rows] if validation.sites else np.zeros(len(rows), np.int64),
        x=x,
        risk=risk,
        outcome=_outcomes(validation.risk[rows], season[day], struck, over=over),
        flagged=flagged,
        acknowledged=_answered(flagged, struck.instead("alerts_unread", ACKNOWLEDGED), rng),
        overridden=_answered(flagged, struck.instead("alerts_overridden", OVERRIDDEN), rng),
        refused=_refused(validation, per_day, plant=plant, rng=rng),
    )


def _struck(
    validation: Validation,
    rows: Ints,
    day: Ints,
    *,
    plant: Plant | None,
    rng: np.random.Generator,
) -> Struck:
    """Return the predictions that the shift reaches."""
    if plant is None:
        return Struck("", 0.0, np.zeros(len(rows), np.bool_), rng)
    after = day >= plant.onset
    if plant.site is not None:
        after &= validation.site[rows] == plant.site
    return Struck(plant.kind, plant.figure, after, rng)


def _arrivals(per_day: float, season: Floats, rng: np.random.Generator) -> Ints:
    """Return the day of each prediction: more in winter, fewer at weekends and in the holidays."""
    week = np.where(np.arange(DAYS) % 7 >= 5, WEEKEND, (7 - 2 * WEEKEND) / 5)
    week[HOLIDAYS] *= HOLIDAY
    return np.repeat(np.arange(DAYS), rng.poisson(per_day * (1 + MIX * season) * week))


def _draw(risk: Floats, season: Floats, rng: np.random.Generator) -> Ints:
    """Return rows, a little sicker in winter: of two drawn, the riskier more often than not."""
    first, second = rng.integers(0, len(risk), (2, len(season)))
    riskier = np.where(risk[first] >= risk[second], first, second)
    milder = np.where(risk[first] >= risk[second], second, first)
    picked: Ints = np.where(rng.random(len(season)) < 0.5 + MIX / 2 * season, riskier, milder)
    return picked


def _sickest(validation: Validation, rows: Ints, struck: Struck) -> Ints:
    """Return for each row the riskiest of it and of others, all of the row's own site."""
    some = [rows]
    for _ in range(int(struck.figure) - 1):
        other = struck.rng.integers(0, len(validation.risk), len(rows))
        for at in range(len(validation.sites)):
            own = validation.site[rows] == at
            other[own] = struck.rng.choice(np.flatnonzero(validation.site == at), int(own.sum()))
        some.append(other)
    stacked = np.stack(some)
    best: Ints = stacked[validation.risk[stacked].argmax(axis=0), np.arange(len(rows))]
    return best


def _inputs(
    held: Reference, validation: Validation, rows: Ints, *, struck: Struck
) -> tuple[Floats, Floats]:
    """Return the features and the risks made from them, with the shift in them."""
    x, risk = validation.x[rows], validation.risk[rows]
    if struck.kind == "scores_changed":
        other = tilt(np.clip(risk, 1e-6, 1 - 1e-6), struck.figure)
        return x, np.where(struck.here, other, risk)
    if struck.kind == "patients_mixed":
        taken, some = rows.copy(), struck.some()
        taken[some] = struck.rng.permutation(rows[some])
        return validation.x[taken], validation.risk[taken]
    if _spoil(held, validation, x, struck=struck) and validation.risk_of is not None:
        risk[struck.here] = validation.risk_of(x[struck.here])
    return x, risk


def _spoil(held: Reference, validation: Validation, x: Floats, *, struck: Struck) -> bool:
    """Return whether values of a feed or of the heaviest feature were changed, in place."""
    one = heaviest(held)
    if struck.kind == "missing_feed":
        x[np.ix_(struck.some(), feed(held))] = np.nan
    elif struck.kind == "missing_feature":
        x[struck.some(), one] = np.nan
    elif struck.kind == "unit_switch":
        x[struck.some(), one] *= FACTOR
    elif struck.kind == "assay":
        x[struck.here, one] *= struck.figure
    elif struck.kind == "stuck_value":
        x[struck.some(), one] = np.nanmedian(validation.x[:, one])
    else:
        return False
    return bool(struck.here.any())


def _outcomes(own: Floats, season: Floats, struck: Struck, *, over: float) -> Outcomes:
    """Return what happened: it follows patients' own risks, whatever a feed made of them."""
    odds = (1 + SWING * season) * struck.instead("more_events", 1.0)
    odds = odds / struck.instead("fewer_events", 1.0)
    odds = odds * np.where(own >= over, struck.instead("helpful_alerts", 1.0), 1.0)
    true = np.clip(own, 1e-6, 1 - 1e-6)
    if struck.kind == "ranks_lost":
        true = np.where(struck.some(), true.mean(), true)
    happened: Outcomes = (struck.rng.random(len(own)) < tilt(true, odds)).astype(np.int8)
    return happened


def _answered(flagged: Mask, share: Floats, rng: np.random.Generator) -> Mask:
    """Return which alerts got an answer that comes with a share of them."""
    return flagged & (rng.random(len(flagged)) < share)


def _refused(
    validation: Validation, per_day: float, *, plant: Plant | None, rng: np.random.Generator
) -> Ints:
    """Return how many requests scope refused, shape (DAYS, sites)."""
    sites = max(len(validation.sites), 1)
    share = np.full((DAYS, sites), REFUSED)
    if plant is not None and plant.kind == "out_of_scope":
        share[plant.onset :, slice(None) if plant.site is None else plant.site] = plant.figure
    weights = np.ones(1)
    if validation.sites:
        weights = np.bincount(validation.site, minlength=sites) / len(validation.site)
    counted: Ints = rng.poisson(per_day * weights[None, :] * share / (1 - share))
    return counted


def feed(held: Reference) -> Ints:
    """Return the features of the feed that weighs most, or the heaviest one without feeds."""
    sources = np.array([one.source for one in held.features])
    weights = np.array([one.weight for one in held.features])
    named = sorted({one for one in sources.tolist() if one})
    if not named:
        return np.array([heaviest(held)])
    # Equal weights: the feed with most features.
    worth = [(float(weights[sources == one].sum()), int((sources == one).sum())) for one in named]
    return np.flatnonzero(sources == named[worth.index(max(worth))])


def heaviest(held: Reference) -> int:
    """Return the feature with the largest weight of those with positive deciles and many bins."""
    fit = [
        (len(one.edges) >= BINS - 2 and min(one.quantiles) > 0, one.weight) for one in held.features
    ]
    return max(range(len(fit)), key=lambda at: (*fit[at], -at))
