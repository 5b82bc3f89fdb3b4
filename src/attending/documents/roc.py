"""Discrimination: the ROC curve and the precision-recall curve of the model and its baselines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import INK, REFERENCE, Drawn, sheet, short_label, unit_square
from attending.documents.lines import lines, of_whom
from attending.documents.numbers import interval, number, percent
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.documents.lines import Line
    from attending.records.validation import Curves, RocPoint, ValidationReport

_ROWS = 8


def draw(report: ValidationReport) -> bytes:
    """Return both curves as SVG; a dot marks the first threshold of the plan."""
    known = lines(report)
    with sheet(7.4, 4.3) as drawing:
        left, right = drawing.figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], **REFERENCE)
        if report.prevalence is not None:
            right.plot([0, 1], [report.prevalence] * 2, **REFERENCE)
        for curves in report.curves:
            if curves.model in known:
                _lines(left, right, curves=curves, line=known[curves.model])
        _mark(left, report)
        unit_square(left, x_label="1 − specificity", y_label="Sensitivity")
        unit_square(right, x_label="Sensitivity (recall)", y_label="Precision (PPV)")
        handles, labels = left.get_legend_handles_labels()
        drawing.figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return drawing.svg


def _lines(left: Drawn, right: Drawn, *, curves: Curves, line: Line) -> None:
    points = sorted(curves.points, key=lambda p: (1 - p.specificity, p.sensitivity))
    left.plot(
        [0, *(1 - p.specificity for p in points), 1],
        [0, *(p.sensitivity for p in points), 1],
        label=short_label(line.label),
        **line.style,
    )
    right.plot([p.sensitivity for p in points], [p.precision for p in points], **line.style)


def _mark(axes: Drawn, report: ValidationReport) -> None:
    used = next((row for row in report.thresholds if row.model == "model"), None)
    if used is None or used.specificity.value is None or used.sensitivity.value is None:
        return
    axes.plot(
        [1 - used.specificity.value],
        [used.sensitivity.value],
        marker="o",
        markersize=8,
        color=INK,
        linestyle="none",
        label=f"threshold {number(used.threshold)}",
    )


def table(report: ValidationReport) -> Table:
    """Return a few points of each curve, from the strictest threshold to the loosest."""
    known = lines(report)
    return Table(
        caption="Points of the curves, from the strictest threshold to the loosest",
        header=("Who", "Risk from", "Sensitivity", "Specificity", "Precision"),
        rows=tuple(
            (
                known[curves.model].label,
                number(point.threshold),
                percent(point.sensitivity),
                percent(point.specificity),
                percent(point.precision),
            )
            for curves in report.curves
            if curves.model in known
            for point in _few(curves.points)
        ),
    )


def _few(points: tuple[RocPoint, ...]) -> list[RocPoint]:
    """Return a few points, evenly taken from the strictest threshold on."""
    ordered = sorted(points, key=lambda point: -point.threshold)
    step = max(1, -(-len(ordered) // _ROWS))
    return ordered[step - 1 :: step]


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None when the report has no curves."""
    if not report.curves:
        return None
    ranked = [
        f"{line.label} {interval(found.value, found.low, found.high)}"
        for name, line in lines(report).items()
        if (found := report.estimate("auroc", model=name)) is not None
    ]
    return Picture(
        name="discrimination",
        title="Discrimination",
        alt=f"ROC and precision-recall curves. AUROC: {'; '.join(ranked)}.",
        caption="Left: how many patients with the event are found (up) for how many false alarms "
        "(right); the dotted diagonal is chance. Right: how many of those flagged have the event; "
        f"the dotted line is the share of all patients who do.{of_whom(report)}",
        draw=lambda: draw(report),
        table=table(report),
    )
