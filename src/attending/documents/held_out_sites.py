"""What a run's record says of sites that its fit was made without, as facts in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.numbers import count
from attending.records.card import CardFact

if TYPE_CHECKING:
    from attending.records.run import HeldOutSite, Run


def site_facts(run: Run) -> list[CardFact]:
    """Return a line for each site that was left out of a fit and judged."""
    return [
        CardFact(label=f"Fitted without site {item.site}", says=_says(item))
        for item in run.held_out_sites
    ]


def _says(item: HeldOutSite) -> str:
    rows = "few rows" if item.rows is None else f"{count(item.rows)} rows"
    events = "few events" if item.events is None else f"{count(item.events)} with the event"
    if item.auroc is None or item.observed_expected is None or item.calibration_slope is None:
        return f"not shown: {rows}, {events}, too few to judge"
    ranked = f"AUROC {item.auroc:.3f}{_between(item.auroc_low, item.auroc_high)}"
    low, high = item.observed_expected_low, item.observed_expected_high
    ratio = f"O:E {item.observed_expected:.2f}{_between(low, high, digits=2)}"
    slope = f"calibration slope {item.calibration_slope:.2f}"
    return f"{ranked}, {ratio}, {slope}; {rows}, {events}"


def _between(low: float | None, high: float | None, *, digits: int = 3) -> str:
    if low is None or high is None:
        return ""
    return f" (95 % interval {low:.{digits}f} to {high:.{digits}f})"
