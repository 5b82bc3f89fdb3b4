"""Thresholds before anything is measured at them: of the plan, of places, and beside decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.statistics.equal_alerts import threshold_at_alerts, threshold_at_sensitivity
from attending.statistics.harm import threshold_of_harm
from attending.statistics.workload import threshold_for_capacity

if TYPE_CHECKING:
    from attending.specs.validation import ThresholdAsked, ValidationSpec
    from attending.specs.workload import Place
    from attending.types import Ints, Risks
    from attending.validate.data import ValidationData
    from attending.validate.groups import Coded

#: Decisions are 0 and 1; a mark between them parts those who were acted on.
ACTED = 0.5


def asked_cut(
    asked: ThresholdAsked,
    *,
    name: str,
    risks: dict[str, Risks],
    data: ValidationData,
    spec_day: Ints | None,
) -> float | None:
    """Return a threshold's value for one model; None where it cannot have one."""
    found = data.baselines.get(name)
    if found is not None and found.decision:
        return None
    if asked.risk is not None:
        return asked.risk if found is None or found.risk is not None else None
    risk = risks[name]
    risk = risk[~np.isnan(risk)]
    if risk.size == 0:
        return None
    if asked.alerts_per_100 is not None:
        return threshold_for_capacity(risk, days=risk.size / 100.0, per_day=asked.alerts_per_100)
    if spec_day is None or asked.alerts_per_day is None:
        return None
    days = float(spec_day.max()) + 1.0
    return threshold_for_capacity(risk, days=days, per_day=asked.alerts_per_day)


def decided_thresholds(data: ValidationData) -> dict[str, tuple[float, float]]:
    """Return, for each baseline of decisions, the model's risks at equal alerts and sensitivity."""
    made = {}
    for name, found in data.baselines.items():
        known = ~np.isnan(found.score)
        acted = found.score[known] > ACTED
        outcome, risk = data.outcome[known], data.risk[known]
        hit = int(np.count_nonzero(acted & (outcome == 1)))
        if not found.decision or hit == 0 or not 0 < int(outcome.sum()) < outcome.size:
            continue
        made[name] = (
            threshold_at_alerts(risk, alerts=int(acted.sum())),
            threshold_at_sensitivity(outcome, risk, sensitivity=hit / int(outcome.sum())),
        )
    return made


def place_thresholds(
    spec: ValidationSpec,
    data: ValidationData,
    attributes: dict[str, Coded],
    *,
    day: Ints | None,
) -> dict[str, tuple[float | None, float]]:
    """Return each place's threshold by capacity and by harm; the first is None where it has none.

    A capacity a day needs real days. All days of the period count, those without a prediction too.
    """
    if spec.places is None:
        return {}
    column = attributes[spec.places.by]
    made = {}
    for place in spec.places.each:
        risk = data.risk[column.mask(place.name)]
        harm = threshold_of_harm(place.false_alerts_per_event)
        made[place.name] = (_by_capacity(place, risk, day), harm)
    return made


def _by_capacity(place: Place, risk: Risks, day: Ints | None) -> float | None:
    if risk.size == 0:
        return None
    if place.alerts_per_100 is not None:
        return threshold_for_capacity(risk, days=risk.size / 100.0, per_day=place.alerts_per_100)
    if day is None or place.alerts_per_day is None:
        return None
    return threshold_for_capacity(risk, days=float(day.max()) + 1.0, per_day=place.alerts_per_day)
