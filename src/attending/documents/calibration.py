"""Calibration: whether a risk of 20 % means that 20 of 100 such patients have the event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, GREY, INK, ORANGE, REFERENCE, Drawn, sheet
from attending.documents.numbers import count, interval, percent, percent_interval
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.validation import Calibration, HistogramBar, ValidationReport


def of_model(report: ValidationReport) -> Calibration | None:
    """Return the calibration of the model itself, or None when the report has none."""
    return next((found for found in report.calibration if found.model == "model"), None)


def draw(report: ValidationReport) -> bytes:
    """Return bins with intervals, the smooth curve and the spread of risks as SVG."""
    found = of_model(report)
    with sheet(6.0, 6.4) as drawing:
        top, bottom = drawing.figure.subplots(2, 1, sharex=True, height_ratios=[4, 1.1])
        if found is not None:
            _curve(top, found)
            top.set_ylim(-0.01, _limit(found))
            top.set_xlim(-0.01, _limit(found))
        top.plot([0, 1], [0, 1], label="observed as predicted", **REFERENCE)
        top.set(ylabel="Observed share with the event")
        top.grid(visible=True)
        top.legend(loc="upper left")
        _histogram(bottom, report.histogram)
    return drawing.svg


def _limit(found: Calibration) -> float:
    """Return where the axes end: the next tenth above everything that is drawn."""
    ends = [b.high for b in found.bins] + [b.predicted for b in found.bins]
    ends += [p.predicted for p in found.curve] + [p.high for p in found.curve]
    return min(1.01, (int(max(ends, default=1.0) * 10) + 1) / 10)


def _curve(axes: Drawn, found: Calibration) -> None:
    if found.curve:
        x = [p.predicted for p in found.curve]
        axes.fill_between(
            x, [p.low for p in found.curve], [p.high for p in found.curve],
            color=BLUE, alpha=0.18, linewidth=0,
        )  # fmt: skip
        axes.plot(x, [p.observed for p in found.curve], color=BLUE, linewidth=2, label="smooth")
    axes.errorbar(
        [b.predicted for b in found.bins],
        [b.observed for b in found.bins],
        yerr=[
            [b.observed - b.low for b in found.bins],
            [b.high - b.observed for b in found.bins],
        ],
        fmt="o",
        color=INK,
        markersize=5,
        capsize=3,
        linewidth=1.2,
        label="groups of equal size",
    )


def _histogram(axes: Drawn, bars: tuple[HistogramBar, ...]) -> None:
    lows = [bar.low for bar in bars]
    widths = [bar.high - bar.low for bar in bars]
    others = [bar.non_events or 0 for bar in bars]
    events = [bar.events or 0 for bar in bars]
    axes.bar(lows, others, width=widths, align="edge", color=GREY, label="without the event")
    axes.bar(
        lows, events, width=widths, align="edge", bottom=others, color=ORANGE, hatch="///",
        edgecolor="white", linewidth=0.3, label="with the event",
    )  # fmt: skip
    axes.set(xlabel="Predicted risk", ylabel="Rows")
    axes.legend(loc="upper right")


def table(report: ValidationReport) -> Table:
    """Return the groups of equal size as rows."""
    found = of_model(report)
    return Table(
        caption="Observed and predicted in groups of equal size",
        header=("Group", "Mean predicted", "Observed", "Rows"),
        rows=tuple(
            (
                str(at),
                percent(held.predicted),
                percent_interval(held.observed, held.low, held.high),
                count(held.n),
            )
            for at, held in enumerate(found.bins if found else (), start=1)
        ),
    )


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None when the model has no calibration."""
    found = of_model(report)
    if found is None:
        return None
    slope, start = found.slope, found.intercept
    figures = (
        f"slope {interval(slope.value, slope.low, slope.high)}, "
        f"calibration in the large {interval(start.value, start.low, start.high)}"
    )
    return Picture(
        name="calibration",
        title="Calibration",
        alt=f"Calibration plot with {len(found.bins)} groups and a smooth curve; {figures}.",
        caption="A point on the dotted line means that as many patients had the event as was "
        f"foretold. The curve is a {found.smoother}. Below: how many rows had each risk; bars of "
        f"10 rows or fewer are left out. Here: {figures}.",
        draw=lambda: draw(report),
        table=table(report),
    )
