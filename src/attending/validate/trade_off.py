"""The trade-off of a report: what each threshold finds, what it costs, and what that is worth.

Every figure follows from what the report shows already, so nothing is told that it hides.

References:
    Vickers & Elkin, Med Decis Making 2006;26:565, for the net benefit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.validation import RocPoint, ThresholdRow, ValidationReport

_MODEL = "model"


@dataclass(frozen=True)
class TradeOff:
    """One threshold of the model on all rows.

    Attributes:
        threshold: the risk, 0 to 1, from which a row is flagged.
        alert_rate: share of rows flagged, 0 to 1; None where it would tell a small count.
        alerts_per_day: None without a real calendar.
        asked: whether the validation plan asked for this threshold.
    """

    threshold: float
    sensitivity: float | None
    specificity: float | None
    ppv: float | None
    alert_rate: float | None
    alerts_per_day: float | None
    net_benefit: float | None
    asked: bool = False


def trade_offs(report: ValidationReport) -> tuple[TradeOff, ...]:
    """Return the thresholds at which a report shows figures, from the lowest to the highest.

    Example:
        At a prevalence of 20 %, a threshold of 0.25 that finds half of the events with a precision
        of 50 % flags 0.5 * 0.2 / 0.5 = 20 % of the rows, and is worth
        0.1 - 0.1 * (0.25 / 0.75) = 0.067 true alerts for each row.
    """
    asked = {row.threshold: row for row in report.thresholds if row.model == _MODEL}
    found = {at: _asked(row) for at, row in asked.items()}
    daily = _per_day(tuple(asked.values()))
    points = (point for one in report.curves if one.model == _MODEL for point in one.points)
    for point in points:
        if report.prevalence is not None:
            found.setdefault(
                point.threshold, _point(point, prevalence=report.prevalence, daily=daily)
            )
    return tuple(found[at] for at in sorted(found))


def _asked(row: ThresholdRow) -> TradeOff:
    return TradeOff(
        threshold=row.threshold,
        sensitivity=row.sensitivity.value,
        specificity=row.specificity.value,
        ppv=row.ppv.value,
        alert_rate=row.alert_rate.value,
        alerts_per_day=row.alerts_per_day,
        net_benefit=row.net_benefit.value,
        asked=True,
    )


def _per_day(rows: tuple[ThresholdRow, ...]) -> float | None:
    """Return how many rows a day there were, from a threshold of which both figures are shown."""
    for row in rows:
        if row.alerts_per_day is not None and row.alert_rate.value:
            return row.alerts_per_day / row.alert_rate.value
    return None


def _point(point: RocPoint, *, prevalence: float, daily: float | None) -> TradeOff:
    true = point.sensitivity * prevalence
    false = (1.0 - point.specificity) * (1.0 - prevalence)
    at = point.threshold
    return TradeOff(
        threshold=at,
        sensitivity=point.sensitivity,
        specificity=point.specificity,
        ppv=point.precision,
        alert_rate=true + false,
        alerts_per_day=None if daily is None else (true + false) * daily,
        net_benefit=true - false * at / (1.0 - at) if at < 1.0 else None,
    )


def at_risk(rows: Sequence[TradeOff], risk: float) -> TradeOff | None:
    """Return the row whose threshold is nearest to a risk; the lower one of two."""
    return min(rows, key=lambda one: abs(one.threshold - risk), default=None)


def at_workload(rows: Sequence[TradeOff], alerts_per_day: float) -> TradeOff | None:
    """Return the row that finds most within so many alerts a day; None where none stays within."""
    within = [
        one
        for one in rows
        if one.alerts_per_day is not None and one.alerts_per_day <= alerts_per_day
    ]
    return min(within, key=lambda one: one.threshold, default=None)
