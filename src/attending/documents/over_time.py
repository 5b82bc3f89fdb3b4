"""The model from quarter to quarter: does it keep ranking well, and do its risks stay right?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, GREY, REFERENCE, Drawn, sheet
from attending.documents.numbers import NOT_SHOWN, count, interval
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.range import Range
    from attending.records.validation import ValidationReport
    from attending.records.validation_parts import Trend

_LABELS = {"auroc": "AUROC", "observed_expected": "Observed / expected"}


def draw(report: ValidationReport) -> bytes:
    """Return AUROC and O:E of each quarter with their intervals as SVG."""
    with sheet(7.0, 3.4) as drawing:
        panels = drawing.figure.subplots(1, 2)
        for axes, (name, label) in zip(panels, _LABELS.items(), strict=True):
            _panel(axes, report, name)
            axes.set_title(label, loc="left", fontweight="bold")
        panels[1].axhline(1.0, **REFERENCE)
    return drawing.svg


def _panel(axes: Drawn, report: ValidationReport, name: str) -> None:
    rows = report.periods
    places = [at for at, row in enumerate(rows) if getattr(row, name).value is not None]
    found: list[Range] = [getattr(rows[at], name) for at in places]
    axes.plot(places, [one.value for one in found], color=BLUE, linewidth=1, marker="s")
    for at, one in zip(places, found, strict=True):
        if one.low is not None and one.high is not None:
            axes.plot([at, at], [one.low, one.high], color=BLUE, linewidth=1.8)
    for at in sorted(set(range(len(rows))) - set(places)):
        axes.annotate(
            NOT_SHOWN, (at, 0.5), xycoords=("data", "axes fraction"), rotation=90,
            ha="center", va="center", color=GREY, fontsize=9,
        )  # fmt: skip
    step = max(1, -(-len(rows) // 6))
    axes.set_xticks(
        range(0, len(rows), step), [row.period.replace("-", "\n") for row in rows[::step]]
    )
    axes.set_xlim(-0.5, len(rows) - 0.5)
    axes.grid(visible=True, axis="y")


def table(report: ValidationReport) -> Table:
    """Return the quarters as rows, and the change along them as the last."""
    rows = tuple(
        (
            row.period,
            "hidden" if row.n is None and row.suppressed else count(row.n),
            "hidden" if row.events is None and row.suppressed else count(row.events),
            _range(row.auroc),
            _range(row.observed_expected),
        )
        for row in report.periods
    )
    held: dict[str, Trend] = {found.measure: found for found in report.trends}
    change = ("First to last, along a line", "", "", *(_change(held.get(name)) for name in _LABELS))
    return Table(
        caption="Over time",
        header=("Quarter", "Rows", "Events", "AUROC", "Observed / expected"),
        rows=(*rows, change) if held else rows,
    )


def _change(found: Trend | None) -> str:
    if found is None or found.change.value is None:
        return NOT_SHOWN
    words = _range(found.change)
    return f"by {words}" if found.measure == "auroc" else f"times {words}"


def _range(found: Range) -> str:
    return interval(found.value, found.low, found.high)


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None without a real calendar or with one quarter."""
    if len(report.periods) < 2:
        return None
    held = next((found for found in report.trends if found.measure == "auroc"), None)
    told = f"AUROC changes {_change(held)} from the first to the last quarter."
    return Picture(
        name="over_time",
        title="Over time",
        alt=f"AUROC and observed over expected events in {len(report.periods)} quarters. {told}",
        caption="Each square is a quarter, the line its 95 % interval. A model that stays as good "
        f"runs level. {told}",
        draw=lambda: draw(report),
        table=table(report),
    )
