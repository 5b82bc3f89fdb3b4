"""The trade-off that people decide a threshold on, from a report of the home."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.validate.trade_off import at_risk, at_workload, trade_offs

if TYPE_CHECKING:
    from attending.records.validation import ValidationReport
    from attending.validate.trade_off import TradeOff


@dataclass(frozen=True)
class Traded:
    """All thresholds of a report, and the one that is looked at.

    Attributes:
        chosen: None where the report shows no threshold at all.
        within: false where no threshold stays within the workload that was asked for.
    """

    rows: tuple[TradeOff, ...]
    chosen: TradeOff | None
    within: bool = True


def traded(
    report: ValidationReport, *, risk: float | None = None, alerts_per_day: float | None = None
) -> Traded:
    """Return the trade-off of a report, looked at from a risk or from a workload.

    Args:
        report: whose thresholds.
        risk: the nearest threshold is looked at; the plan's first when neither is asked.
        alerts_per_day: the threshold that finds most within it is looked at.
    """
    rows = trade_offs(report)
    if alerts_per_day is not None:
        found = at_workload(rows, alerts_per_day)
        return Traded(rows, found or (rows[-1] if rows else None), within=found is not None)
    if risk is None:
        first = next((row for row in report.thresholds if row.model == "model"), None)
        risk = first.threshold if first else 0.5
    return Traded(rows, at_risk(rows, risk))
