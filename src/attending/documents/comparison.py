"""Model against baseline: the difference of each measure, on the same patients and draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, GREY, REFERENCE, VERMILLION, Drawn, sheet, short_label
from attending.documents.lines import label_of
from attending.documents.numbers import NOT_SHOWN, count, interval, number, percent
from attending.documents.picture import Picture, Table

if TYPE_CHECKING:
    from attending.records.validation import Comparison, ValidationReport

_SHAPES = {
    "better": {"marker": "o", "color": BLUE},
    "worse": {"marker": "X", "color": VERMILLION},
    "not_shown": {"marker": "D", "color": GREY, "markerfacecolor": "white"},
}
_SAYS = {"better": "better", "worse": "worse", "not_shown": "no difference shown"}


def measure_label(report: ValidationReport, name: str) -> str:
    """Return the label of a measure as the figures give it, or its name in words."""
    found = report.estimate(name)
    return found.label if found else name.replace("_", " ").capitalize()


def _by_measure(report: ValidationReport) -> dict[str, list[Comparison]]:
    held: dict[str, list[Comparison]] = {}
    for found in report.comparisons:
        held.setdefault(found.measure, []).append(found)
    return held


def draw(report: ValidationReport) -> bytes:
    """Return the differences as SVG, one strip a measure, since their scales differ."""
    held = _by_measure(report)
    labels = {
        name: [short_label(_row_label(report, row), width=46) for row in rows]
        for name, rows in held.items()
    }
    sizes = [sum(1.0 + 0.45 * one.count("\n") for one in some) + 1.6 for some in labels.values()]
    with sheet(7.0, max(2.0, 0.36 * sum(sizes) + 0.3)) as drawing:
        strips = drawing.figure.subplots(len(held), 1, height_ratios=sizes, squeeze=False)
        for axes, (name, rows) in zip(strips[:, 0], held.items(), strict=True):
            _strip(axes, rows, labels=labels[name])
            axes.set_title(measure_label(report, name), loc="left", fontweight="bold")
        strips[-1, 0].set_xlabel("Model minus baseline (dotted: no difference)")
    return drawing.svg


def _row_label(report: ValidationReport, row: Comparison) -> str:
    whose = "patients" if report.number is None else report.number.cluster
    group = f"all {whose}" if row.group == "all" else row.group.replace("=", " ")
    at = f", at {percent(row.threshold)}" if _at_more(report, row) else ""
    return f"{group}, against {label_of(report, row.baseline)}{at}"


def _at_more(report: ValidationReport, row: Comparison) -> bool:
    """Return whether the same is compared at another threshold too, so that each must be named."""
    return row.threshold is not None and any(
        one.threshold not in {None, row.threshold}
        and (one.measure, one.group, one.baseline) == (row.measure, row.group, row.baseline)
        for one in report.comparisons
    )


def _strip(axes: Drawn, rows: list[Comparison], *, labels: list[str]) -> None:
    axes.axvline(0, **REFERENCE)
    for at, row in enumerate(rows):
        if row.difference is None:
            axes.annotate(
                NOT_SHOWN, (0.5, at), xycoords=("axes fraction", "data"),
                ha="center", va="center", color=GREY, fontsize=9,
            )  # fmt: skip
            continue
        shape = _SHAPES[row.verdict]
        if row.low is not None and row.high is not None:
            axes.plot([row.low, row.high], [at, at], color=shape["color"], linewidth=1.8)
        axes.plot([row.difference], [at], markersize=7, linestyle="none", **shape)
    axes.set_yticks(range(len(rows)), labels)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.locator_params(axis="x", nbins=6)
    axes.grid(visible=True, axis="x")


def table(report: ValidationReport) -> Table:
    """Return the comparisons as rows."""
    return Table(
        caption="Model minus baseline on the same patients",
        header=("What, in whom, against what", "Rows", "Model", "Baseline", "Difference", "Shown"),
        rows=tuple(
            (
                f"{measure_label(report, row.measure)}: {_row_label(report, row)}",
                count(row.rows),
                number(row.model_value),
                number(row.baseline_value),
                interval(row.difference, row.low, row.high),
                _SAYS[row.verdict],
            )
            for row in report.comparisons
        ),
    )


def _reading(report: ValidationReport) -> str:
    """Return which of the compared measures are better when lower."""
    names = dict.fromkeys(row.measure for row in report.comparisons)
    found = [estimate for name in names if (estimate := report.estimate(name)) is not None]
    lower = [estimate.label for estimate in found if estimate.direction == "lower"]
    words = f" Lower is better for: {', '.join(lower)}." if lower else ""
    if "observed_expected" in names:
        words += " For observed / expected, better is nearer to 1, not further right."
    return words


def picture(report: ValidationReport) -> Picture | None:
    """Return the picture with its words, or None when nothing was compared."""
    if not report.comparisons:
        return None
    tally = ", ".join(
        f"{sum(row.verdict == verdict for row in report.comparisons)} {says}"
        for verdict, says in _SAYS.items()
    )
    return Picture(
        name="comparison",
        title="Against the clinical baseline",
        alt=f"Differences between model and baseline with intervals: {tally}.",
        caption="A line that does not touch the dotted one shows a difference. Circles: the model "
        f"is better; crosses: it is worse; diamonds: no difference shown.{_reading(report)}",
        draw=lambda: draw(report),
        table=table(report),
    )
