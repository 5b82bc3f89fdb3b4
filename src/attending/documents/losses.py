"""What it costs when inputs go missing: the AUROC that each loss takes, and what alerts do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, REFERENCE, VERMILLION, sheet, short_label
from attending.documents.numbers import interval, number, percent
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.validation import ValidationReport
    from attending.records.validation_parts import LossRow


def draw(report: ValidationReport) -> bytes:
    """Return the change in AUROC and in alerts for each loss as SVG."""
    rows = report.losses[::-1]
    with sheet(7.4, max(2.2, 1.1 + 0.32 * len(rows))) as drawing:
        left, right = drawing.figure.subplots(1, 2, sharey=True)
        left.axvline(0, **REFERENCE)
        right.axvline(1, **REFERENCE)
        for at, row in enumerate(rows):
            color, shape = (BLUE, "s") if row.kind == "feed" else (VERMILLION, "o")
            found = row.auroc_change
            if found.low is not None and found.high is not None:
                left.plot([found.low, found.high], [at, at], color=color, linewidth=1.8)
            left.plot([found.value], [at], marker=shape, color=color, markersize=6)
            if row.alert_ratio is not None:
                right.plot([row.alert_ratio], [at], marker=shape, color=color, markersize=6)
        left.set_yticks(range(len(rows)), [short_label(_label(row), width=30) for row in rows])
        left.set_ylim(-0.6, len(rows) - 0.4)
        left.set_xlabel("Change in AUROC (dotted: none)")
        right.set_xlabel("Alerts, times as many")
        for axes in (left, right):
            axes.locator_params(axis="x", nbins=6)
            axes.grid(visible=True, axis="x")
    return drawing.svg


def _label(row: LossRow) -> str:
    rate = "as at the worst site" if row.rate is None else f"in {percent(row.rate)} of rows"
    return f"{row.what}, {rate}"


def table(report: ValidationReport) -> Table:
    """Return one row a loss."""
    return Table(
        caption="When inputs go missing",
        header=(
            "Lost", "What it is", "Rows that lose it", "AUROC", "Change", "Observed / expected",
            "Alerts, times as many",
        ),
        rows=tuple(
            (
                _label(row),
                row.kind,
                percent(row.lost),
                number(row.auroc),
                interval(row.auroc_change.value, row.auroc_change.low, row.auroc_change.high),
                number(row.observed_expected),
                number(row.alert_ratio),
            )
            for row in report.losses
        ),
    )  # fmt: skip


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None when nothing was taken away."""
    if not report.losses:
        return None
    worst = min(report.losses, key=lambda row: row.auroc_change.value or 0.0)
    told = f"The costliest: {_label(worst)}, AUROC {number(worst.auroc_change.value)}."
    return Picture(
        name="losses",
        title="When inputs go missing",
        alt=f"Change in AUROC and in alerts for {len(report.losses)} losses. {told}",
        caption="Squares lose a whole feed, circles one feature; the line is the 95 % interval. "
        f"A loss that moves alerts changes work on the ward even where ranking holds. {told}",
        draw=lambda: draw(report),
        table=table(report),
    )
